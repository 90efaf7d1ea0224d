import { hexToBytes } from '@sheaf/primitives';
import { sizes, type Mcl } from './mcl.ts';
import { pairingIsOne, type Pairs } from './pairing.ts';
import { areZero, fixedPrice, isBelow, paddedSlice, pricedBy, word, type Precompile } from './types.ts';
import { warmed } from './warm.ts';

// The curve that EIP-196 and EIP-197 call alt_bn128: y² = x³ + 3. G1 has prime order; G2 does not.

const modulus = hexToBytes('0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47');
/** The number u from which the curve is made: 4965661367192848881, most significant bit first. */
const parameterBits = [...4965661367192848881n.toString(2)].map(Number);
const pairBytes = 192;

/** 0x06 (EIP-196), at the price of EIP-1108. */
export const bn254Add: Precompile = fixedPrice(150n, (given) => {
  const { mcl, p, q } = bn254();
  const input = paddedSlice(given, 0, 128);
  if (!readG1(mcl, p, input, 0) || !readG1(mcl, q, input, 64)) return undefined;
  mcl.c._mclBnG1_add(p, p, q);
  return writeG1(mcl, p);
});

/** 0x07 (EIP-196), at the price of EIP-1108. The scalar may be any number of 256 bits. */
export const bn254Mul: Precompile = fixedPrice(6_000n, (given) => {
  const { mcl, p, scalar } = bn254();
  const input = paddedSlice(given, 0, 96);
  if (!readG1(mcl, p, input, 0)) return undefined;
  mcl.readFr(scalar, input, 64);
  mcl.c._mclBnG1_mul(p, p, scalar);
  return writeG1(mcl, p);
});

/** 0x08 (EIP-197), at the price of EIP-1108: whether the product of the pairings is one. */
export const bn254Pairing: Precompile = pricedBy(
  (input) => (input.length % pairBytes === 0 ? 45_000n + 34_000n * BigInt(input.length / pairBytes) : undefined),
  (input) => {
    const state = bn254();
    const read = (pairs: Pairs, offset: number): boolean =>
      readG1(state.mcl, pairs.nextG1, input, offset) && readG2(state, pairs.nextG2, input, offset + 64);
    const answer = pairingIsOne(state.mcl, input.length / pairBytes, pairBytes, read);
    return answer === undefined ? undefined : word(answer ? 1 : 0);
  },
);

interface Bn254 {
  mcl: Mcl;
  /** Addresses of two points of G1, a scalar, and what the subgroup check needs. */
  p: number;
  q: number;
  scalar: number;
  /** Constants of the endomorphism: ξ^((p-1)/3) and ξ^((p-1)/2), ξ = 9 + i. */
  endomorphismX: number;
  endomorphismY: number;
  g2: [number, number, number];
}

let loaded: Bn254 | undefined;

function bn254(): Bn254 {
  loaded ??= prepare(warmed().bn254);
  return loaded;
}

function prepare(mcl: Mcl): Bn254 {
  const { c } = mcl;
  c._mclBn_verifyOrderG1(0);
  c._mclBn_verifyOrderG2(0);
  const allocate = (bytes: number) => c._malloc(bytes);
  const constant = (real: string, imaginary: string): number => {
    const at = allocate(sizes.fp2);
    mcl.readFp(at, hexToBytes(real), 0);
    mcl.readFp(at + sizes.fp, hexToBytes(imaginary), 0);
    return at;
  };
  return {
    mcl,
    p: allocate(sizes.g1),
    q: allocate(sizes.g1),
    scalar: allocate(sizes.fr),
    endomorphismX: constant(
      '0x2fb347984f7911f74c0bec3cf559b143b78cc310c2c3330c99e39557176f553d',
      '0x16c9e55061ebae204ba4cc8bd75a079432ae2a1d0b7c9dce1665d51c640fcba2',
    ),
    endomorphismY: constant(
      '0x063cf305489af5dcdc5ec698b6e2f9b9dbaae0eda9c95998dc54014671a0135a',
      '0x07c03cbcac41049a0704b5a7ec796f2b21807dc98fa25bd282d37f632623b0e3',
    ),
    g2: [allocate(sizes.g2), allocate(sizes.g2), allocate(sizes.g2)],
  };
}

/** False when the 64 bytes at `offset` are no point of the curve; zeros are infinity. */
function readG1(mcl: Mcl, out: number, input: Uint8Array, offset: number): boolean {
  if (!isBelow(input, offset, modulus) || !isBelow(input, offset + 32, modulus)) return false;
  if (areZero(input, offset, offset + 64)) {
    mcl.c._mclBnG1_clear(out);
    return true;
  }
  mcl.readFp(out, input, offset);
  mcl.readFp(out + sizes.fp, input, offset + 32);
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp, 1);
  return mcl.c._mclBnG1_isValid(out) === 1;
}

/** False when the 128 bytes at `offset`, imaginary parts first, are no point of the subgroup; zeros are infinity. */
function readG2(state: Bn254, out: number, input: Uint8Array, offset: number): boolean {
  const { mcl } = state;
  for (let part = 0; part < 128; part += 32) if (!isBelow(input, offset + part, modulus)) return false;
  if (areZero(input, offset, offset + 128)) {
    mcl.c._mclBnG2_clear(out);
    return true;
  }
  mcl.readFp(out + sizes.fp, input, offset);
  mcl.readFp(out, input, offset + 32);
  mcl.readFp(out + sizes.fp2 + sizes.fp, input, offset + 64);
  mcl.readFp(out + sizes.fp2, input, offset + 96);
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp2, 1);
  mcl.c._mclBnFp_setInt32(out + 2 * sizes.fp2 + sizes.fp, 0);
  return mcl.c._mclBnG2_isValid(out) === 1 && isInSubgroup(state, out);
}

/**
 * Whether a point Q of the twist is in G2: exactly when [u+1]Q + ψ([u]Q) + ψ²([u]Q) = ψ³([2u]Q) (Dai, Lin, Zhao,
 * Zhou: "Fast subgroup membership testings for G1, G2 and GT", 2022, example 1). That is a multiplication by 63 bits
 * where mcl's own check takes 254: 0.35 against 1.2 ms where a pairing takes 1.8.
 */
function isInSubgroup({ mcl: { c, view }, endomorphismX, endomorphismY, g2 }: Bn254, q: number): boolean {
  const [uq, sum, image] = g2;
  view.copyWithin(uq, q, q + sizes.g2);
  for (const bit of parameterBits.slice(1)) {
    c._mclBnG2_dbl(uq, uq);
    if (bit === 1) c._mclBnG2_add(uq, uq, q);
  }
  const applyEndomorphism = (point: number) => {
    // x and y are conjugated and scaled; the third coordinate is conjugated.
    for (let i = 0; i < 3; i++) {
      const imaginary = point + i * sizes.fp2 + sizes.fp;
      c._mclBnFp_neg(imaginary, imaginary);
    }
    c._mclBnFp2_mul(point, point, endomorphismX);
    c._mclBnFp2_mul(point + sizes.fp2, point + sizes.fp2, endomorphismY);
  };
  c._mclBnG2_add(sum, uq, q);
  view.copyWithin(image, uq, uq + sizes.g2);
  applyEndomorphism(image);
  c._mclBnG2_add(sum, sum, image);
  applyEndomorphism(image);
  c._mclBnG2_add(sum, sum, image);
  applyEndomorphism(image);
  c._mclBnG2_dbl(image, image);
  return c._mclBnG2_isEqual(sum, image) === 1;
}

function writeG1(mcl: Mcl, point: number): Uint8Array {
  const output = new Uint8Array(64);
  if (mcl.c._mclBnG1_isZero(point) === 1) return output;
  mcl.c._mclBnG1_normalize(point, point);
  mcl.writeFp(output, 0, point);
  mcl.writeFp(output, 32, point + sizes.fp);
  return output;
}
