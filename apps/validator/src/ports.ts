import type { Header } from '@sheaf/ethereum';
import type { Hash32, Height } from '@sheaf/primitives';
import type { Attestation, Certificate, Finality, Payload } from '@sheaf/protocol';

// What the validator asks of others. It believes none of it: every answer is verified in the domain.
//
// Sources throw ChainError: NOT_FOUND, UNAVAILABLE, DEADLINE, LIMIT and INTERNAL mean "not now"; anything else means that
// what came is wrong.

/** The sequencer's payloads and batches. */
export interface PayloadSource {
  payload(height: Height): Promise<Payload>;
  /** One that covers the height. */
  certificate(height: Height): Promise<Certificate>;
  /** Blobs of the batch that covers the height, each 131,072 bytes. */
  blobs(height: Height): Promise<Uint8Array[]>;
}

/** What a block needs to be executed without state. */
export interface BlockWitness {
  /** Of the state before the block, as `decodeWitness` of libs/state reads it. */
  state: Uint8Array;
  /** RLP headers, the parent first, without holes. */
  headers: Uint8Array[];
}

/** What execution claims. */
export interface ExecutionSource {
  /** The executed head. */
  head(): Promise<Height>;
  /** What was announced for a height, if it was seen: it spares `blockHash` when it is right. */
  announcedHash(height: Height): Hash32 | undefined;
  blockHash(height: Height): Promise<Hash32>;
  /** The RLP header of a block. */
  header(height: Height): Promise<Header>;
  witness(height: Height): Promise<BlockWitness>;
}

/** One EIP-7594 cell with its proof. */
export interface SampledCell {
  column: number;
  cell: Uint8Array;
  proof: Uint8Array;
}

/** The nodes of the data-availability committee. */
export interface CellSource {
  /** The cells of a blob among `columns` (rising) that the node gives. `NOT_FOUND` when it does not know the blob. */
  cells(nodeIndex: number, commitment: Uint8Array, columns: number[]): Promise<SampledCell[]>;
}

/** Settlement. */
export interface AttestationSink {
  /** Idempotent. @throws ChainError `CONFLICT` and `REJECTED` mean that this validator may not go on signing */
  submit(attestation: Attestation): Promise<void>;
  /** Highest height attested with this validator's key, as recorded there. */
  attestedHeight(): Promise<Height>;
  /** The last finality record. */
  finality(): Promise<Finality | undefined>;
}

/** A payload found in blobs. */
export interface PayloadReference {
  height: Height;
  hash: Hash32;
  parentHash: Hash32;
}

/** Execution and unpacking, off the event loop. */
export interface BlockEngine {
  genesis(): Promise<{ header: Header; hash: Hash32 }>;
  /** @throws ChainError `DATA_LOSS` when the blobs hold no batch */
  unpack(blobs: Uint8Array[]): Promise<PayloadReference[]>;
  /**
   * The block that the payload determines after `parent`, senders recovered here, the state taken from the witness by recomputed hashes.
   * @throws ChainError `DATA_LOSS` when the witness lacks something or its headers are not the parent's ancestors
   */
  execute(input: {
    payload: Payload;
    payloadHash: Hash32;
    parent: Header;
    witness: BlockWitness;
  }): Promise<{ header: Header; hash: Hash32 }>;
}

/** Proofs and signatures, off the event loop. */
export interface ProofVerifier {
  blobToCommitment(blob: Uint8Array): Promise<Uint8Array>;
  verifyCells(
    commitments: Uint8Array[],
    columns: number[],
    cells: Uint8Array[],
    proofs: Uint8Array[],
  ): Promise<boolean>;
  blsFastAggregateVerify(publicKeys: Uint8Array[], message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** What was signed last, without the signature: BLS signs the same bytes the same way. */
export type SignedOpinion = Pick<Attestation, 'height' | 'blockHash' | 'payloadHash' | 'commitmentsHash'>;

/** A block that this validator verified. */
export interface VerifiedBlock {
  header: Header;
  hash: Hash32;
  /** Hash of its payload; of genesis, which has none, the block's own: what the first payload names as parent. */
  payloadHash: Hash32;
}

/** What outlives the process. */
export interface JournalState {
  signed: SignedOpinion | undefined;
  /** Undefined: genesis. */
  head: VerifiedBlock | undefined;
}

/** The slashing-protection record. */
export interface Journal {
  /** As last written. */
  state(): JournalState;
  /**
   * When it resolves the new state survives power loss.
   * @throws ChainError `CONFLICT` when somebody else wrote the record meanwhile
   */
  write(state: JournalState): Promise<void>;
}
