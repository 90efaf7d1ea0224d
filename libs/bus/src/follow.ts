import type { Logger } from 'pino';
import type { Bus, Topic } from './bus.ts';

/** Settings of a follower. */
export interface FollowOptions {
  topic: Topic;
  /** The first height wanted. */
  next: bigint;
  /** How often the truth is asked when the bus is silent. Default 1000. */
  pollMs?: number;
  /** Waits between tries of a failed fetch, head or apply: doubling from `min` to `max`. Default 50 … 2000. */
  retryMs?: { min: number; max: number };
}

/** What a follower of single heights needs. */
export interface FollowDeps<T> {
  bus: Bus;
  log: Logger;
  /** Reads an announcement. `value` undefined: it must be fetched. A throw is logged and the announcement ignored. */
  decode(body: Uint8Array): { height: bigint; value: T | undefined };
  /** The truth at a height. Any failure is tried again, `NOT_FOUND` and `UNAVAILABLE` quietly. */
  fetch(height: bigint): Promise<T>;
  /** The highest height that `fetch` can answer. */
  head(): Promise<bigint>;
  /** Must be idempotent at a height: after a throw it is called again, with a freshly fetched value. */
  apply(height: bigint, value: T): Promise<void>;
}

/** Something that covers the heights first … last. */
export interface HeightRange<T> {
  first: bigint;
  last: bigint;
  value: T;
}

/** What a follower of ranges needs. */
export interface FollowRangesDeps<T> {
  bus: Bus;
  log: Logger;
  /** Reads an announcement. `value` undefined: it must be fetched. */
  decode(body: Uint8Array): { first: bigint; last: bigint; value: T | undefined };
  /** The range that covers the height; undefined (or `NOT_FOUND`) while there is none. */
  fetch(height: bigint): Promise<HeightRange<T> | undefined>;
  /** The highest height covered. Without it every poll asks `fetch` for the next height. */
  head?(): Promise<bigint>;
  /** Must be idempotent. `first` is below the wanted height when following started in the middle of a range. */
  apply(first: bigint, last: bigint, value: T): Promise<void>;
}

/** A running follower. */
export interface Follower {
  /** Resolves when following has begun; never fails because a peer is away. */
  start(): Promise<void>;
  /** Afterwards nothing is applied any more; a running `apply` has ended. */
  stop(): Promise<void>;
  /** The next height to be applied. */
  next(): bigint;
  /** Heights known to exist and not yet applied. */
  lag(): bigint;
  /** Ask for the head now instead of at the next poll. */
  wake(): void;
}

export declare function follow<T>(options: FollowOptions, deps: FollowDeps<T>): Follower;
export declare function followRanges<T>(options: FollowOptions, deps: FollowRangesDeps<T>): Follower;
