// The memory of the current frame.
import {
  CONTINUE,
  FRAME_GAS,
  FRAME_MEMORY,
  FRAME_MEMORY_SIZE,
  MEMORY_END,
  OUT_OF_GAS,
  RETURN_DATA,
  RETURN_DATA_SIZE,
} from '../src/layout';
import { exhausted } from './host';
import { reserve } from './heap';
import { saturated } from './words';

/** Where nothing of the current frame is any more. */
// @ts-ignore: decorator
@inline
export function memoryTop(): usize {
  return <usize>load<u32>(FRAME_MEMORY) + load<u32>(FRAME_MEMORY_SIZE);
}

// @ts-ignore: decorator
@inline
function cost(words: u64): i64 {
  return <i64>(3 * words + ((words * words) >> 9));
}

/** Takes gas. */
// @ts-ignore: decorator
@inline
export function charge(gas: i64): bool {
  const left = load<i64>(FRAME_GAS) - gas;
  store<i64>(FRAME_GAS, left);
  return left >= 0;
}

/** Memory reaches to `end` (bytes, below 2^63) afterwards, and what is new is zero; its gas is charged. A status. */
export function expand(end: u64): i32 {
  const size = <u64>load<u32>(FRAME_MEMORY_SIZE);
  if (end <= size) return CONTINUE;
  const words = (end + 31) >> 5;
  // From 2^31 words on the exact price does not fit 64 bits, and need not be known: it is beyond 2^53 gas.
  if (words >= 0x80000000) {
    const gas = <f64>words * <f64>words * (1.0 / 512.0);
    if (<f64>load<i64>(FRAME_GAS) >= gas) exhausted();
    return OUT_OF_GAS;
  }
  if (!charge(cost(words) - cost(size >> 5))) return OUT_OF_GAS;
  const base = <usize>load<u32>(FRAME_MEMORY);
  // Who pays for more than addresses can tell is told that this machine has not got it.
  if (<u64>base + (words << 5) > <u64>MEMORY_END) exhausted();
  const top = base + <usize>(words << 5);
  const data = <usize>load<u32>(RETURN_DATA);
  const dataSize = <usize>load<u32>(RETURN_DATA_SIZE);
  // Return data lie above the memory: they move out of the way.
  const moves = dataSize != 0 && data < top;
  reserve(moves ? top + dataSize : top);
  if (moves) {
    memory.copy(top, data, dataSize);
    store<u32>(RETURN_DATA, <u32>top);
  }
  memory.fill(base + <usize>size, 0, top - base - <usize>size);
  store<u32>(FRAME_MEMORY_SIZE, <u32>(words << 5));
  return CONTINUE;
}

/** Expands to the range of an offset and a size, both words; a range of size 0 is nowhere. */
export function expandRange(offset: usize, size: usize): i32 {
  const length = saturated(size);
  return length == 0 ? CONTINUE : expand(saturated(offset) + length);
}

/** `perWord` gas for each word that has been begun. A size beyond 2^40 has failed at memory before. */
// @ts-ignore: decorator
@inline
export function chargeWords(size: u64, perWord: u64): bool {
  return charge(<i64>(((size + 31) >> 5) * perWord));
}

/** Copies into memory what lies at `from` (word) in `size` source bytes; zeros beyond. The range has been expanded. */
export function copyPadded(to: usize, source: usize, sourceSize: u64, from: u64, size: u64): void {
  const there = from < sourceSize ? min<u64>(size, sourceSize - from) : 0;
  if (there != 0) memory.copy(to, source + <usize>from, <usize>there);
  if (there < size) memory.fill(to + <usize>there, 0, <usize>(size - there));
}
