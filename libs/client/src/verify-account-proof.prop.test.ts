// Goal: what the verifier returns is what the state root says, and any other claim is refused by name.
// Method: answers recorded from Anvil; random worlds with libs/ethereum's trie as the prover; each claim changed; JSON
// with anything anywhere, which must not throw anything but the refusal.
import { keccak256 } from '@sheaf/crypto';
import { Trie } from '@sheaf/ethereum';
import {
  bytesToHex,
  encodeRlp,
  hexToBytes,
  isChainError,
  type RlpItem,
  toAddress,
  zeroHash,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import fc from 'fast-check';
import { makeWorld, slotHex, type Answer } from '../test/make-answer.ts';
import { emptyCodeHash, emptyStorageHash, verifyAccountProof, type AccountQuery } from './index.ts';
import anvil from './vectors/anvil.json';

const addresses = [1, 2, 3, 4].map((byte) => toAddress(new Uint8Array(20).fill(byte)));
const nobody = toAddress(new Uint8Array(20).fill(9));
const slotNumber = fc.oneof(fc.bigInt(0n, 6n), fc.bigInt(0n, 2n ** 256n - 1n));
const account = fc.record({
  nonce: fc.bigInt(0n, 2n ** 64n - 1n),
  balance: fc.bigInt(0n, 2n ** 128n),
  slots: fc
    .array(fc.tuple(slotNumber, fc.bigInt(1n, 2n ** 256n - 1n)), { maxLength: 8 })
    .map((entries) => new Map(entries)),
});
const world = fc
  .array(account, { minLength: 1, maxLength: addresses.length })
  .map((accounts) => new Map(accounts.map((entry, at) => [addresses[at]!, entry])));

/** The field that is refused. */
function refusal(query: AccountQuery, answer: unknown): string {
  try {
    verifyAccountProof(query, answer);
  } catch (error) {
    if (isChainError(error) && error.detail.code === 'INVALID_ARGUMENT') return error.detail.field;
    throw error;
  }
  return 'accepted';
}

test('answers of Anvil', () => {
  const results = anvil.accounts.map(({ slots, proof }) => {
    const stateRoot = anvil.stateRoot as Hash32;
    const query = { stateRoot, address: proof.address as Address, slots: slots as Hash32[] };
    return verifyAccountProof(query, proof);
  });
  const [contract, creator, receiver, none] = results;
  expect(contract!.slots.map(({ value }) => value)).toEqual([0x11n, 0x22n, 0x66n, 0xaan, 0n, 2n ** 256n - 1n]);
  expect(creator).toMatchObject({ exists: true, nonce: 2n, codeHash: emptyCodeHash, slots: [{ value: 0n }] });
  expect(receiver).toMatchObject({ exists: true, nonce: 0n, balance: 10n ** 18n, slots: [] });
  expect(none).toMatchObject({ exists: false, nonce: 0n, balance: 0n, storageHash: emptyStorageHash });
});

test('accounts and slots that are there, and those that are not', () => {
  fc.assert(
    fc.property(world, fc.array(slotNumber, { maxLength: 5 }), (accounts, keys) => {
      const { stateRoot, answer } = makeWorld(accounts);
      for (const address of [...accounts.keys(), nobody]) {
        const expected = accounts.get(address);
        const proven = verifyAccountProof({ stateRoot, address, slots: keys.map(slotHex) }, answer(address, keys));
        expect(proven).toMatchObject({
          address,
          exists: expected !== undefined,
          nonce: expected?.nonce ?? 0n,
          balance: expected?.balance ?? 0n,
          codeHash: emptyCodeHash,
          slots: keys.map((key) => ({ key: slotHex(key), value: expected?.slots.get(key) ?? 0n })),
        });
        if (expected === undefined) expect(proven.storageHash).toBe(emptyStorageHash);
      }
    }),
    { numRuns: 40 },
  );
});

const other = bytesToHex(new Uint8Array(32).fill(5));
const changes: [string, (answer: Answer) => void][] = [
  ['proof.address', (answer) => (answer.address = nobody)],
  ['proof.nonce', (answer) => (answer.nonce = '0x7')],
  ['proof.balance', (answer) => (answer.balance = '0x7')],
  ['proof.codeHash', (answer) => (answer.codeHash = other)],
  ['proof.codeHash', (answer) => (answer.codeHash = zeroHash)],
  ['proof.storageHash', (answer) => (answer.storageHash = other)],
  ['proof.storageHash', (answer) => (answer.storageHash = emptyStorageHash)],
  ['proof.accountProof.0', (answer) => (answer.accountProof = [])],
  ['proof.accountProof.1', (answer) => answer.accountProof.push('0x80')],
  ['proof.accountProof', (answer) => (answer.accountProof = new Array<string>(66).fill('0x80'))],
  ['proof.accountProof.0', (answer) => (answer.accountProof = [`0x${'00'.repeat(533)}`])],
  ['proof.storageProof', (answer) => answer.storageProof.pop()],
  ['proof.storageProof.0.key', (answer) => answer.storageProof.reverse()],
  ['proof.storageProof.1.value', (answer) => (answer.storageProof[1]!.value = '0x0')],
  ['proof.storageProof.0.proof.0', (answer) => (answer.storageProof[0]!.proof = [])],
  ['proof.storageProof.1.proof.0', (answer) => (answer.storageProof[1]!.proof = ['0x80'])],
];
test.each(changes)('a claim that is not proven: %s', (field, change) => {
  const slots = new Map([1n, 2n].map((key) => [key, key * 3n]));
  const { stateRoot, answer } = makeWorld(new Map([[addresses[0]!, { nonce: 5n, balance: 6n, slots }]]));
  const claimed = answer(addresses[0]!, [1n, 2n]);
  const query = { stateRoot, address: addresses[0]!, slots: [1n, 2n].map(slotHex) };
  expect(refusal(query, claimed)).toBe('accepted');
  change(claimed);
  expect(refusal(query, claimed)).toBe(field);
});

test('what is too large is not read', () => {
  const { stateRoot, answer } = makeWorld(new Map());
  const query = { stateRoot, address: nobody, slots: [] };
  const verify = (changed: Partial<Answer>) => () => verifyAccountProof(query, { ...answer(nobody, []), ...changed });
  expect(verify({ accountProof: [`0x${'0'.repeat(1_066)}`] })).toThrow('must be the hex of at most 532 bytes');
  expect(verify({ accountProof: new Array<string>(66).fill('0x80') })).toThrow('must be a list of at most 65 items');
  expect(verify({ balance: `0x${'0'.repeat(65)}` })).toThrow('must be 0x and 1 to 64 hex digits');
  const slots = new Array<Hash32>(1_025).fill(zeroHash);
  expect(() => verifyAccountProof({ ...query, slots }, answer(nobody, []))).toThrow('slots must be a list');
});

test('an account of another state root is not proven', () => {
  const at = (nonce: bigint) => makeWorld(new Map([[addresses[0]!, { nonce, balance: 6n, slots: new Map() }]]));
  const query = { stateRoot: at(1n).stateRoot, address: addresses[0]!, slots: [] };
  expect(refusal(query, at(2n).answer(addresses[0]!, []))).toBe('proof.accountProof.0');
});

const codeHash = hexToBytes(emptyCodeHash);
const storageHash = hexToBytes(emptyStorageHash);
const none = new Uint8Array(0);
test.each<[string, RlpItem]>([
  ['a string', none],
  ['three items', [none, none, storageHash]],
  ['a list for a number', [[], none, storageHash, codeHash]],
  ['a nonce with a leading zero', [Uint8Array.of(0, 1), none, storageHash, codeHash]],
  ['a nonce of nine bytes', [new Uint8Array(9).fill(1), none, storageHash, codeHash]],
  ['a balance of 33 bytes', [none, new Uint8Array(33).fill(1), storageHash, codeHash]],
  ['a storage hash of 31 bytes', [none, none, storageHash.slice(1), codeHash]],
  ['a code hash of nothing', [none, none, storageHash, none]],
])('a leaf that is no account: %s', (_, leaf) => {
  const state = new Trie();
  const key = keccak256(hexToBytes(addresses[0]!));
  state.put(key, encodeRlp(leaf));
  const answer = {
    ...makeWorld(new Map()).answer(addresses[0]!, []),
    accountProof: state.prove(key).map(bytesToHex),
  };
  const stateRoot = bytesToHex(state.commit().root);
  expect(refusal({ stateRoot, address: addresses[0]!, slots: [] }, answer)).toBe('proof.accountProof');
});

test.each<[string, RlpItem]>([
  ['zero', none],
  ['a leading zero', Uint8Array.of(0, 1)],
  ['33 bytes', new Uint8Array(33).fill(1)],
  ['a list', [Uint8Array.of(1)]],
])('a leaf that is no slot: %s', (_, leaf) => {
  const storage = new Trie();
  const slot = keccak256(hexToBytes(slotHex(1n)));
  storage.put(slot, encodeRlp(leaf));
  const { root } = storage.commit();
  const state = new Trie();
  const key = keccak256(hexToBytes(addresses[0]!));
  state.put(key, encodeRlp([none, none, root, codeHash]));
  const answer = {
    ...makeWorld(new Map()).answer(addresses[0]!, [1n]),
    codeHash: emptyCodeHash,
    storageHash: bytesToHex(root),
    accountProof: state.prove(key).map(bytesToHex),
    storageProof: [{ key: '0x1', value: '0x0', proof: storage.prove(slot).map(bytesToHex) }],
  };
  const query = { stateRoot: bytesToHex(state.commit().root), address: addresses[0]!, slots: [slotHex(1n)] };
  expect(refusal(query, answer)).toBe('proof.storageProof.0.proof');
});

test('whatever is answered is refused or true', () => {
  const slots = new Map([[1n, 5n]]);
  const { stateRoot, answer } = makeWorld(new Map([[addresses[0]!, { nonce: 5n, balance: 6n, slots }]]));
  const query = { stateRoot, address: addresses[0]!, slots: [slotHex(1n)] };
  const text = JSON.stringify(answer(addresses[0]!, [1n]));
  const truth = verifyAccountProof(query, JSON.parse(text));
  const places = [
    ...Object.keys(JSON.parse(text) as object),
    'storageProof.0',
    'storageProof.0.key',
    'storageProof.0.value',
  ];
  places.push('storageProof.0.proof', 'storageProof.0.proof.0', 'accountProof.0', '');
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
      const root = { proof: JSON.parse(text) as unknown };
      const path = ['proof', ...place.split('.')].filter((part) => part !== '');
      const last = path.pop()!;
      (path.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], root) as Record<string, unknown>)[
        last
      ] = value;
      try {
        expect(verifyAccountProof(query, root.proof)).toEqual(truth);
      } catch (error) {
        if (!isChainError(error, 'INVALID_ARGUMENT')) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
