// Goal: BLS is Ethereum's ciphersuite; nothing infinite, out of the subgroup, rogue or meant for another use verifies.
// Method: a vector of ethereum/bls12-381-tests (sign_case_11b8c7cad5238946), points made for the purpose, fast-check.
import { PublicKey, Signature } from '@chainsafe/blst';
import { bytesToHex, concatBytes, hexToBytes, isChainError } from '@sheaf/primitives';
import fc from 'fast-check';
import {
  blsAggregate,
  blsFastAggregateVerify,
  blsProvePossession,
  blsPublicKey,
  blsSign,
  blsVerify,
  blsVerifyPossession,
} from './bls.ts';

const vector = {
  secret: hexToBytes('0x47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138'),
  publicKey: '0xb301803f8b5ac4a1133581fc676dfedc60d891dd5fa99028805e5ea5b08d3491af75d0707adab3b70c6a6a580217bf81',
  message: new Uint8Array(32),
  signature:
    '0xb23c46be3a001c63ca711f87a005c200cc550b9429d5f4eb38d74322144f1b63926da3388979e5321012fb1a0526bcd1' +
    '00b5ef5fe72628ce4cd5e904aeaa3279527843fae5ca9ca675f4f51ed8f83bbf7155da9ecc9663100a885d5dc6df96d9',
};
const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const keys = secrets.map(blsPublicKey);
const message = new Uint8Array(32).fill(7);
const signatures = secrets.map((secret) => blsSign(secret, message));

const infinity = (length: number) => new Uint8Array(length).with(0, 0xc0);
/** The lowest x of the curve whose point lies outside the subgroup. */
const outOfSubgroup = (length: number, onCurve: (bytes: Uint8Array) => void, inGroup: (bytes: Uint8Array) => void) => {
  for (let x = 1; x < 256; x++) {
    const bytes = new Uint8Array(length).with(0, 0x80).with(length - 1, x);
    try {
      onCurve(bytes);
    } catch {
      continue;
    }
    expect(() => inGroup(bytes)).toThrow('not in group');
    return bytes;
  }
  throw new Error('no such point found');
};
const strayKey = outOfSubgroup(
  48,
  (bytes) => PublicKey.fromBytes(bytes),
  (bytes) => PublicKey.fromBytes(bytes, true),
);
const straySignature = outOfSubgroup(
  96,
  (bytes) => Signature.fromBytes(bytes),
  (bytes) => Signature.fromBytes(bytes, true),
);

test('the ciphersuite is Ethereum consensus’', () => {
  expect(bytesToHex(blsPublicKey(vector.secret))).toBe(vector.publicKey);
  expect(bytesToHex(blsSign(vector.secret, vector.message))).toBe(vector.signature);
  expect(blsVerify(hexToBytes(vector.publicKey), vector.message, hexToBytes(vector.signature))).toBe(true);
});

test('an aggregate verifies for exactly its signers and message', () => {
  const aggregate = blsAggregate(signatures);
  expect(blsFastAggregateVerify(keys, message, aggregate)).toBe(true);
  expect(blsFastAggregateVerify(keys.slice(1), message, aggregate)).toBe(false);
  expect(blsFastAggregateVerify([...keys, keys[0]!], message, aggregate)).toBe(false);
  expect(blsFastAggregateVerify(keys, message.with(0, 8), aggregate)).toBe(false);
  expect(blsFastAggregateVerify([], message, aggregate)).toBe(false);
  expect(blsFastAggregateVerify([], message, infinity(96))).toBe(false);
});

test('infinity, points out of the subgroup and malformed bytes never verify', () => {
  const good = signatures[0]!;
  for (const key of [infinity(48), strayKey, new Uint8Array(48), new Uint8Array(47), new Uint8Array(96)]) {
    expect(blsVerify(key, message, good)).toBe(false);
    expect(blsVerify(key, message, infinity(96))).toBe(false);
    expect(blsFastAggregateVerify([key], message, good)).toBe(false);
    expect(blsFastAggregateVerify([keys[0]!, key], message, good)).toBe(false);
    expect(blsVerifyPossession(key, infinity(96))).toBe(false);
  }
  for (const signature of [infinity(96), straySignature, new Uint8Array(96), new Uint8Array(95)]) {
    expect(blsVerify(keys[0]!, message, signature)).toBe(false);
    expect(blsFastAggregateVerify(keys, message, signature)).toBe(false);
    expect(() => blsAggregate([good, signature])).toThrow('signatures.1 is no BLS signature');
  }
  expect(() => blsAggregate([])).toThrow('must not be empty');
});

test('any flipped bit of key or signature fails', () => {
  const flip = (bytes: Uint8Array, bit: number) => bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
  fc.assert(
    fc.property(fc.nat(48 * 8 - 1), fc.nat(96 * 8 - 1), (keyBit, signatureBit) => {
      expect(blsVerify(flip(keys[0]!, keyBit), message, signatures[0]!)).toBe(false);
      expect(blsVerify(keys[0]!, message, flip(signatures[0]!, signatureBit))).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test('possession is proven by the secret alone and is no signature of anything else', () => {
  const proof = blsProvePossession(secrets[0]!);
  expect(blsVerifyPossession(keys[0]!, proof)).toBe(true);
  expect(blsVerifyPossession(keys[1]!, proof)).toBe(false);
  expect(blsVerifyPossession(keys[0]!, blsSign(secrets[0]!, keys[0]!))).toBe(false);
  const proven = concatBytes(new TextEncoder().encode('sheaf-bls-proof-of-possession-v1'), keys[0]!);
  expect(() => blsSign(secrets[0]!, proven)).toThrow('must not start as a proof');
  expect(blsVerify(keys[0]!, proven, proof)).toBe(false);
});

test.each([
  ['zero', new Uint8Array(32)],
  ['above the order', new Uint8Array(32).fill(0xff)],
  ['short', new Uint8Array(31)],
])('a secret that is %s is refused', (_, secret) => {
  expect.assertions(1);
  try {
    blsSign(secret, message);
  } catch (error) {
    expect(isChainError(error, 'INVALID_ARGUMENT')).toBe(true);
  }
});
