import type { Header } from '@sheaf/ethereum';
import type { Hash32, Height } from '@sheaf/primitives';
import type { BlockRecord } from '@sheaf/proto';
import type {
  BucketRange,
  BucketTops,
  SnapshotAnswer,
  SnapshotImport,
  SnapshotManifest,
  SnapshotWant,
} from '@sheaf/state';
import type { Head } from './ports.ts';

/** What a member says of itself. */
export interface SourceStatus {
  genesisHash: Hash32;
  buckets: BucketRange;
  /** Nothing while the member waits for a state of its own. */
  state: SourceState | undefined;
}

export interface SourceState {
  head: Head;
  /** The lowest height whose state it keeps. */
  oldest: Height;
  /** At a coordinator: from where on other members of its lane can follow by access lists. */
  followFrom: Height;
}

/**
 * A member that may have a state at a height, its own lane's or another's. What it says is well made and otherwise its word. All
 * methods throw ChainError `UNAVAILABLE` or `DEADLINE` when it cannot be reached, `LIMIT` when it has too much to do, `NOT_FOUND`
 * when it does not keep the height, `CONFLICT` when it has another block there, `DATA_LOSS` or `INVALID_ARGUMENT` when what it
 * says is nothing that it may say.
 */
export interface SnapshotSource {
  /** For messages. */
  readonly name: string;
  status(signal: AbortSignal): Promise<SourceStatus>;
  /** By falling height. */
  headers(height: Height, signal: AbortSignal): Promise<Header[]>;
  tops(block: Head, signal: AbortSignal): Promise<BucketTops>;
  /** An answer a want, in that order. */
  parts(block: Head, wants: readonly SnapshotWant[], signal: AbortSignal): AsyncIterable<SnapshotAnswer>;
  /** The whole block, as the first member of a lane has it. */
  block(height: Height, signal: AbortSignal): Promise<BlockRecord & { height: Height }>;
  close(): void;
}

/** What goes with a state, so that a member can go on from it. */
export interface SnapshotCompanions {
  /** Of the block and those before it, by falling height. */
  headers: readonly Header[];
  /** At a coordinator. */
  block: (BlockRecord & { height: Height }) | undefined;
}

/** The data directory of a member before it has a state. */
export interface SnapshotStore {
  /** There is a state: nothing is left to do. */
  whole(): boolean;
  /** What was begun and is not whole, as far as it can be read. */
  begun(): SnapshotManifest | undefined;
  /** Goes on with what was begun; what was begun and is something else, or cannot be read, is thrown away. */
  load(manifest: SnapshotManifest): Promise<SnapshotImport>;
  /** One write makes it whole. @throws ChainError `DATA_LOSS` when it is not the manifest's state */
  finish(load: SnapshotImport, companions: SnapshotCompanions): Promise<void>;
  /** Afterwards nothing was begun. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
