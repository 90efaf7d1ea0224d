import { partitionLimits } from './limits.ts';

/** A key that may still be on its way from other members. */
export interface Awaited {
  /** Members that have not answered yet. */
  awaited: number;
}

/**
 * Whose turn it is among the positions that a member runs in one round. By rising position; but a position waits for the keys that
 * it will need for certain, and for those before it that it cannot go ahead of, while others go on.
 */
export class Turns<Lack> {
  readonly #own: readonly number[];
  /** Of `#own`, the next that has not been looked at. */
  #next = 0;
  /** Looked at before, and nothing is known that they wait for; by rising position. */
  #ready: number[] = [];
  readonly #expected = new Map<number, Awaited[]>();
  readonly #before = new Map<number, number[]>();
  /** By the position that they wait for. */
  readonly #followers = new Map<number, number[]>();
  /** Have not run: what they will need is on its way. */
  readonly #held = new Map<number, Awaited[]>();
  /** Ran in vain: what they lack. */
  readonly #blocked = new Map<number, readonly Lack[]>();
  /** Positions that may run in vain before others wait for what they lack. */
  #blockedMax: number = partitionLimits.blockedMaxFirst;
  readonly #hasRun: (position: number) => boolean;

  constructor(own: readonly number[], hasRun: (position: number) => boolean) {
    this.#own = own;
    this.#hasRun = hasRun;
  }

  /** The position does not run before the key is here. */
  expect(position: number, key: Awaited): void {
    if (key.awaited === 0) return;
    const keys = this.#expected.get(position);
    if (keys === undefined) this.#expected.set(position, [key]);
    else keys.push(key);
  }

  /** The position does not run before the other one, which is below it and the member's own. */
  follow(position: number, other: number): void {
    const before = this.#before.get(position);
    if (before === undefined) this.#before.set(position, [other]);
    else before.push(other);
  }

  /** The position to run now. `undefined`: there is none until something comes, or at all. */
  next(): number | undefined {
    for (;;) {
      // What the first ones lack the others may lack too: it is here before many run in vain.
      const waits = this.#ready.length === 0 && this.#blocked.size >= this.#blockedMax;
      const position = waits ? undefined : (this.#ready.shift() ?? this.#own[this.#next]);
      if (position === undefined) return undefined;
      if (this.#own[this.#next] === position) this.#next += 1;
      if (!this.waits(position)) return position;
    }
  }

  /** Whether some wait for something. */
  get waiting(): boolean {
    return this.#blocked.size + this.#held.size + this.#followers.size > 0;
  }

  /** The position has a run that lacks nothing. */
  ran(position: number): void {
    const followers = this.#followers.get(position);
    if (followers === undefined) return;
    this.#followers.delete(position);
    this.#free(followers);
  }

  /** The position ran in vain. */
  lacks(position: number, lacks: readonly Lack[]): void {
    this.#blocked.set(position, lacks);
  }

  /** Something has come. */
  arrived(here: (lack: Lack) => boolean): void {
    const free: number[] = [];
    const had = this.#blocked.size > 0;
    for (const [position, lacks] of this.#blocked) {
      // Each is asked: what came may say what else is needed.
      if (lacks.filter((lack) => !here(lack)).length > 0) continue;
      this.#blocked.delete(position);
      free.push(position);
    }
    for (const [position, keys] of this.#held) {
      while (keys.length > 0 && keys.at(-1)!.awaited === 0) keys.pop();
      if (keys.length > 0) continue;
      this.#held.delete(position);
      free.push(position);
    }
    if (had && this.#blocked.size === 0) {
      this.#blockedMax = Math.min(2 * this.#blockedMax, partitionLimits.blockedMaxLast);
    }
    this.#free(free);
  }

  #free(positions: readonly number[]): void {
    if (positions.length === 0) return;
    this.#ready.push(...positions);
    this.#ready.sort((a, b) => a - b);
  }

  /** Whether it must wait; then it is `next` again when it need not. */
  waits(position: number): boolean {
    const other = this.#before.get(position)?.find((each) => !this.#hasRun(each));
    if (other !== undefined) {
      const followers = this.#followers.get(other);
      if (followers === undefined) this.#followers.set(other, [position]);
      else followers.push(position);
      return true;
    }
    const keys = this.#expected.get(position)?.filter(({ awaited }) => awaited > 0);
    if (keys === undefined || keys.length === 0) return false;
    this.#held.set(position, keys);
    return true;
  }
}
