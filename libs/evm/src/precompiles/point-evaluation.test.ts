// Goal: 0x0a accepts what the prover's library proves, and nothing else.
// Method: a real proof from the same trusted setup; the constant polynomial, whose commitment is infinity by
//   definition; every part damaged in turn, and numbers that are not below the field's order.
import { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { bigintToFixedBytes, bytesToHex, concatBytes } from '@sheaf/primitives';
import { hashSha256 } from './hashes.ts';
import { createPrecompiles } from './index.ts';

const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const { run } = createPrecompiles('cancun');
const evaluate = (input: Uint8Array) => run(0x0a, input, 50_000n);
const word = (value: bigint) => bigintToFixedBytes(value, 32);
const infinity = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0));

function inputOf(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): Uint8Array {
  const versionedHash = hashSha256(commitment);
  versionedHash[0] = 1;
  return concatBytes(versionedHash, z, y, commitment, proof);
}

test('a proof, and the same with any part damaged', () => {
  const prover = DasContextJs.create({ usePrecomp: false });
  const blob = Uint8Array.from({ length: 131_072 }, (_, i) => (i % 32 === 0 ? 0 : (i * 7) & 0xff));
  const commitment = prover.blobToKzgCommitment(blob);
  const z = word(123_456_789n);
  const [proof, y] = prover.computeKzgProof(blob, z);
  const input = inputOf(commitment, z, y!, proof!);
  expect(evaluate(input)).toEqual({
    gasUsed: 50_000n,
    output: concatBytes(word(4096n), word(order)),
  });
  for (const at of [0, 1, 31, 32, 63, 64, 95, 96, 143, 144, 191]) {
    const damaged = input.slice();
    damaged[at]! ^= 1;
    expect(evaluate(damaged)).toBeUndefined();
  }
  // The hash fits, the commitment is another or none.
  expect(evaluate(inputOf(infinity, z, y!, proof!))).toBeUndefined();
  expect(evaluate(inputOf(new Uint8Array(48), z, y!, proof!))).toBeUndefined();
  expect(evaluate(inputOf(commitment, word(123_456_789n + order), y!, proof!))).toBeUndefined();
  expect(evaluate(inputOf(commitment, z, word(BigInt(bytesToHex(y!)) + order), proof!))).toBeUndefined();
  expect(evaluate(input.subarray(0, 191))).toBeUndefined();
  expect(evaluate(concatBytes(input, Uint8Array.of(0)))).toBeUndefined();
  expect(run(0x0a, input, 49_999n)).toBeUndefined();
});

test('the polynomial that is zero everywhere', () => {
  expect(evaluate(inputOf(infinity, word(5n), word(0n), infinity))).toBeDefined();
  expect(evaluate(inputOf(infinity, word(5n), word(1n), infinity))).toBeUndefined();
});
