// Instructions that push what a frame or its transaction is given.

import {
  BASE_FEE,
  BLOB_BASE_FEE,
  CHAIN_ID,
  COINBASE,
  FRAME_ADDRESS,
  FRAME_CALLER,
  FRAME_INPUT_SIZE,
  FRAME_MEMORY_SIZE,
  FRAME_VALUE,
  GAS_LIMIT,
  GAS_PRICE,
  NUMBER,
  ORIGIN,
  PREV_RANDAO,
  RETURN_DATA_SIZE,
  TIMESTAMP,
} from '../layout.ts';
import { gasLocal, loadAbsolute } from './chunk.ts';
import { helper } from './helpers.ts';
import { keepWord, pushPointer } from './instructions.ts';
import type { Translation } from './translate.ts';
import { op } from './wasm-encoder.ts';
import { bounded, narrow, small, ZERO } from './word.ts';
import type { Limb, Limbs, Word } from './word.ts';

/** By opcode: where the word is, and its bits. */
const places: Record<number, readonly [address: number, bits: number]> = {
  0x30: [FRAME_ADDRESS, 160],
  0x32: [ORIGIN, 160],
  0x33: [FRAME_CALLER, 160],
  0x34: [FRAME_VALUE, 256],
  0x3a: [GAS_PRICE, 256],
  0x41: [COINBASE, 160],
  0x42: [TIMESTAMP, 256],
  0x43: [NUMBER, 256],
  0x44: [PREV_RANDAO, 256],
  0x45: [GAS_LIMIT, 256],
  0x46: [CHAIN_ID, 256],
  0x48: [BASE_FEE, 256],
  0x4a: [BLOB_BASE_FEE, 256],
};

/** By opcode: where a 32-bit size is. */
const sizes: Record<number, number> = { 0x36: FRAME_INPUT_SIZE, 0x3d: RETURN_DATA_SIZE, 0x59: FRAME_MEMORY_SIZE };

const CODESIZE = 0x38;
const GAS = 0x5a;

export function pushEnvironment(t: Translation, opcode: number): void {
  const { stack } = t.state;
  const place = places[opcode];
  const size = sizes[opcode];
  if (place !== undefined) stack.push(loadPlace(t, ...place));
  else if (size !== undefined) {
    loadAbsolute(t.chunk.e, op.i32Load, size);
    t.chunk.e.u8(op.i64ExtendI32U);
    stack.push(narrow(t.chunk.words.keep(), 32));
  } else if (opcode === CODESIZE) stack.push(small(t.contract.analysis.code.length));
  else if (opcode === GAS) {
    // The gas of the whole segment is charged already.
    t.chunk.e.get(gasLocal);
    t.pushCostAhead();
    t.chunk.e.u8(op.i64Add);
    stack.push(narrow(t.chunk.words.keep(), 64));
  } else throw new RangeError(`no translation of instruction ${opcode}`);
}

function loadPlace(t: Translation, address: number, bits: number): Word {
  const limbs: Limb[] = [0n, 0n, 0n, 0n];
  for (let index = 0; index < Math.ceil(bits / 64); index++) {
    loadAbsolute(t.chunk.e, op.i64Load, address + 8 * index);
    limbs[index] = t.chunk.words.keep();
  }
  return bounded(limbs as unknown as Limbs, bits);
}

export function callDataLoad(t: Translation): void {
  const { stack } = t.state;
  const { e, words } = t.chunk;
  const offset = stack.popWord();
  const [low, ...high] = offset.limbs;
  if (high.some((limb) => typeof limb === 'bigint' && limb !== 0n)) return stack.push(ZERO);
  stack.claim(stack.height);
  pushPointer(t, stack.height);
  words.push(low);
  if (offset.bits > 64) {
    // Far behind the end, if anything is set above.
    e.i64(-1n);
    words.orOf(high);
    e.u8(op.i64Eqz);
    e.u8(op.select);
  }
  e.call(helper.callDataLoad);
  stack.push(keepWord(t));
}
