// The machine's memory: a bump that goes back to its start with every commit, and growth of the linear memory.
import { FAIL_MEMORY } from '../src/layout';
import { placeCache } from './cache';
import { fail } from './host';

/** Bytes behind every allocation that may be read and written: copies go by 16 and 32 bytes. */
const SLACK: usize = 64;

let top: usize = 0;
let end: usize = 0;
let endMax: usize = 0;

let bottom: usize = (__heap_base + 15) & ~15;

/** Before the first commit: the arena begins behind what `cacheBytes` of a cache take, which are there afterwards. */
export function reserve(cacheBytes: usize, hashSeed: u32): void {
  bottom = placeCache(bottom, cacheBytes, hashSeed);
  end = ((<usize>memory.size()) << 16) - SLACK;
  endMax = bottom + ((<usize>1) << 20);
  reach(bottom);
}

/** Afterwards all of it is free, and may grow to as many bytes. */
export function resetArena(bytesMax: usize): void {
  top = bottom;
  endMax = bytesMax;
  end = ((<usize>memory.size()) << 16) - SLACK;
}

/** Room for `size` bytes, aligned to 16, not cleared; until the next commit. */
export function allocate(size: usize): usize {
  const at = top;
  reach(<u64>at + size);
  top = (at + size + 15) & ~15;
  return at;
}

/** Where the next allocation will be. */
export function allocated(): usize {
  return top;
}

/** Gives back what was allocated last, from `to` on. */
export function release(to: usize): void {
  top = (to + 15) & ~15;
}

function reach(address: u64): void {
  if (address > end) grow(address);
}

function grow(address: u64): void {
  const have = (<u64>memory.size()) << 16;
  const needed = address + SLACK + 16;
  if (needed > endMax) fail(FAIL_MEMORY, 0, 0);
  // Half as much again, so that a memory that creeps up is not grown page by page: views of it are made anew each time.
  const wanted = min<u64>(max<u64>(needed, have + (have >> 1)), endMax);
  if (memory.grow(<i32>((wanted - have + 0xffff) >> 16)) < 0) fail(FAIL_MEMORY, 0, 0);
  end = ((<usize>memory.size()) << 16) - SLACK;
}
