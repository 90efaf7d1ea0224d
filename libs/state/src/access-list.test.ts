// Goal: an access list has one encoding, and each way to be none is refused by the name of its part.
// Method: one list with everything in it, encoded in another order; then its RLP with one thing changed at a time.
import { bytesToHex, decodeRlp, encodeRlp, toHash32, type Hash32, type RlpItem } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { changesOf, decodeAccessList, encodeAccessList, type AccessList } from './access-list.ts';
import { accessListBytesMax } from './limits.ts';

const address = (n: number) => new Uint8Array(20).fill(n);
const slot = (n: number) => new Uint8Array(32).fill(n);
const hash = (n: number) => toHash32(new Uint8Array(32).fill(n));
const word = (n: number) => new Uint8Array(32).fill(n, 31);
const codes = [Uint8Array.of(1), Uint8Array.of(2, 2)].sort((a, b) =>
  bytesToHex(keccak256(a)) < bytesToHex(keccak256(b)) ? -1 : 1,
);
const codeHash = (code: Uint8Array) => bytesToHex(keccak256(code)) as Hash32;

/** In the order of the encoding: what was read, what changed, what is gone, what has only lost its slots. */
const list: AccessList = {
  accounts: [
    { address: address(1), reads: [slot(3), slot(4)], change: undefined },
    {
      address: address(2),
      reads: [slot(9)],
      change: {
        address: address(2),
        account: { nonce: 2n ** 64n - 1n, balance: 2n ** 256n - 1n, codeHash: keccak256(codes[0]!) },
        storageWiped: false,
        slots: [
          { slot: slot(1), value: new Uint8Array(32) },
          { slot: slot(2), value: new Uint8Array(32).fill(0xff) },
        ],
      },
    },
    {
      address: address(3),
      reads: [],
      change: { address: address(3), account: undefined, storageWiped: true, slots: [] },
    },
    {
      address: address(4),
      reads: [],
      change: {
        address: address(4),
        account: { nonce: 0n, balance: 0n, codeHash: keccak256(codes[1]!) },
        storageWiped: true,
        slots: [{ slot: slot(5), value: word(1) }],
      },
    },
  ],
  codes: new Map(codes.map((code) => [codeHash(code), code])),
  codeReads: [hash(1), hash(2)],
};
const encoded = encodeAccessList(list);

test('there and back, from any order', () => {
  expect(decodeAccessList(encoded)).toEqual(list);
  const accounts = list.accounts.map((access) => ({
    ...access,
    reads: [...access.reads].reverse(),
    change: access.change && { ...access.change, slots: [...access.change.slots].reverse() },
  }));
  const turned: AccessList = {
    accounts: accounts.reverse(),
    codes: new Map([...list.codes].reverse()),
    codeReads: [...list.codeReads].reverse(),
  };
  expect(encodeAccessList(turned)).toEqual(encoded);
  expect(turned.accounts[0]!.address).toEqual(address(4));
  expect(changesOf(list)).toEqual({ accounts: list.accounts.slice(1).map(({ change }) => change), codes: list.codes });
  expect(decodeAccessList(encodeAccessList({ accounts: [], codes: new Map(), codeReads: [] }))).toEqual({
    accounts: [],
    codes: new Map(),
    codeReads: [],
  });
});

type Tree = Uint8Array | Tree[];
const none = new Uint8Array(0);
const bytes = (n: number, length: number) => new Uint8Array(length).fill(n);
const copy = (item: RlpItem): Tree => (item instanceof Uint8Array ? item : item.map(copy));

/** The list's RLP with the item at the path replaced. */
function changed(path: readonly number[], value: Tree | ((old: Tree) => Tree)): Uint8Array {
  const tree = copy(decodeRlp(encoded, 'list')) as Tree[];
  const parent = path.slice(0, -1).reduce<Tree[]>((at, index) => at[index] as Tree[], tree);
  const last = path.at(-1)!;
  parent[last] = typeof value === 'function' ? value(parent[last]!) : value;
  return encodeRlp(tree);
}

const swap = (old: Tree) => [...(old as Tree[])].reverse();
const twice = (old: Tree) => [(old as Tree[])[0]!, ...(old as Tree[])];
const more = (old: Tree) => [...(old as Tree[]), none];

test.each<[string, readonly number[], Tree | ((old: Tree) => Tree)]>([
  ['list.accounts', [0], none],
  ['list.accounts.1', [0], swap],
  ['list.accounts.1', [0], twice],
  ['list.accounts.0', [0, 0], none],
  ['list.accounts.0', [0, 0], more],
  ['list.accounts.0.address', [0, 0, 0], bytes(1, 19)],
  ['list.accounts.0.address', [0, 0, 0], [none]],
  // Flags: with a leading zero, of two bytes, none that there are, gone or wiped without being changed.
  ['list.accounts.0.flags', [0, 0, 1], bytes(0, 1)],
  ['list.accounts.0.flags', [0, 0, 1], bytes(1, 2)],
  ['list.accounts.0.flags', [0, 0, 1], [none]],
  ['list.accounts.0.flags', [0, 0, 1], bytes(8, 1)],
  ['list.accounts.1.flags', [0, 1, 1], bytes(9, 1)],
  ['list.accounts.0.flags', [0, 0, 1], bytes(2, 1)],
  ['list.accounts.0.flags', [0, 0, 1], bytes(4, 1)],
  // Changed slots of what is not changed, or gone.
  ['list.accounts.1.flags', [0, 1, 1], none],
  ['list.accounts.1.flags', [0, 1, 1], bytes(3, 1)],
  ['list.accounts.1.slots', [0, 1, 2], none],
  ['list.accounts.1.slots.1', [0, 1, 2], swap],
  ['list.accounts.1.slots.1', [0, 1, 2], twice],
  ['list.accounts.1.slots.0', [0, 1, 2, 0], none],
  ['list.accounts.1.slots.0', [0, 1, 2, 0], more],
  ['list.accounts.1.slots.0', [0, 1, 2, 0, 0], bytes(1, 31)],
  ['list.accounts.1.slots.1.value', [0, 1, 2, 1, 1], bytes(1, 33)],
  ['list.accounts.1.slots.1.value', [0, 1, 2, 1, 1], bytes(0, 1)],
  ['list.accounts.1.slots.1.value', [0, 1, 2, 1, 1], [none]],
  ['list.accounts.0.reads', [0, 0, 3], none],
  ['list.accounts.0.reads.1', [0, 0, 3], swap],
  ['list.accounts.0.reads.1', [0, 0, 3], twice],
  ['list.accounts.0.reads.0', [0, 0, 3, 0], bytes(1, 33)],
  ['list.accounts.0.reads.0', [0, 0, 3, 0], [none]],
  ['list.accounts.1.nonce', [0, 1, 4], bytes(1, 9)],
  ['list.accounts.1.nonce', [0, 1, 4], bytes(0, 1)],
  ['list.accounts.1.nonce', [0, 1, 4], [none]],
  ['list.accounts.1.balance', [0, 1, 5], bytes(1, 33)],
  ['list.accounts.1.balance', [0, 1, 5], bytes(0, 3)],
  ['list.accounts.1.codeHash', [0, 1, 6], bytes(1, 31)],
  ['list.accounts.1.codeHash', [0, 1, 6], none],
  ['list.accounts.1.codeHash', [0, 1, 6], [none]],
  // Fields of an account that is not changed, or is gone.
  ['list.accounts.0', [0, 0, 4], bytes(1, 1)],
  ['list.accounts.2', [0, 2, 5], bytes(1, 1)],
  ['list.accounts.0.codeHash', [0, 0, 6], bytes(1, 32)],
  ['list.codes', [1], none],
  ['list.codes.1', [1], swap],
  ['list.codes.1', [1], twice],
  ['list.codes.0', [1, 0], [none]],
  ['list.codeReads', [2], none],
  ['list.codeReads.1', [2], swap],
  ['list.codeReads.1', [2], twice],
  ['list.codeReads.0', [2, 0], bytes(1, 33)],
])('%s is wrong: %j', (field, path, value) => {
  expect(() => decodeAccessList(changed(path, value), 'list')).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) }),
  );
});

test('what is no list, is cut short or goes on, or is too much', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  for (const other of [none, encodeRlp(none), encodeRlp([[], []]), encodeRlp([[], [], [], []])]) {
    expect(() => decodeAccessList(other)).toThrow(invalid);
  }
  expect(() => decodeAccessList(encoded.subarray(0, -1))).toThrow(invalid);
  expect(() => decodeAccessList(Uint8Array.of(...encoded, 0))).toThrow(invalid);
  expect(() => decodeAccessList(new Uint8Array(accessListBytesMax + 1))).toThrow('more than');
  expect(() => decodeAccessList(new Uint8Array(accessListBytesMax))).not.toThrow('more than');
});
