import type { Header } from '@sheaf/ethereum';
import type { Address, Hash32, Height } from '@sheaf/primitives';
import type { BlockRecord, TraceOptions } from '@sheaf/proto';
import type { Payload } from '@sheaf/protocol';
import type { AccessList, BlockDraft, PartitionState, PartitionStats, PreparedChanges, StateAt } from '@sheaf/state';
import type { CallMessage, CallResult, Witness } from '@sheaf/state-transition';

export type { ExecutionEngine } from '@sheaf/state-transition';

/** A position of the chain. */
export interface Head {
  height: Height;
  hash: Hash32;
}

/** A payload with the hash that was computed from it. */
export interface HashedPayload {
  payload: Payload;
  hash: Hash32;
  /**
   * Who signed each transaction, `undefined` for a bad signature; not there when unknown, they are recovered then. The
   * hash does not cover them: execution takes its sequencer's word, because recovering is the largest cost of a block of
   * transfers. Validators recover for themselves, so a lie is a block that none of them signs.
   */
  senders?: (Address | undefined)[];
}

/** All that one height leaves behind, beside its state. */
export interface CommittedBlock {
  record: BlockRecord & { height: Height };
  header: Header;
  payload: Payload;
  accessList: AccessList;
  /** How many ancestors' headers the block read, the parent's among them. */
  ancestorsRead: number;
  /** Up to which height all are announced. */
  published: bigint;
}

/**
 * The member's durable truth: every executed block, and the states of the last heights. Reads are synchronous and see
 * what was committed before the last `refresh` of this thread, or later.
 */
export interface BlockStore {
  head(): Head;
  genesisHash(): Hash32;
  heightOf(hash: Hash32): Height | undefined;
  /** The block as `executionV1.Block` on the wire. */
  block(height: Height): Uint8Array | undefined;
  header(height: Height): Header | undefined;
  payload(height: Height): Payload | undefined;
  /** At the coordinator of a lane: what a member needs to follow over the height without executing it. @throws `NOT_FOUND` */
  part(height: Height, member: number): LanePart;
  /** The lowest height but genesis whose block is there. */
  firstBlock(): Height;
  /** At the coordinator of a lane: the lowest height from which another member can follow by `part`. */
  followFrom(): Height;
  /** The lowest height whose state is kept. */
  oldestState(): Height;
  /** The state after the height. @throws ChainError `NOT_FOUND` when it is not kept */
  stateAt(height: Height): StateAt;
  /** What a block read; as long as the state before it is kept. @throws ChainError `DATA_LOSS` */
  reads(height: Height): { accessList: AccessList; ancestors: number } | undefined;
  /** A height up to which all are announced, as of the last commit: some above it may be as well. */
  published(): bigint;
  /** Later reads of this thread see every commit made before now. */
  refresh(): void;
  close(): Promise<void>;
}

/** What a block did to the accounts of one member of a lane. */
export interface LanePart {
  height: Height;
  header: Header;
  /** Of the member's accounts, as `encodeAccessList` writes it. */
  accessList: Uint8Array;
  /** keccak256 over what hangs at the member's buckets afterwards, as `digestOfTops` makes it. */
  topsDigest: Uint8Array;
  ancestorsRead: number;
}

/** What a coordinator keeps of a lane's block beside the block itself. */
export interface LaneParts {
  /** Of its own accounts, encoded, with all codes that the block read. */
  accessList: Uint8Array;
  /** For each member but the coordinator. */
  parts: { member: number; accessList: Uint8Array; topsDigest: Uint8Array }[];
}

/** The store in the one thread that commits. */
export interface BlockWriter extends BlockStore {
  /** The state at the head, for the next block. */
  draft(): BlockDraft;
  /**
   * All of it is durable, the state that the draft hashed as well, or nothing is. Must be the next height.
   * @throws ChainError `CONFLICT` when it is not, `UNAVAILABLE` when the disk refuses
   */
  commit(block: CommittedBlock, draft: BlockDraft): void;
  /** The partition's state, which a lane's thread prepares changes on. */
  state: PartitionState;
  /** As `commit`, of a lane's coordinator. `durable` is called as soon as the block is, before reads of this thread see it. */
  commitWhole(
    block: Omit<CommittedBlock, 'accessList'>,
    prepared: PreparedChanges,
    lane: LaneParts,
    durable: () => void,
  ): void;
  /** As `commit`, of another member of a lane: it keeps its part and the header. */
  commitPart(part: Omit<LanePart, 'topsDigest'>, prepared: PreparedChanges): void;
  /** One step, some milliseconds, of what can wait until no block does. `false`: nothing is left. @throws `UNAVAILABLE` */
  maintain(): boolean;
  stats(): PartitionStats;
}

/** Where payloads come from. The payload is checked against its hash; its senders are the source's word. */
export interface PayloadSource {
  /** The highest sealed height. @throws ChainError `UNAVAILABLE`, `DEADLINE` */
  head(): Promise<bigint>;
  /**
   * @throws ChainError `NOT_FOUND` above the head, `DATA_LOSS` when it does not match its hash or has not one sender a
   * transaction, `UNAVAILABLE`
   */
  payload(height: bigint): Promise<HashedPayload>;
}

/** Who is told about executed blocks. Announcing twice must be harmless. */
export interface Announcer {
  /** @throws ChainError `UNAVAILABLE` */
  announce(block: BlockRecord, header: Uint8Array): Promise<void>;
}

/** What became of one payload. */
export interface Executed extends Head {
  transactions: number;
  gasUsed: bigint;
  droppedReasons: string[];
  /** Of the state's store, and what its maintenance failed with last, if it did. */
  state: PartitionStats & { maintenanceFault: string | undefined };
}

/** Turns payloads into durable blocks: one member now, N of them later. */
export interface BlockExecutor {
  /**
   * The block is durable when this resolves, and with it up to where all are announced. Idempotent: the payload of a height that is there gives that block.
   * @throws ChainError `CONFLICT` for a payload that does not follow the head or contradicts a block that is there,
   * `DATA_LOSS` for a hole in the state, `UNAVAILABLE` when disk or thread failed: nothing was written
   */
  execute(payload: HashedPayload, published: bigint): Promise<Executed>;
}

/** Runs things on past states that must not hold up the head. */
export interface Caller {
  call(height: Height, message: CallMessage, options: CallLimits): Promise<CallResult>;
  estimateGas(height: Height, message: CallMessage, options: CallLimits): Promise<bigint>;
  /** @throws ChainError `NOT_FOUND` when the state before the height is not kept */
  witness(height: Height): Promise<Witness>;
  /** Of a lane's member: its part, as `encodeWitnessPart` writes it, and which of the codes it has: their indexes. @throws likewise */
  witnessPart(
    height: Height,
    codeHashes: readonly Hash32[],
    options: CallLimits,
  ): Promise<{ part: Uint8Array; codes: number[] }>;
  /** What the state after the height has for a want of a snapshot, both as libs/state encodes them. @throws likewise */
  snapshotPart(height: Height, want: Uint8Array, options: CallLimits): Promise<Uint8Array>;
}

/** The trace of one transaction: JSON in UTF-8, as geth writes it. */
export interface TransactionTrace {
  transactionHash: Hash32;
  json: Uint8Array;
}

/**
 * Runs again what ran on past states, step by step, in a thread of its own: one trace at a time, so that neither blocks nor calls
 * wait for one. @throws ChainError `NOT_FOUND` when the state is not kept, `DATA_LOSS` when a run does not come to what is stored,
 * `LIMIT`, `DEADLINE`, `UNAVAILABLE`
 */
export interface TraceMaker {
  /** Of the block's transactions, or of the one at `index`. @throws `NOT_FOUND` also when there is none */
  traceBlock(
    height: Height,
    index: number | undefined,
    options: TraceOptions,
    limits: CallLimits,
  ): Promise<TransactionTrace[]>;
  /** @throws `REJECTED` when the message cannot start */
  traceCall(height: Height, message: CallMessage, options: TraceOptions, limits: CallLimits): Promise<Uint8Array>;
}

/** How long a caller waits. */
export interface CallLimits {
  signal: AbortSignal;
  deadlineMs: number | undefined;
}
