import { PublicKey, Signature } from '@chainsafe/blst';
import { hexToBytes } from '@sheaf/primitives';
import { sizes, type Mcl } from './mcl.ts';
import { discountG1, discountG2 } from './msm-discounts.ts';
import { pairingIsOne } from './pairing.ts';
import { areZero, fixedPrice, isBelow, pricedBy, word, type Precompile } from './types.ts';
import { warmed } from './warm.ts';

// EIP-2537. A field element is 64 bytes, of which the first 16 are zero; a point of G1 is two of them, one of G2 four
// (real parts first); zeros are infinity. Sums do not check the subgroup, multiplications and pairings do.

const modulus = hexToBytes(
  '0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab',
);
const elementBytes = 64;
const padding = 16;
const g1Bytes = 128;
const g2Bytes = 256;
/** So many points are multiplied in one go: more would only take memory. */
const pointsMax = 512;
/** mcl's mode for maps to the curve: RFC 9380. */
const mapOfRfc9380 = 5;

interface Group {
  pointBytes: number;
  size: number;
  read: (mcl: Mcl, out: number, input: Uint8Array, offset: number) => boolean;
  inSubgroup: (input: Uint8Array, offset: number) => boolean;
  clear: '_mclBnG1_clear' | '_mclBnG2_clear';
  add: '_mclBnG1_add' | '_mclBnG2_add';
  mulVec: '_mclBnG1_mulVec' | '_mclBnG2_mulVec';
  write: (mcl: Mcl, point: number) => Uint8Array;
}

const g1: Group = {
  pointBytes: g1Bytes,
  size: sizes.g1,
  read: readG1,
  inSubgroup: isInG1,
  clear: '_mclBnG1_clear',
  add: '_mclBnG1_add',
  mulVec: '_mclBnG1_mulVec',
  write: writeG1,
};

const g2: Group = {
  pointBytes: g2Bytes,
  size: sizes.g2,
  read: readG2,
  inSubgroup: isInG2,
  clear: '_mclBnG2_clear',
  add: '_mclBnG2_add',
  mulVec: '_mclBnG2_mulVec',
  write: writeG2,
};

/** 0x0b. */
export const bls12381G1Add: Precompile = fixedPrice(375n, (input) => add(g1, input));
/** 0x0c. */
export const bls12381G1Msm: Precompile = pricedBy(
  (input) => priceOfMsm(input, g1Bytes + 32, 12_000, discountG1),
  (input) => multiplyAndAdd(g1, input),
);
/** 0x0d. */
export const bls12381G2Add: Precompile = fixedPrice(600n, (input) => add(g2, input));
/** 0x0e. */
export const bls12381G2Msm: Precompile = pricedBy(
  (input) => priceOfMsm(input, g2Bytes + 32, 22_500, discountG2),
  (input) => multiplyAndAdd(g2, input),
);

/** 0x0f: whether the product of the pairings is one. */
export const bls12381Pairing: Precompile = pricedBy(
  (input) => {
    const count = countOf(input, g1Bytes + g2Bytes);
    return count === undefined ? undefined : 37_700n + 32_600n * BigInt(count);
  },
  (input) => {
    const { mcl } = bls12381();
    const pairBytes = g1Bytes + g2Bytes;
    const answer = pairingIsOne(mcl, input.length / pairBytes, pairBytes, (pairs, offset) => {
      const behind = offset + g1Bytes;
      return (
        readG1(mcl, pairs.nextG1, input, offset) &&
        readG2(mcl, pairs.nextG2, input, behind) &&
        isInG1(input, offset) &&
        isInG2(input, behind)
      );
    });
    return answer === undefined ? undefined : word(answer ? 1 : 0);
  },
);

/** 0x10: a field element to G1, as RFC 9380 does with one element. */
export const bls12381MapFpToG1: Precompile = fixedPrice(5_500n, (input) => {
  const { mcl, p, q } = bls12381();
  if (input.length !== elementBytes || !readElement(mcl, q, input, 0)) return undefined;
  return mcl.c._mclBnFp_mapToG1(p, q) === 0 ? writeG1(mcl, p) : undefined;
});

/** 0x11: a pair of field elements to G2. */
export const bls12381MapFp2ToG2: Precompile = fixedPrice(23_800n, (input) => {
  const { mcl, p, q } = bls12381();
  if (input.length !== 2 * elementBytes || !readElement2(mcl, q, input, 0)) return undefined;
  return mcl.c._mclBnFp2_mapToG2(p, q) === 0 ? writeG2(mcl, p) : undefined;
});

interface Bls12381 {
  mcl: Mcl;
  /** Addresses with room for a point each. */
  p: number;
  q: number;
}

let loaded: Bls12381 | undefined;

function bls12381(): Bls12381 {
  loaded ??= prepare(warmed().bls12381);
  return loaded;
}

function prepare(mcl: Mcl): Bls12381 {
  mcl.c._mclBn_verifyOrderG1(0);
  mcl.c._mclBn_verifyOrderG2(0);
  mcl.c._mclBn_setMapToMode(mapOfRfc9380);
  return { mcl, p: mcl.c._malloc(sizes.g2), q: mcl.c._malloc(sizes.g2) };
}

/** How many items of `itemBytes` the input is; `undefined` when none, or not a whole number. */
function countOf(input: Uint8Array, itemBytes: number): number | undefined {
  return input.length === 0 || input.length % itemBytes !== 0 ? undefined : input.length / itemBytes;
}

function priceOfMsm(
  input: Uint8Array,
  itemBytes: number,
  price: number,
  discounts: readonly number[],
): bigint | undefined {
  const count = countOf(input, itemBytes);
  if (count === undefined) return undefined;
  const discount = discounts[Math.min(count, discounts.length) - 1]!;
  return (BigInt(count) * BigInt(price * discount)) / 1000n;
}

function add(group: Group, input: Uint8Array): Uint8Array | undefined {
  if (input.length !== 2 * group.pointBytes) return undefined;
  const { mcl, p, q } = bls12381();
  if (!group.read(mcl, p, input, 0) || !group.read(mcl, q, input, group.pointBytes)) return undefined;
  mcl.c[group.add](p, p, q);
  return group.write(mcl, p);
}

function multiplyAndAdd(group: Group, input: Uint8Array): Uint8Array | undefined {
  const { mcl, p: sum, q: part } = bls12381();
  const { c } = mcl;
  const itemBytes = group.pointBytes + 32;
  const count = input.length / itemBytes;
  const room = Math.min(count, pointsMax);
  const points = c._malloc(room * (group.size + sizes.fr));
  try {
    const scalars = points + room * group.size;
    c[group.clear](sum);
    let waiting = 0;
    const multiply = () => {
      c[group.mulVec](part, points, scalars, waiting);
      c[group.add](sum, sum, part);
      waiting = 0;
    };
    for (let offset = 0; offset < input.length; offset += itemBytes) {
      if (!group.read(mcl, points + waiting * group.size, input, offset)) return undefined;
      if (!group.inSubgroup(input, offset)) return undefined;
      // Modulo the order, since the point's order is that.
      mcl.readFr(scalars + waiting * sizes.fr, input, offset + group.pointBytes);
      if (!areZero(input, offset, offset + group.pointBytes)) waiting++;
      if (waiting === room) multiply();
    }
    if (waiting > 0) multiply();
    return group.write(mcl, sum);
  } finally {
    c._free(points);
  }
}

function readElement(mcl: Mcl, out: number, input: Uint8Array, offset: number): boolean {
  if (!areZero(input, offset, offset + padding) || !isBelow(input, offset + padding, modulus)) return false;
  mcl.readFp(out, input, offset + padding);
  return true;
}

function readElement2(mcl: Mcl, out: number, input: Uint8Array, offset: number): boolean {
  return readElement(mcl, out, input, offset) && readElement(mcl, out + sizes.fp, input, offset + elementBytes);
}

/** False when the bytes are no point of the curve. */
function readG1(mcl: Mcl, out: number, input: Uint8Array, offset: number): boolean {
  if (areZero(input, offset, offset + g1Bytes)) {
    mcl.c._mclBnG1_clear(out);
    return true;
  }
  if (!readElement(mcl, out, input, offset)) return false;
  if (!readElement(mcl, out + sizes.fp, input, offset + elementBytes)) return false;
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp, 1);
  return mcl.c._mclBnG1_isValid(out) === 1;
}

/** False when the bytes are no point of the twist. */
function readG2(mcl: Mcl, out: number, input: Uint8Array, offset: number): boolean {
  if (areZero(input, offset, offset + g2Bytes)) {
    mcl.c._mclBnG2_clear(out);
    return true;
  }
  if (!readElement2(mcl, out, input, offset)) return false;
  if (!readElement2(mcl, out + sizes.fp2, input, offset + 2 * elementBytes)) return false;
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp2, 1);
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp2 + sizes.fp, 0);
  return mcl.c._mclBnG2_isValid(out) === 1;
}

// blst's native subgroup checks take a fifth of mcl's. It reads the uncompressed form of points: elements of 48 bytes,
// imaginary parts first, flags in the top bits, which are zero here; infinity has another form, so it does not get there.

function isInG1(input: Uint8Array, offset: number): boolean {
  if (areZero(input, offset, offset + g1Bytes)) return true;
  try {
    PublicKey.fromBytes(withoutPadding(input, offset, [0, 1]), true);
    return true;
  } catch {
    return false;
  }
}

function isInG2(input: Uint8Array, offset: number): boolean {
  if (areZero(input, offset, offset + g2Bytes)) return true;
  try {
    Signature.fromBytes(withoutPadding(input, offset, [1, 0, 3, 2]), true);
    return true;
  } catch {
    return false;
  }
}

function withoutPadding(input: Uint8Array, offset: number, elements: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(elements.length * 48);
  elements.forEach((element, i) => {
    const from = offset + element * elementBytes;
    bytes.set(input.subarray(from + padding, from + elementBytes), i * 48);
  });
  return bytes;
}

function writeG1(mcl: Mcl, point: number): Uint8Array {
  const output = new Uint8Array(g1Bytes);
  if (mcl.c._mclBnG1_isZero(point) === 1) return output;
  mcl.c._mclBnG1_normalize(point, point);
  mcl.writeFp(output, padding, point);
  mcl.writeFp(output, elementBytes + padding, point + sizes.fp);
  return output;
}

function writeG2(mcl: Mcl, point: number): Uint8Array {
  const output = new Uint8Array(g2Bytes);
  if (mcl.c._mclBnG2_isZero(point) === 1) return output;
  mcl.c._mclBnG2_normalize(point, point);
  for (let i = 0; i < 4; i++) mcl.writeFp(output, i * elementBytes + padding, point + i * sizes.fp);
  return output;
}
