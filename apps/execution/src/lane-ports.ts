import type { Address, Hash32 } from '@sheaf/primitives';
import type { AccountProof, AccountState, BucketTops, WitnessPart } from '@sheaf/state';
import type { Head } from './ports.ts';

/** How long who asks will wait. */
export interface ReadLimits {
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
}

/** Which member of how many, and where they are; one alone has no addresses. */
export interface Lane {
  member: number;
  members: number;
  addresses: string[];
}

/** An account, and slots of it. */
export interface AccountKeys {
  address: Address;
  slots: readonly Hash32[];
}

export interface AccountValues {
  /** `undefined`: there is none. */
  account: AccountState | undefined;
  /** In the order asked for: 32 bytes; `undefined` for zero. */
  slots: (Uint8Array | undefined)[];
}

/** What the owner of an account knows of its proof. */
export interface ProofPart extends Pick<AccountProof, 'account' | 'storageProofs'> {
  /** As `proveByWay` of libs/state takes it. */
  way: Uint8Array;
}

/**
 * What the members of a lane answer each other. A block is named by height and hash, and what is answered is from the state after
 * it. The methods that ask throw ChainError `UNAVAILABLE` when a member is down or has not committed the block in time,
 * `NOT_FOUND` when it does not keep that state any more, `CONFLICT` when it has another block there or other buckets than it
 * should, `LIMIT` when it has too much to do, `DEADLINE`.
 */
export interface LaneReads {
  /** Which of the members this one is. */
  readonly member: number;
  readonly members: number;
  addressOf(member: number): string;
  /** The member that has the account. */
  ownerOf(address: Address): number;
  /** Of accounts that others have, any number of them, in the order asked for. */
  read(block: Head, wanted: readonly AccountKeys[], limits: ReadLimits): Promise<AccountValues[]>;
  /** Of the member's codes, any number of them, in the order asked for. @throws ChainError `DATA_LOSS` */
  codes(member: number, hashes: readonly Hash32[], limits: ReadLimits): Promise<Uint8Array[]>;
  /** Of all other members. */
  tops(block: Head, limits: ReadLimits): Promise<BucketTops[]>;
  /** Of an account that another has. */
  proofPart(block: Head, address: Address, slots: readonly Hash32[], limits: ReadLimits): Promise<ProofPart>;
  /** The member's part of the block's witness, and which of these codes it has: their indexes. */
  witnessPart(
    member: number,
    block: Head,
    codeHashes: readonly Hash32[],
    limits: ReadLimits,
  ): Promise<{ part: WitnessPart; codes: number[] }>;
  close(): void;
}
