// The machine of a trie: JavaScript writes batches and their changes into memory from `allocate`, one commit walks,
// hashes and writes the result.
//
//   walk     reads the branches on the way to each change, makes those that will be
//   hash     leaves, then branches level by level
//   result   diff, records, rows
import { BATCH_BYTES, BATCH_DEPTH, BATCH_END, BATCH_FIRST, BATCH_POSITION, LEAF_BYTES } from '../src/layout';
import { allocated, resetArena } from './arena';
import { resetDigests } from './digests';
import { hashAll } from './encoding';
import { resetNodes } from './nodes';
import { compareKeys, nibbleAt, PATH } from './paths';
import { writeResult } from './results';
import { walkBatch } from './walk';

export { allocate, reserve } from './arena';
export { cacheHits, cacheMisses, keepRecord, keepRows } from './cache';
export { hashOne, hashPair, pad } from './keccak';

/** A commit begins: all memory that it may allocate, up to `bytesMax` of memory altogether, is free. */
export function begin(bytesMax: usize): void {
  resetArena(bytesMax);
  resetNodes();
  resetDigests();
}

/** Where the path is. */
export function pathAddress(): usize {
  return PATH;
}

/** Of a batch, which of its changes is the first whose key is not above the one before or not below the position; -1. */
export function misplacedChange(batch: usize): i32 {
  const first = <usize>load<u32>(batch + BATCH_FIRST);
  const end = <usize>load<u32>(batch + BATCH_END);
  const depth = load<i32>(batch + BATCH_DEPTH);
  for (let at = first; at < end; at += LEAF_BYTES) {
    let right = at == first || compareKeys(at - LEAF_BYTES, at) < 0;
    for (let i = 0; i < depth; i++) right = right && nibbleAt(at, i) == <i32>load<u8>(batch + BATCH_POSITION + i);
    if (!right) return <i32>((at - first) / LEAF_BYTES);
  }
  return -1;
}

/** The batches from `first` to `end`, which are in order; where the result is. */
export function commit(first: usize, end: usize): usize {
  const start = allocated();
  for (let batch = first; batch < end; batch += BATCH_BYTES) walkBatch(batch);
  const walked = allocated();
  hashAll();
  return writeResult(start, walked);
}
