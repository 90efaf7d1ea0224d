// What the compiler writes for each instruction but jumps.

import { INVALID_OPCODE, OUT_OF_GAS, RETURNED } from '../layout.ts';
import { PUSH0, PUSH32 } from './analyze.ts';
import { gasLocal, local } from './chunk.ts';
import { callFrame, copyOrHash, effects, frames, useEffect } from './effects.ts';
import { callDataLoad, pushEnvironment } from './environment.ts';
import { helper } from './helpers.ts';
import { importIndex } from './imports.ts';
import { loadMemory, storeByte, storeMemory } from './memory.ts';
import type { Translation } from './translate.ts';
import { slotOffset } from './virtual-stack.ts';
import { op } from './wasm-encoder.ts';
import { bitLength, bounded, constant, small, valueOf, ZERO } from './word.ts';
import type { Limbs, Word } from './word.ts';
import type { Words } from './words.ts';

/** Translates the instruction at `pc`, whose operands are listed on the virtual stack. */
export function writeInstruction(t: Translation, opcode: number, pc: number): void {
  const { stack } = t.state;
  if (t.contract.opcodes[opcode] === undefined) return t.halt(INVALID_OPCODE);
  if (opcode >= PUSH0 && opcode <= PUSH32) return stack.push(t.pushed(pc));
  if (opcode >= 0x80 && opcode <= 0x8f) return stack.duplicate(opcode - 0x7f);
  if (opcode >= 0x90 && opcode <= 0x9f) return stack.swap(opcode - 0x8f);
  if (opcode <= 0x1e && opcode > 0) return arithmetic(t, opcode);
  const effect = effects[opcode];
  if (effect !== undefined) return useEffect(t, effect, opcode);
  const frame = frames[opcode];
  if (frame !== undefined) return callFrame(t, frame, opcode);
  switch (opcode) {
    case 0x00:
      return t.finish(RETURNED);
    case 0x20:
    case 0x37:
    case 0x39:
    case 0x3e:
    case 0x5e:
      return copyOrHash(t, opcode);
    case 0x35:
      return callDataLoad(t);
    case 0x50:
      return stack.discard(1);
    case 0x51:
      return loadMemory(t);
    case 0x52:
      return storeMemory(t);
    case 0x53:
      return storeByte(t);
    case 0x58:
      return stack.push(small(pc));
    default:
      return pushEnvironment(t, opcode);
  }
}

function arithmetic(t: Translation, opcode: number): void {
  const { stack } = t.state;
  const { words } = t.chunk;
  switch (opcode) {
    case 0x01:
      return stack.push(words.add(stack.popWord(), stack.popWord()));
    case 0x02:
      return multiply(t);
    case 0x03:
      return stack.push(words.sub(stack.popWord(), stack.popWord()));
    case 0x04:
      return divide(t, false);
    case 0x06:
      return divide(t, true);
    case 0x0a:
      return power(t);
    case 0x0b:
      return signExtend(t);
    case 0x10:
      return stack.push(words.lt(stack.popWord(), stack.popWord()));
    case 0x11: {
      const left = stack.popWord();
      return stack.push(words.lt(stack.popWord(), left));
    }
    case 0x12:
      return stack.push(words.slt(stack.popWord(), stack.popWord()));
    case 0x13: {
      const left = stack.popWord();
      return stack.push(words.slt(stack.popWord(), left));
    }
    case 0x14:
      return stack.push(words.eq(stack.popWord(), stack.popWord()));
    case 0x15:
      return stack.push(words.isZero(stack.pop()));
    case 0x16:
      return stack.push(words.and(stack.popWord(), stack.popWord()));
    case 0x17:
      return stack.push(words.or(stack.popWord(), stack.popWord()));
    case 0x18:
      return stack.push(words.xor(stack.popWord(), stack.popWord()));
    case 0x19:
      return stack.push(words.not(stack.popWord()));
    case 0x1a:
    case 0x1b:
    case 0x1c:
    case 0x1d:
      return shift(t, opcode);
    default:
      return callPure(t, pureNames[opcode] ?? '', opcode === 0x08 || opcode === 0x09 ? 3 : opcode === 0x1e ? 1 : 2);
  }
}

/** Instructions that a function of the machine's always does. */
const pureNames: Record<number, string> = { 0x05: 'sdiv', 0x07: 'smod', 0x08: 'addmod', 0x09: 'mulmod', 0x1e: 'clz' };

/** Lets the machine replace the top words by one. */
export function callPure(t: Translation, name: string, inputs: number): void {
  const { chunk } = t;
  const { stack } = t.state;
  stack.settle(inputs);
  const { height } = stack;
  stack.discard(inputs);
  for (let position = height - inputs; position < height; position++) stack.claim(position);
  pushPointer(t, height);
  chunk.e.call(importIndex(name));
  stack.pushSlot();
}

/** Puts the address behind the item below a position on WebAssembly's stack. */
export function pushPointer(t: Translation, position: number): void {
  t.chunk.e.get(local.pointer);
  t.chunk.e.i32(slotOffset(position));
  t.chunk.e.u8(op.i32Add);
}

/** Takes four limbs from WebAssembly's stack into a word. */
export function keepWord(t: Translation, bits = 256): Word {
  const { words } = t.chunk;
  const [d, c, b, a] = [words.keep(), words.keep(), words.keep(), words.keep()];
  return bounded([a, b, c, d], bits);
}

function pushLimbs(t: Translation, limbs: Limbs): void {
  for (const limb of limbs) t.chunk.words.push(limb);
}

function multiply(t: Translation): void {
  const { stack } = t.state;
  const { e, words } = t.chunk;
  const x = stack.popWord();
  const y = stack.popWord();
  const cheap = words.mul(x, y);
  if (cheap !== undefined) return stack.push(cheap);
  const bits = Math.min(256, x.bits + y.bits);
  if (x.bits <= 64 && y.bits <= 64) {
    words.push(x.limbs[0]);
    words.push(y.limbs[0]);
    e.call(helper.multiply64);
    const high = words.keep();
    return stack.push(bounded([words.keep(), high, 0n, 0n], bits));
  }
  pushLimbs(t, x.limbs);
  pushLimbs(t, y.limbs);
  e.call(helper.multiply);
  stack.push(keepWord(t, bits));
}

function divide(t: Translation, remainder: boolean): void {
  const { stack } = t.state;
  const { e, words } = t.chunk;
  const x = stack.popWord();
  const y = stack.popWord();
  const cheap = words.divide(x, y, remainder);
  if (cheap !== undefined) return stack.push(cheap);
  const { height } = stack;
  stack.claim(height);
  stack.claim(height + 1);
  pushPointer(t, height);
  pushLimbs(t, x.limbs);
  pushLimbs(t, y.limbs);
  e.call(remainder ? helper.modulo : helper.divide);
  stack.push(keepWord(t, remainder ? Math.min(x.bits, y.bits) : x.bits));
}

/** BYTE, SHL, SHR, SAR: written out when the amount is known. */
function shift(t: Translation, opcode: number): void {
  const { stack } = t.state;
  const { words } = t.chunk;
  const top = stack.peek(0);
  const known = top.kind === 'word' ? valueOf(top) : undefined;
  if (known === undefined) return callPure(t, ['byte', 'shl', 'shr', 'sar'][opcode - 0x1a] ?? '', 2);
  stack.discard(1);
  const x = stack.popWord();
  const amount = known < 256n ? Number(known) : 256;
  if (opcode === 0x1a) return stack.push(amount < 32 ? words.byte(x, amount) : ZERO);
  if (opcode === 0x1d) return stack.push(sarSaturated(words, x, amount));
  if (amount === 256) return stack.push(ZERO);
  stack.push(opcode === 0x1b ? words.shl(x, amount) : words.shr(x, amount));
}

function sarSaturated(words: Words, x: Word, amount: number): Word {
  // A shift by 255 leaves the sign alone, as more would.
  return words.sar(x, Math.min(amount, 255));
}

function signExtend(t: Translation): void {
  const { stack } = t.state;
  const top = stack.peek(0);
  const known = top.kind === 'word' ? valueOf(top) : undefined;
  if (known === undefined) return callPure(t, 'signextend', 2);
  stack.discard(1);
  if (known >= 31n) return;
  stack.push(t.chunk.words.signExtend(stack.popWord(), Number(known) + 1));
}

/** EXP: 50 gas for each byte of the exponent. */
function power(t: Translation): void {
  const { stack } = t.state;
  const { e } = t.chunk;
  const base = stack.peek(0);
  const exponent = stack.peek(1);
  const known = exponent.kind === 'word' ? valueOf(exponent) : undefined;
  if (known !== undefined) {
    t.addCost(50 * ((bitLength(known) + 7) >> 3));
    const constantBase = base.kind === 'word' ? valueOf(base) : undefined;
    if (constantBase !== undefined) {
      stack.discard(2);
      return stack.push(constant(powerOf(constantBase, known)));
    }
    return callPure(t, 'exp', 2);
  }
  stack.settle(2);
  e.get(gasLocal);
  pushPointer(t, stack.height);
  e.call(importIndex('expGas'));
  e.u8(op.i64ExtendI32U);
  e.u8(op.i64Sub);
  e.tee(gasLocal);
  e.i64(0n);
  e.u8(op.i64LtS);
  e.u8(op.if);
  e.u8(0x40);
  e.i32(OUT_OF_GAS);
  e.set(local.status);
  t.chunk.branchOut(1);
  e.u8(op.end);
  callPure(t, 'exp', 2);
}

/** base^exponent modulo 2^256, in at most 256 squarings. */
function powerOf(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = BigInt.asUintN(256, result * square);
    square = BigInt.asUintN(256, square * square);
  }
  return result;
}
