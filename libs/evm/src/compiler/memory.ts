// MLOAD, MSTORE and MSTORE8, written out with their bounds checks.

import { FRAME_MEMORY_SIZE, OUT_OF_GAS } from '../layout.ts';
import { gasLocal, limitLocal, loadAbsolute, local, vectorLocal, zeroLocal } from './chunk.ts';
import { helper, loadWord, REACH_BITS, REVERSED } from './helpers.ts';
import type { Translation } from './translate.ts';
import { op, simd, VOID } from './wasm-encoder.ts';
import { bounded, smallValue, valueOf } from './word.ts';
import type { Limb, Word } from './word.ts';

/** A constant offset up to this is part of the instruction. */
const IMMEDIATE_MAX = 1 << 24;

/** A place in memory: what `local` holds plus `offset`. */
interface Place {
  local: number;
  offset: number;
}

export function loadMemory(t: Translation): void {
  const { stack } = t.state;
  const place = touch(t, stack.popWord(), 32);
  if (place === undefined) return;
  const { locals } = t.chunk;
  const limbs = [locals.wide(), locals.wide(), locals.wide(), locals.wide()] as const;
  loadWord(t.chunk.e, place.local, place.offset, limbs, vectorLocal);
  stack.push(bounded(limbs, 256));
}

export function storeMemory(t: Translation): void {
  const { stack } = t.state;
  const offset = stack.popWord();
  const value = stack.popWord();
  const place = touch(t, offset, 32);
  if (place === undefined) return;
  t.want(smallValue(value));
  storeHalf(t, place, 0, value.limbs[3], value.limbs[2]);
  storeHalf(t, place, 16, value.limbs[1], value.limbs[0]);
}

/** Stores two limbs big-endian. */
function storeHalf(t: Translation, place: Place, shift: number, high: Limb, low: Limb): void {
  const { e, words } = t.chunk;
  e.get(place.local);
  if (high === 0n && low === 0n) {
    e.get(zeroLocal);
  } else if (typeof high === 'bigint' && typeof low === 'bigint') {
    e.simd(simd.constant);
    for (const limb of [high, low]) for (let byte = 56n; byte >= 0n; byte -= 8n) e.u8(Number((limb >> byte) & 0xffn));
  } else {
    words.push(low);
    e.simd(simd.i64x2Splat);
    if (high !== low) {
      words.push(high);
      e.simd(simd.i64x2ReplaceLane);
      e.u8(1);
    }
    e.tee(vectorLocal);
    e.get(vectorLocal);
    e.simd(simd.shuffle);
    e.append(REVERSED);
  }
  e.simdAccess(simd.store, place.offset + shift);
}

export function storeByte(t: Translation): void {
  const { stack } = t.state;
  const { e, words } = t.chunk;
  const offset = stack.popWord();
  const value = stack.popWord();
  const place = touch(t, offset, 1);
  if (place === undefined) return;
  e.get(place.local);
  words.push(value.limbs[0]);
  e.access(op.i64Store8, place.offset);
}

/** Afterwards memory reaches behind `size` bytes (1 or 32) at an offset. Undefined when no gas can pay for that. */
function touch(t: Translation, offset: Word, size: 1 | 32): Place | undefined {
  const { chunk, state } = t;
  const { e, words } = chunk;
  if ((valueOf(offset) ?? 0n) >> REACH_BITS > 0n) {
    t.halt(OUT_OF_GAS);
    return undefined;
  }
  const known = smallValue(offset) > IMMEDIATE_MAX ? -1 : smallValue(offset);
  const end = known + size;
  if (known >= 0 && end <= state.memoryBytes) return { local: local.memory, offset: known };
  const [low, ...high] = offset.limbs;
  const isLong = offset.bits > 64;
  words.push(low);
  if (size === 32) e.get(limitLocal);
  else {
    loadAbsolute(e, op.i32Load, FRAME_MEMORY_SIZE);
    e.u8(op.i64ExtendI32U);
  }
  e.u8(op.i64GeU);
  if (isLong) {
    words.orOf(high);
    e.u8(op.i64Eqz);
    e.u8(op.i32Eqz);
    e.u8(op.i32Or);
  }
  e.u8(op.if);
  e.u8(VOID);
  e.get(gasLocal);
  words.push(low);
  if (isLong) words.orOf(high);
  else e.i64(0n);
  e.call(size === 32 ? helper.growForWord : helper.growForByte);
  e.tee(gasLocal);
  e.i64(0n);
  e.u8(op.i64LtS);
  chunk.haltIf(1);
  chunk.loadLimit();
  e.u8(op.end);
  if (known >= 0) {
    // Memory is a multiple of 32 bytes long.
    state.memoryBytes = (end + 31) & ~31;
    return { local: local.memory, offset: known };
  }
  const address = chunk.locals.flag();
  e.get(local.memory);
  words.push(low);
  e.u8(op.i32WrapI64);
  e.u8(op.i32Add);
  e.set(address);
  return { local: address, offset: 0 };
}
