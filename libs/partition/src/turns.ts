import { partitionLimits } from './limits.ts';

/**
 * Whose turn it is among the positions that a member runs in one round. By rising position; but a position waits for what it will
 * need for certain, and for those before it that it cannot go ahead of, while others go on.
 */
export class Turns<Lack> {
  readonly #own: readonly number[];
  readonly #hasRun: (position: number) => boolean;
  readonly #here: (lack: Lack) => boolean;
  /** Of `#own`, the next that has not been looked at. */
  #next = 0;
  /** Looked at before, and nothing is known that they wait for; by rising position. */
  #ready: number[] = [];
  readonly #expected = new Map<number, Lack[]>();
  readonly #before = new Map<number, number[]>();
  /** By the position that they wait for. */
  readonly #followers = new Map<number, number[]>();
  /** Wait for what was expected. */
  readonly #held = new Map<number, Lack[]>();
  /** Ran in vain: what they lack. */
  readonly #blocked = new Map<number, readonly Lack[]>();
  /** Positions that may run in vain before others wait for what they lack: few at first. */
  #blockedMax: number = partitionLimits.blockedMaxFirst;

  /** `hasRun`: the position has a run that lacks nothing. `here`: has come, with all that follows from it. */
  constructor(own: readonly number[], hasRun: (position: number) => boolean, here: (lack: Lack) => boolean) {
    this.#own = own;
    this.#hasRun = hasRun;
    this.#here = here;
  }

  /** The position does not run before it is here. */
  expect(position: number, lack: Lack): void {
    const lacks = this.#expected.get(position);
    if (lacks === undefined) this.#expected.set(position, [lack]);
    else lacks.push(lack);
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
      if (!this.#waits(position)) return position;
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
  arrived(): void {
    const free: number[] = [];
    const had = this.#blocked.size > 0;
    for (const [position, lacks] of this.#blocked) {
      // Each is looked at: what came may say what else is needed.
      if (lacks.filter((lack) => !this.#here(lack)).length > 0) continue;
      this.#blocked.delete(position);
      free.push(position);
    }
    for (const [position, lacks] of this.#held) {
      while (lacks.length > 0 && this.#here(lacks.at(-1)!)) lacks.pop();
      if (lacks.length > 0) continue;
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
    const last = this.#ready.at(-1) ?? -1;
    for (const position of positions) this.#ready.push(position);
    if (positions.length > 1 || positions[0]! < last) this.#ready.sort((a, b) => a - b);
  }

  #waits(position: number): boolean {
    const other = this.#before.get(position)?.find((each) => !this.#hasRun(each));
    if (other !== undefined) {
      const followers = this.#followers.get(other);
      if (followers === undefined) this.#followers.set(other, [position]);
      else followers.push(position);
      return true;
    }
    const lacks = this.#expected.get(position)?.filter((lack) => !this.#here(lack));
    this.#expected.delete(position);
    if (lacks === undefined || lacks.length === 0) return false;
    this.#held.set(position, lacks);
    return true;
  }
}
