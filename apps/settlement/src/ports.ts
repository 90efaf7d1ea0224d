import type { Hash32, Height } from '@sheaf/primitives';
import type { Attestation, Finality } from '@sheaf/protocol';

/** Where settlement stands. */
export interface Head {
  finalizedHeight: Height;
  /** Hash of that block; genesis until the first. */
  finalizedHash: Hash32;
  /** Highest height with an attestation; 0 for none. */
  attestedHeight: Height;
  /** Lowest height at which two blocks each have more than a third of the stake. */
  divergedHeight: Height | undefined;
}

/** What is recorded about one validator. */
export interface ValidatorRecord {
  validatorIndex: number;
  attestedHeight: Height;
  slashed: boolean;
}

/** The record of attestations and finality, shared by all replicas. */
export interface Ledger {
  head(): Promise<Head>;
  attestation(height: Height, validatorIndex: number): Promise<Attestation | undefined>;
  /** Of the height, or the last one. */
  finality(height: Height | undefined): Promise<Finality | undefined>;
  /** By index. */
  validators(): Promise<ValidatorRecord[]>;
  /**
   * Runs with the head locked: no other replica changes anything meanwhile. Durable when it resolves, nothing changed when it rejects.
   */
  transact<T>(run: (transaction: LedgerTransaction) => Promise<T>): Promise<T>;
}

/** The record while it is locked. */
export interface LedgerTransaction {
  /** As it was when the lock was taken. */
  readonly head: Head;
  attestation(height: Height, validatorIndex: number): Promise<Attestation | undefined>;
  /** By validator index. */
  attestationsAt(height: Height): Promise<Attestation[]>;
  /** Indexes. */
  slashed(): Promise<Set<number>>;
  addAttestation(attestation: Attestation): Promise<void>;
  /** Keeps the second vote (once a height and validator) and slashes the validator. */
  addEvidence(second: Attestation): Promise<void>;
  /** Keeps the lowest. */
  markDiverged(height: Height): Promise<void>;
  /** The next height: the record, the head and the announcement together. */
  finalize(finality: Finality): Promise<void>;
}

/** Checks signatures off the event loop. */
export interface SignatureVerifier {
  blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  blsFastAggregateVerify(publicKeys: Uint8Array[], message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
