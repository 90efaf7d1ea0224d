import type { Header } from '@sheaf/ethereum';
import type { Address, Epoch, Hash32, Height } from '@sheaf/primitives';
import type { BatchStatement, Certificate, Payload } from '@sheaf/protocol';
import type { AccountSnapshot } from './domain/admission.ts';
import type { PendingTransaction } from './domain/pending-transaction.ts';

/** A block as far as ordering cares for it. */
export interface ExecutedBlock {
  readonly height: Height;
  readonly hash: Hash32;
  readonly payloadHash: Hash32;
  readonly header: Header;
  /** Payload transactions that execution left out. */
  readonly dropped: readonly { readonly hash: Hash32; readonly reason: string }[];
}

/** What ordering asks the execution service. Every method throws ChainError `UNAVAILABLE` or `DEADLINE` while it is away. */
export interface ExecutionPort {
  /** The genesis block. */
  genesis(): Promise<{ readonly hash: Hash32; readonly header: Header }>;
  /** The highest executed height. */
  head(): Promise<Height>;
  /** @throws ChainError `NOT_FOUND` above the head */
  block(height: Height): Promise<ExecutedBlock>;
  /**
   * The accounts after the block of one height: `at`, or the executed head. All are read at the same height.
   * @throws ChainError `NOT_FOUND` when that state is not kept (any more, or yet)
   */
  accounts(
    addresses: readonly Address[],
    at?: Height,
  ): Promise<{ readonly height: Height; readonly accounts: ReadonlyMap<Address, AccountSnapshot> }>;
}

/** What ordering asks settlement. */
export interface SettlementPort {
  /** Height of the last finalized block; 0 before the first. */
  finalizedHeight(): Promise<bigint>;
}

/** Cells of one blob for one node: its custody columns, rising. */
export interface CustodyCells {
  readonly columns: readonly number[];
  readonly cells: readonly Uint8Array[];
  readonly proofs: readonly Uint8Array[];
}

/** One data-availability node. */
export interface DaNodePort {
  /**
   * Stores and signs. Idempotent by statement; the answer is not verified here.
   * @param blobs one entry a commitment, in order
   */
  storeBatch(
    statement: BatchStatement,
    blobs: readonly CustodyCells[],
    signal: AbortSignal,
  ): Promise<{ readonly nodeIndex: number; readonly signature: Uint8Array }>;
}

/** The stages that a stored transaction can be in, with the numbers of the proto. */
export const stages = { pending: 1, sealed: 2, included: 3, dropped: 4, replaced: 5 } as const;
export type Stage = (typeof stages)[keyof typeof stages];

/** A transaction as it is stored. */
export interface StoredTransaction {
  readonly stage: Stage;
  readonly raw: Uint8Array;
  readonly height: Height | undefined;
  readonly reason: string;
}

/** Where the log stands, for a new term and for status. */
export interface LogHeads {
  readonly sealed: { readonly height: Height; readonly hash: Hash32; readonly sealedAtMs: number } | undefined;
  readonly safe: Height;
  /** Undefined before the chain was bound. */
  readonly progress:
    | {
        readonly chainId: bigint;
        readonly genesisHash: Hash32;
        readonly executedHeight: Height;
        readonly executedHeader: Header;
        readonly finalizedHeight: bigint;
      }
    | undefined;
  readonly waiting: number;
}

/** A payload of the log. */
export interface LoggedPayload {
  readonly payload: Payload;
  readonly hash: Hash32;
  /** 20 bytes a transaction, in order, recovered at admission; undefined when it was sealed before senders were kept. */
  readonly senders: Uint8Array | undefined;
}

/** A payload as it is sealed, with what its transactions are known by: one entry each, in order. */
export interface SealedPayload {
  readonly value: Payload;
  readonly hash: Hash32;
  readonly hashes: readonly Hash32[];
  readonly senders: Address[];
}

/** One admission batch: what becomes of which transaction. */
export interface AdmissionWrite {
  /** New ones, with the stage that they end the batch in. */
  readonly added: readonly {
    readonly transaction: PendingTransaction;
    readonly stage: Stage;
    readonly reason: string;
  }[];
  /** Waiting ones that leave the mempool. */
  readonly ended: readonly EndedTransaction[];
}

/** A transaction that leaves the mempool without a block. */
export interface EndedTransaction {
  readonly hash: Hash32;
  readonly stage: typeof stages.dropped | typeof stages.replaced;
  readonly reason: string;
}

/** A batch that was begun. */
export interface OpenBatch {
  readonly statement: BatchStatement;
  readonly blobs: readonly Uint8Array[];
}

/**
 * The truth of ordering. Writes with an epoch happen in one transaction that holds the lease row and change nothing
 * unless that epoch is the current one.
 * @throws ChainError `CONFLICT` for a stale epoch, `UNAVAILABLE` when the database is away (a commit may have happened)
 */
export interface Ledger {
  /** The new epoch; undefined while another holder's lease runs. `reclaim`: take it back at once from our own name. */
  acquireLease(options: { holder: string; ttlMs: number; reclaim: boolean }): Promise<Epoch | undefined>;
  /** False when the epoch is over. */
  renewLease(epoch: Epoch, ttlMs: number): Promise<boolean>;
  /** Lets the next one take over at once. */
  releaseLease(epoch: Epoch): Promise<void>;

  heads(): Promise<LogHeads>;
  /** Writes down which chain this database belongs to. */
  bindChain(epoch: Epoch, chainId: bigint, genesisHash: Hash32, header: Header): Promise<void>;
  /** Pending and sealed transactions by arrival, and the next free arrival. */
  loadMempool(): Promise<{ readonly transactions: PendingTransaction[]; readonly nextArrival: bigint }>;
  admit(epoch: Epoch, write: AdmissionWrite): Promise<void>;
  /** Payload, stages and announcement at once. Without a payload only the drops. */
  seal(
    epoch: Epoch,
    write: { readonly payload: SealedPayload | undefined; readonly ended: readonly EndedTransaction[] },
  ): Promise<void>;
  /** The sealed transactions of the height become included or dropped; `ended` are waiting ones that cannot run any more. */
  applyBlock(
    epoch: Epoch,
    write: {
      readonly block: ExecutedBlock;
      readonly finalizedHeight: bigint;
      readonly ended: readonly EndedTransaction[];
    },
  ): Promise<void>;

  /** The batch that has no certificate yet. */
  openBatch(chainId: bigint): Promise<OpenBatch | undefined>;
  /** Payloads above the last batch, in order. */
  unbatched(max: number): Promise<{ readonly height: Height; readonly rlp: Uint8Array }[]>;
  createBatch(epoch: Epoch, batch: OpenBatch): Promise<void>;
  /** Certificate and announcement at once; blobs older than the last `batchesKept` batches are let go. */
  certify(epoch: Epoch, certificate: Certificate, batchesKept: number): Promise<void>;

  transaction(hash: Hash32): Promise<StoredTransaction | undefined>;
  /** Those of the hashes that are in a payload. */
  ordered(hashes: readonly Hash32[]): Promise<ReadonlySet<Hash32>>;
  payloadHash(height: Height): Promise<Hash32 | undefined>;
  payloads(from: bigint, max: number): Promise<LoggedPayload[]>;
  certificate(height: bigint, chainId: bigint): Promise<Certificate | undefined>;
  blobs(height: bigint): Promise<Uint8Array[] | undefined>;
}

/** Milliseconds; `now` is Unix time, `elapsed` never goes back. */
export interface Clock {
  now(): number;
  elapsed(): number;
}
