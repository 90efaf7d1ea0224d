// The machine's own memory: a bump for what lives as long as one transaction, and growth of the linear memory.
import { HEAP, MEMORIES, MEMORY_END, OVERFLOWN_CODES } from '../src/layout';
import { exhausted, outOfMemory } from './host';

let top: usize = HEAP;

export function resetHeap(): void {
  top = HEAP;
}

/** Room for `size` bytes, aligned to 16, not cleared; until the transaction ends. */
export function allocate(size: usize): usize {
  const at = top;
  top = (at + size + 15) & ~15;
  if (top > <usize>OVERFLOWN_CODES) exhausted();
  return at;
}

/** The same, all zero. */
export function allocateClear(size: usize): usize {
  const at = allocate(size);
  memory.fill(at, 0, size);
  return at;
}

/** Afterwards the linear memory reaches to `end` at least. */
export function reserve(end: usize): void {
  const have = (<usize>memory.size()) << 16;
  if (end <= have) return;
  if (end > MEMORY_END) exhausted();
  // A quarter more than asked for, so that a memory that creeps up is not grown page by page.
  const wanted = min<usize>(MEMORY_END, end + ((end - MEMORIES) >> 2) + 0x100000);
  const pages = (wanted - have + 0xffff) >> 16;
  if (memory.grow(<i32>pages) < 0) outOfMemory();
}
