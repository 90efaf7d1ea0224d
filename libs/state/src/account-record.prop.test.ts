// Goal: every account comes back from its record as it was, its leaf is the RLP of its parts, and bytes that are no
// record are told from those that are.
// Method: accounts of every size of number, against the plain RLP; records cut short and grown.
import { bigintToBytes, encodeRlp } from '@sheaf/primitives';
import fc from 'fast-check';
import { decodeAccountLeaf } from './account-leaf.ts';
import {
  decodeAccountRecord,
  emptyCodeHashBytes,
  emptyRootBytes,
  encodeAccountRecord,
  hostOfAccountRecord,
  isEmptyCode,
  leafOfAccountRecord,
  readStorageId,
  storageIdOfAccountRecord,
  storageRootOfAccountRecord,
  writeStorageId,
  type StoredAccount,
} from './account-record.ts';

/** Of every number of bytes alike, with their edges. */
const numbers = (bits: number) =>
  fc
    .nat(bits)
    .chain((n) => fc.oneof(fc.constant(2n ** BigInt(n) - 1n), fc.bigInt({ min: 0n, max: 2n ** BigInt(n) - 1n })));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

const account: fc.Arbitrary<StoredAccount> = fc
  .record({
    nonce: numbers(64),
    balance: numbers(256),
    codeHash: fc.oneof(fc.constant(emptyCodeHashBytes), hash),
    storageId: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 48 - 1 }), fc.constant(2 ** 48 - 1)),
    storageRoot: hash,
  })
  .map((one) => (one.storageId === 0 ? { ...one, storageRoot: emptyRootBytes } : one));

test('there and back, and its leaf', () => {
  fc.assert(
    fc.property(account, (one) => {
      const record = encodeAccountRecord(one);
      expect(decodeAccountRecord(record)).toEqual(one);
      const { nonce, balance, codeHash, storageId, storageRoot } = one;
      expect(hostOfAccountRecord(record)).toEqual({ nonce, balance, codeHash, hasStorage: storageId !== 0 });
      expect(storageIdOfAccountRecord(record)).toBe(storageId);
      expect(storageRootOfAccountRecord(record)).toEqual(storageRoot);
      const leaf = leafOfAccountRecord(record);
      expect(leaf).toEqual(encodeRlp([bigintToBytes(nonce), bigintToBytes(balance), storageRoot, codeHash]));
      expect(decodeAccountLeaf(leaf)).toEqual({ nonce, balance, storageRoot, codeHash });
    }),
    { numRuns: 500 },
  );
});

test('a record before the next one is made is not changed by it', () => {
  const poor = { nonce: 1n, balance: 2n, codeHash: emptyCodeHashBytes, storageId: 0, storageRoot: emptyRootBytes };
  const record = encodeAccountRecord(poor);
  encodeAccountRecord({ ...poor, nonce: 2n ** 64n - 1n, balance: 2n ** 256n - 1n, storageId: 5 });
  expect(decodeAccountRecord(record)).toEqual(poor);
  // Ten bytes for what most accounts are, says the head of the file.
  expect(encodeAccountRecord({ ...poor, balance: 10n ** 19n })).toHaveLength(10);
});

test('numbers that an account cannot have', () => {
  const one = { nonce: 0n, balance: 0n, codeHash: emptyCodeHashBytes, storageId: 0, storageRoot: emptyRootBytes };
  for (const [field, value] of [
    ['nonce', 2n ** 64n],
    ['nonce', -1n],
    ['nonce', 2n ** 96n],
    ['balance', 2n ** 256n],
    ['balance', -1n],
  ] as const) {
    expect(() => encodeAccountRecord({ ...one, [field]: value })).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) }),
    );
  }
});

test('bytes that are no record', () => {
  const full = encodeAccountRecord({
    nonce: 2n ** 64n - 1n,
    balance: 2n ** 256n - 1n,
    codeHash: new Uint8Array(32).fill(1),
    storageId: 2 ** 48 - 1,
    storageRoot: new Uint8Array(32).fill(2),
  });
  expect(full).toHaveLength(1 + 8 + 32 + 38 + 32);
  const damaged = [
    new Uint8Array(0),
    // A nonce of nine bytes.
    Uint8Array.of(9 << 2, ...new Uint8Array(9)),
    Uint8Array.of(0xff),
    // Cut short before the balance.
    full.subarray(0, 1 + 8 + 32 + 37),
    full.subarray(0, 5),
    Uint8Array.of(...full, 0),
  ];
  for (const bytes of damaged) {
    for (const read of [
      decodeAccountRecord,
      hostOfAccountRecord,
      storageIdOfAccountRecord,
      storageRootOfAccountRecord,
      leafOfAccountRecord,
    ]) {
      expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
    }
  }
});

test('the number of a storage in six bytes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (id) => {
      const bytes = new Uint8Array(8).fill(0xff);
      writeStorageId(bytes, 1, id);
      expect(readStorageId(bytes, 1)).toBe(id);
      expect(Buffer.from(bytes).readUIntBE(1, 6)).toBe(id);
      expect([bytes[0], bytes[7]]).toEqual([0xff, 0xff]);
    }),
  );
});

test('no code is the hash of nothing alone', () => {
  expect(isEmptyCode(emptyCodeHashBytes.slice())).toBe(true);
  for (let i = 0; i < 32; i++) {
    const other = emptyCodeHashBytes.slice();
    other[i]! ^= 1;
    expect(isEmptyCode(other)).toBe(false);
  }
});
