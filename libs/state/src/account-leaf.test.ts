// Goal: leaves of the state trie and of storages are read as what they are, and told from what they cannot be.
// Method: leaves with one part wrong at a time.
import { encodeRlp, type RlpItem } from '@sheaf/primitives';
import { decodeAccountLeaf, encodeAccountLeaf } from './account-leaf.ts';
import { leafOfSlot, padSlot, slotOfLeaf, trimSlot } from './slot-value.ts';

const loss = expect.objectContaining({ code: 'DATA_LOSS' });
const [root, code] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

test('an account’s leaf', () => {
  const leaf = { nonce: 0n, balance: 2n ** 256n - 1n, storageRoot: root, codeHash: code };
  expect(decodeAccountLeaf(encodeAccountLeaf(leaf))).toEqual(leaf);
  const none = new Uint8Array(0);
  const others: RlpItem[] = [
    none,
    [],
    [none, none, root],
    [none, none, root, code, none],
    [none, [], root, code],
    [none, none, root.subarray(1), code],
    [none, none, root, code.subarray(1)],
    [none, none, root, none],
    [new Uint8Array(9).fill(1), none, root, code],
    [none, new Uint8Array(33).fill(1), root, code],
  ];
  for (const item of others) expect(() => decodeAccountLeaf(encodeRlp(item))).toThrow(loss);
  // No RLP at all.
  for (const bytes of [none, Uint8Array.of(0xf8), Uint8Array.of(...encodeAccountLeaf(leaf), 0)]) {
    expect(() => decodeAccountLeaf(bytes)).toThrow(loss);
  }
});

test('a slot’s leaf', () => {
  for (const value of [Uint8Array.of(1), Uint8Array.of(0x80), new Uint8Array(32).fill(0xff)]) {
    expect(slotOfLeaf(leafOfSlot(value))).toEqual(value);
    expect(trimSlot(padSlot(value))).toEqual(value);
    expect(padSlot(value)).toHaveLength(32);
  }
  expect(trimSlot(new Uint8Array(32))).toBeUndefined();
  expect(trimSlot(Uint8Array.of(0, 0, 5, 0))).toEqual(Uint8Array.of(5, 0));
  const wrong = [
    encodeRlp([]),
    encodeRlp(new Uint8Array(0)),
    encodeRlp(Uint8Array.of(0, 1)),
    encodeRlp(new Uint8Array(33).fill(1)),
  ];
  for (const bytes of [...wrong, new Uint8Array(0), Uint8Array.of(0xb8), Uint8Array.of(1, 1)]) {
    expect(() => slotOfLeaf(bytes)).toThrow(loss);
  }
});
