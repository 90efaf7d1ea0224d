// Goal: a node that no trie of 32-byte keys has is refused, though its RLP and its hash are right.
// Method: hand-made nodes, one a rule; the same with a hash that asks for them, as the one node of a proof.
import { encodeRlp, type RlpItem } from '@sheaf/primitives';
import { decodeNode } from './decode-node.ts';
import { keccak256 } from './keccak.ts';
import { verifyProof } from './verify-proof.ts';

const none = new Uint8Array(0);
const hash = new Uint8Array(32).fill(9);
const bytes = (...values: number[]) => Uint8Array.from(values);
const branch = (children: Record<number, RlpItem>, value: RlpItem = none): RlpItem[] =>
  Array.from({ length: 17 }, (_, at) => (at === 16 ? value : (children[at] ?? none)));
/** The path of a leaf at the root: 32 bytes behind the flag. */
const leafPath = Uint8Array.of(0x20, ...new Uint8Array(32));

test.each<[string, RlpItem, string]>([
  ['a string', bytes(1, 2), 'is no list'],
  ['three items', [none, none, none], 'has neither 2 nor 17 items'],
  ['a path that is a list', [[], hash], 'has a path that is not in hex-prefix form'],
  ['no path', [none, hash], 'has a path that is not in hex-prefix form'],
  ['a flag above 3', [bytes(0x40), hash], 'has a path that is not in hex-prefix form'],
  ['an even path behind a nibble', [bytes(0x01, 0x11), hash], 'has a path that is not in hex-prefix form'],
  ['a leaf that is too short', [leafPath.slice(0, 32), hash], 'has a path that does not end with the key'],
  ['a leaf that is too long', [Uint8Array.of(...leafPath, 0), hash], 'has a path that does not end with the key'],
  ['a leaf without a value', [leafPath, none], 'has no value of 1 to 128 bytes'],
  ['a leaf with a list', [leafPath, [bytes(1)]], 'has no value of 1 to 128 bytes'],
  ['a leaf with a long value', [leafPath, new Uint8Array(129)], 'has no value of 1 to 128 bytes'],
  ['an extension without a path', [bytes(0x00), hash], 'is an extension without a path'],
  ['an extension of nothing', [bytes(0x11), none], 'is an extension of what is no branch'],
  [
    'an extension of a leaf',
    [Uint8Array.of(0x00, ...new Uint8Array(31)), [bytes(0x20, 0), bytes(1)]],
    'of what is no branch',
  ],
  ['an extension to the end', [Uint8Array.of(0x00, ...new Uint8Array(33)), hash], 'is deeper than the key'],
  ['a reference of 31 bytes', [bytes(0x11), hash.slice(1)], 'has a reference that is not 32 bytes'],
  ['a branch with a value', branch({ 1: hash, 2: hash }, bytes(1)), 'is a branch with a value'],
  ['a branch with a list for a value', branch({ 1: hash, 2: hash }, []), 'is a branch with a value'],
  ['a branch with one child', branch({ 1: hash }), 'is a branch with less than two children'],
  [
    'a child that must have been a hash',
    branch({ 1: hash, 2: [leafPath.slice(0, 32), hash] }),
    'that is not below 32 bytes',
  ],
  [
    'a bad node in a node',
    branch({ 1: hash, 2: [bytes(0x20), bytes(1)] }),
    'has a path that does not end with the key',
  ],
])('%s', (_, node, message) => {
  const encoding = encodeRlp(node);
  expect(() => decodeNode(encoding, 0, 'node')).toThrow(message);
  expect(() => verifyProof(keccak256(encoding), new Uint8Array(32), [encoding])).toThrow(/^proof\.0 /);
});

test('RLP that is not canonical and what is larger than any node', () => {
  expect(() => decodeNode(bytes(0xc2, 0x81, 0x05), 0, 'node')).toThrow('node is not canonical RLP');
  expect(() => decodeNode(new Uint8Array(533), 0, 'node')).toThrow('node is larger than 532 bytes');
});

test('below an extension there is a branch', () => {
  const leaf = encodeRlp([Uint8Array.of(0x20, ...new Uint8Array(31)), hash]);
  const extension = encodeRlp([bytes(0x00, 0x00), keccak256(leaf)]);
  const run = () => verifyProof(keccak256(extension), new Uint8Array(32), [extension, leaf]);
  expect(run).toThrow('proof.1 is below an extension and no branch');
});

test('a proof has at most 65 nodes, a root and a key 32 bytes', () => {
  expect(() => verifyProof(hash, hash, new Array<Uint8Array>(66).fill(none))).toThrow('proof has more than 65 nodes');
  expect(() => verifyProof(hash.slice(1), hash, [])).toThrow('root is not 32 bytes');
  expect(() => verifyProof(hash, hash.slice(1), [])).toThrow('key is not 32 bytes');
});
