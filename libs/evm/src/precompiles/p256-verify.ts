import { bytesToBigint, hexToBytes } from '@sheaf/primitives';
import { sizes, type Mcl } from './mcl.ts';
import { areZero, empty, fixedPrice, isBelow, word, type Precompile } from './types.ts';
import { warmed } from './warm.ts';

// NIST's P-256 (FIPS 186-5, SP 800-186): y² = x³ - 3x + b.

const modulus = hexToBytes('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
const order = hexToBytes('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const orderNumber = bytesToBigint(order);
const generator = hexToBytes(
  '0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
);

/** 0x100 (EIP-7951): digest, r, s, x, y of 32 bytes. 1 for a good signature; anything else gives no bytes, no error. */
export const p256Verify: Precompile = fixedPrice(6_900n, (input) => (verifies(input) ? word(1) : empty));

interface P256 {
  mcl: Mcl;
  /** Addresses: the generator and behind it the key; two scalars; a scalar; a point. */
  points: number;
  scalars: number;
  inverse: number;
  result: number;
}

let loaded: P256 | undefined;

function prepare(mcl: Mcl): P256 {
  const allocate = (bytes: number) => mcl.c._malloc(bytes);
  const points = allocate(2 * sizes.g1);
  readPoint(mcl, points, generator, 0);
  return {
    mcl,
    points,
    scalars: allocate(2 * sizes.fr),
    inverse: allocate(sizes.fr),
    result: allocate(sizes.g1),
  };
}

function verifies(input: Uint8Array): boolean {
  if (input.length !== 160) return false;
  if (!isBelow(input, 32, order) || !isBelow(input, 64, order)) return false;
  if (areZero(input, 32, 64) || areZero(input, 64, 96)) return false;
  if (!isBelow(input, 96, modulus) || !isBelow(input, 128, modulus)) return false;
  loaded ??= prepare(warmed().p256);
  const { mcl, points, scalars, inverse, result } = loaded;
  const { c } = mcl;
  // Infinity, written as zeros, is not on the curve: b is not zero.
  if (!readPoint(mcl, points + sizes.g1, input, 96)) return false;
  mcl.readFr(inverse, input, 64);
  c._mclBnFr_inv(inverse, inverse);
  mcl.readFr(scalars, input, 0);
  mcl.readFr(scalars + sizes.fr, input, 32);
  c._mclBnFr_mul(scalars, scalars, inverse);
  c._mclBnFr_mul(scalars + sizes.fr, scalars + sizes.fr, inverse);
  c._mclBnG1_mulVec(result, points, scalars, 2);
  if (c._mclBnG1_isZero(result) === 1) return false;
  c._mclBnG1_normalize(result, result);
  const x = new Uint8Array(32);
  mcl.writeFp(x, 0, result);
  return bytesToBigint(x) % orderNumber === bytesToBigint(input.subarray(32, 64));
}

function readPoint(mcl: Mcl, out: number, bytes: Uint8Array, offset: number): boolean {
  mcl.readFp(out, bytes, offset);
  mcl.readFp(out + sizes.fp, bytes, offset + 32);
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp, 1);
  return mcl.c._mclBnG1_isValid(out) === 1;
}
