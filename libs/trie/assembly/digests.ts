// Messages to hash, gathered until there are two of as many blocks: the permutation takes two at the price of little
// more than one.
import { allocate, release } from './arena';
import { hashOne, hashPair, pad, RATE } from './keccak';

/** A full branch has 532 bytes. Longer messages are leaves with long values, which are hashed one by one. */
const BLOCKS_MAX: usize = 4;
/** A message of the most blocks, and what copies and padding write beyond it. */
const MESSAGE_BYTES: usize = 4 * 136 + 64;
const MESSAGES = memory.data(4 * 2 * 608, 16);
/** For each number of blocks, where the digest of the message goes that waits; 0: none waits. */
const TARGETS = memory.data(4 * 4, 16);

/** Nothing waits. */
export function resetDigests(): void {
  v128.store(TARGETS, i64x2.splat(0));
}

function slotOf(blocks: usize, index: usize): usize {
  return MESSAGES + (((blocks - 1) << 1) + index) * MESSAGE_BYTES;
}

function waiting(blocks: usize): usize {
  return load<u32>(TARGETS + ((blocks - 1) << 2));
}

/** Where to write a message of `size` bytes; up to 32 bytes beyond may be written too. `closeMessage` has to follow. */
export function openMessage(size: usize): usize {
  const blocks = size / RATE + 1;
  if (blocks > BLOCKS_MAX) return allocate((blocks + 1) * RATE);
  return slotOf(blocks, <usize>(waiting(blocks) != 0));
}

/** The digest of the message will be at `target` after the next `finishDigests` at the latest. */
export function closeMessage(message: usize, size: usize, target: usize): void {
  const blocks = size / RATE + 1;
  pad(message, size);
  if (blocks > BLOCKS_MAX) {
    hashOne(target, message, <i32>blocks);
    release(message);
    return;
  }
  const other = waiting(blocks);
  if (other != 0) hashPair(other, slotOf(blocks, 0), <i32>blocks, target, message, <i32>blocks);
  store<u32>(TARGETS + ((blocks - 1) << 2), other != 0 ? 0 : target);
}

/** All digests are written. Those that were left alone are paired across their lengths. */
export function finishDigests(): void {
  let left: usize = 0;
  for (let blocks: usize = 1; blocks <= BLOCKS_MAX; blocks++) {
    if (waiting(blocks) == 0) continue;
    if (left == 0) {
      left = blocks;
      continue;
    }
    hashPair(waiting(left), slotOf(left, 0), <i32>left, waiting(blocks), slotOf(blocks, 0), <i32>blocks);
    left = 0;
  }
  if (left != 0) hashOne(waiting(left), slotOf(left, 0), <i32>left);
  resetDigests();
}
