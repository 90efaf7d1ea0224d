// Goal: what another member says a bucket hangs at is refused unless it is the one encoding of a node that can be there.
// Method: hand-made bytes, one a rule.
import { encodeRlp } from '@sheaf/primitives';
import { encodeBranch, type Branch } from './branch-record.ts';
import { branchOf } from './encode-node.ts';
import { decodeTop } from './encode-top.ts';

const position = Uint8Array.of(10, 11);
const hash = new Uint8Array(32).fill(7);
const key = Uint8Array.of(0xab, ...new Uint8Array(31));
/** A leaf at the last nibble. */
const small = encodeRlp([Uint8Array.of(0x20), Uint8Array.of(1)]);

/** A branch whose children 1 and 2 are these. */
const record = (nibbles: number, children: readonly Uint8Array[], leaves: number): Uint8Array =>
  encodeBranch(branchOf(new Uint8Array(nibbles), [undefined, ...children], leaves));
const embedding = (change: (branch: Branch) => void): Uint8Array => {
  const branch = branchOf(new Uint8Array(61), [undefined, small, small], 6);
  change(branch);
  return encodeBranch(branch);
};

test('each kind of node', () => {
  expect(decodeTop(Uint8Array.of(0), position)).toEqual({ kind: 'empty' });
  const leaf = Uint8Array.of(1, ...key, 5);
  expect(decodeTop(leaf, position)).toEqual({ kind: 'leaf', key, value: Uint8Array.of(5) });
  for (const good of [record(3, [hash, hash], 2), record(61, [hash, hash], 6), embedding(() => {})]) {
    expect(decodeTop(Uint8Array.of(2, ...good), position)).toEqual({ kind: 'branch', record: good });
  }
});

test.each<[string, Uint8Array, string]>([
  ['nothing', Uint8Array.of(), 'is no kind of node'],
  ['an unknown kind', Uint8Array.of(3), 'is no kind of node'],
  ['empty with more', Uint8Array.of(0, 0), 'has bytes after its end'],
  ['a leaf without a value', Uint8Array.of(1, ...key), 'has a value that is not of 1 to 128 bytes'],
  ['a leaf with a long value', Uint8Array.of(1, ...key, ...new Uint8Array(129)), 'is not of 1 to 128 bytes'],
  ['a leaf of another bucket', Uint8Array.of(1, 0xac, ...key.slice(1), 5), 'has the key of another position'],
  ['a branch that is cut short', Uint8Array.of(2, ...record(3, [hash, hash], 2).slice(0, -1)), 'is no branch record'],
  ['a branch with one child', Uint8Array.of(2, ...record(3, [hash], 2)), 'is no branch record'],
  ['a branch below the last nibble', Uint8Array.of(2, ...record(62, [hash, hash], 6)), 'is deeper than the key'],
  ['a branch at the last nibble', Uint8Array.of(2, ...record(61, [hash, hash], 2)), 'is deeper than the key'],
  [
    'an embedded leaf said to be none',
    Uint8Array.of(2, ...embedding((branch) => (branch.leaves = 2))),
    'deeper than the key',
  ],
  [
    'an embedded child of another kind',
    Uint8Array.of(2, ...record(56, [encodeRlp([Uint8Array.of(0x20, 0, 0), Uint8Array.of(1)]), hash], 0)),
    'has a path that does not end with the key',
  ],
  [
    'an embedded leaf higher up said to be none',
    Uint8Array.of(2, ...record(57, [encodeRlp([Uint8Array.of(0x20, 0, 0), Uint8Array.of(1)]), hash], 0)),
    'has a child of another kind',
  ],
  [
    'zeros that are none behind an embedded child',
    Uint8Array.of(2, ...embedding((branch) => (branch.references[1] = branch.references[1]!.with(31, 1)))),
    'has bytes after an embedded child',
  ],
  [
    'an embedded child that is no list',
    Uint8Array.of(2, ...embedding((branch) => (branch.references[2] = hash))),
    'has an embedded child that is no node',
  ],
])('%s', (_, bytes, message) => {
  expect(() => decodeTop(bytes, position, 'tops.3')).toThrow(message);
  expect(() => decodeTop(bytes, position, 'tops.3')).toThrow(/^tops\.3 /);
});
