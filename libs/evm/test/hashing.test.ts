// Goal: the machine's keccak-256 and SHA-256 are the hashes that their standards define, remembered digests included.
// Method: every size over several blocks, some large ones, and data at every alignment, against @noble/hashes.
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { KECCAK_MEMO_ENTRIES } from '../src/layout.ts';
import { openStackMachine } from './support/stack-machine.ts';

const machine = openStackMachine();

/** Bytes without a pattern that a wrong order of blocks or lanes would keep. */
function sample(size: number, seed: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

const wordOf = (digest: Uint8Array): bigint => BigInt(`0x${bytesToHex(digest)}`);
const expectedWord = (data: Uint8Array): bigint => wordOf(keccak_256(data));

const largeSizes = [1_087, 1_088, 1_089, 4_096, 24_576, 32_768];

describe.each([
  ['hashKeccak', keccak_256],
  ['hashSha256', sha256],
] as const)('%s', (name, expected) => {
  it('is right for every size from 0 to 600', () => {
    for (let size = 0; size <= 600; size++) {
      const data = sample(size, size);
      expect([size, bytesToHex(machine.hash(name, data))]).toEqual([size, bytesToHex(expected(data))]);
    }
  });

  it.each(largeSizes)('is right for %d bytes', (size) => {
    const data = sample(size, 7);
    expect(bytesToHex(machine.hash(name, data))).toBe(bytesToHex(expected(data)));
  });

  it('is right at any address', () => {
    for (let offset = 0; offset < 16; offset++) {
      const data = sample(150, offset);
      expect(bytesToHex(machine.hash(name, data, offset))).toBe(bytesToHex(expected(data)));
    }
  });
});

describe('KECCAK256', () => {
  it('is right for every size from 0 to 300, the first time and again', () => {
    for (let size = 0; size <= 300; size++) {
      const data = sample(size, size);
      for (let time = 0; time < 2; time++)
        expect([size, machine.keccakOperation(data)]).toEqual([size, expectedWord(data)]);
    }
  });

  it.each([32, 64])('knows %d zero bytes, whose record looks like an empty one', (size) => {
    const zeros = new Uint8Array(size);
    for (let time = 0; time < 2; time++) expect(openStackMachine().keccakOperation(zeros)).toBe(expectedWord(zeros));
    for (let time = 0; time < 2; time++) expect(machine.keccakOperation(zeros)).toBe(expectedWord(zeros));
  });

  it('remembers no digest for another key: keys that differ in one bit', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(32, 64).chain((size) => fc.uint8Array({ minLength: size, maxLength: size })),
        fc.nat({ max: 511 }),
        (key, at) => {
          const other = key.slice();
          const bit = at % (8 * key.length);
          other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          for (const data of [key, other, key, other]) expect(machine.keccakOperation(data)).toBe(expectedWord(data));
        },
      ),
      { numRuns: 200 },
    );
  });

  // The keys of a mapping: a small number or an address, then the mapping's slot. More of them than there are records.
  it('is right while records replace each other', () => {
    const keys = Array.from({ length: KECCAK_MEMO_ENTRIES + 2_000 }, (_, i) => {
      const key = new Uint8Array(64);
      new DataView(key.buffer).setUint32(28, Math.imul(i, 2_654_435_761));
      key[63] = i % 3;
      return key;
    });
    const expected = keys.map((key) => expectedWord(key));
    for (let round = 0; round < 2; round++) {
      const wrong = keys.findIndex((key, i) => machine.keccakOperation(key) !== expected[i]);
      expect(wrong).toBe(-1);
    }
  });
});
