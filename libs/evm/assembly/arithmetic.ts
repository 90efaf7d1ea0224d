// The arithmetic of the stack: what compiled code imports. `sp` is the address behind the top word; the first operand
// is at sp - 32, the next at sp - 64, and the result is left in the place of the deepest one.

import * as division from './division';
import * as modular from './modular';
import * as u256 from './u256';
import { setLimbs } from './words';

export function mul(sp: i32): void {
  u256.mul(sp - 64, sp - 32, sp - 64);
}

export function div(sp: i32): void {
  division.div(sp - 64, sp - 32, sp - 64);
}

export function mod(sp: i32): void {
  division.mod(sp - 64, sp - 32, sp - 64);
}

export function sdiv(sp: i32): void {
  division.sdiv(sp - 64, sp - 32, sp - 64);
}

export function smod(sp: i32): void {
  division.smod(sp - 64, sp - 32, sp - 64);
}

export function addmod(sp: i32): void {
  modular.addmod(sp - 96, sp - 32, sp - 64, sp - 96);
}

export function mulmod(sp: i32): void {
  modular.mulmod(sp - 96, sp - 32, sp - 64, sp - 96);
}

export function exp(sp: i32): void {
  u256.exp(sp - 64, sp - 32, sp - 64);
}

/** EIP-160: the dynamic gas of EXP. */
export function expGas(sp: i32): i32 {
  return 50 * u256.byteLength(sp - 64);
}

/** The operand at `a` when it is at most `most`, else `most`. `most` < 2^31. */
// @ts-ignore: decorator
@inline
function atMost(a: usize, most: u64): u64 {
  const low = load<u64>(a);
  const high = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  return high != 0 || low > most ? most : low;
}

/** The value's byte at the index counted from the lowest, whose high bit becomes the sign of all above it. */
export function signextend(sp: i32): void {
  const index = atMost(sp - 32, 31);
  if (index == 31) return;
  const at = <usize>sp - 64;
  const limb = at + (<usize>index & 24);
  const shift = 56 - ((index & 7) << 3);
  const value = (load<i64>(limb) << shift) >> shift;
  store<i64>(limb, value);
  const sign = value >> 63;
  for (let i = limb + 8; i < at + 32; i += 8) store<i64>(i, sign);
}

/** The byte at the index counted from the highest; 0 from 32 on. */
export function byte(sp: i32): void {
  const at = <usize>sp - 64;
  const index = atMost(sp - 32, 32);
  setLimbs(at, index == 32 ? 0 : <u64>load<u8>(at + 31 - <usize>index), 0, 0, 0);
}

export function shl(sp: i32): void {
  const at = <usize>sp - 64;
  const shift = atMost(sp - 32, 256);
  if (shift == 256) {
    setLimbs(at, 0, 0, 0, 0);
    return;
  }
  let w0 = load<u64>(at);
  let w1 = load<u64>(at, 8);
  let w2 = load<u64>(at, 16);
  let w3 = load<u64>(at, 24);
  if (shift & 128) {
    w3 = w1;
    w2 = w0;
    w1 = 0;
    w0 = 0;
  }
  if (shift & 64) {
    w3 = w2;
    w2 = w1;
    w1 = w0;
    w0 = 0;
  }
  // The shift the other way in two steps: by 64 in all when the bits are 0.
  const back = 63 - (shift & 63);
  setLimbs(
    at,
    w0 << shift,
    (w1 << shift) | ((w0 >> 1) >> back),
    (w2 << shift) | ((w1 >> 1) >> back),
    (w3 << shift) | ((w2 >> 1) >> back),
  );
}

// @ts-ignore: decorator
@inline
function shiftRightBy(sp: i32, sign: i64): void {
  const at = <usize>sp - 64;
  const shift = atMost(sp - 32, 256);
  if (shift == 256) setLimbs(at, sign, sign, sign, sign);
  else u256.shiftRight(at, at, shift, sign);
}

export function shr(sp: i32): void {
  shiftRightBy(sp, 0);
}

export function sar(sp: i32): void {
  shiftRightBy(sp, load<i64>(sp - 64, 24) >> 63);
}

/** EIP-7939: leading zero bits, 256 for zero. */
export function clz(sp: i32): void {
  const at = <usize>sp - 32;
  let limb = load<u64>(at, 24);
  let above: u64 = 0;
  if (limb == 0) {
    limb = load<u64>(at, 16);
    above = 64;
    if (limb == 0) {
      limb = load<u64>(at, 8);
      above = 128;
      if (limb == 0) {
        limb = load<u64>(at);
        above = 192;
      }
    }
  }
  setLimbs(at, above + <u64>i64.clz(limb), 0, 0, 0);
}
