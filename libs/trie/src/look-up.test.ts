// Goal: a source that contradicts its own branches is damaged, and what it says is not taken for an answer.
// Method: a branch over a source that lacks its children, or has others.
import { encodeBranch } from './branch-record.ts';
import { branchOf } from './encode-node.ts';
import { lookUp } from './look-up.ts';
import type { TrieSource } from './trie-source.ts';

const hash = new Uint8Array(32).fill(7);
const top = (nibbles: number) => {
  const record = encodeBranch(branchOf(new Uint8Array(nibbles), [hash, hash], 1));
  return { owner: 7, position: new Uint8Array(0), top: { kind: 'branch' as const, record } };
};
const nothing: TrieSource = { branch: () => undefined, leaf: () => undefined };
const leafKey = new Uint8Array(32);
const branchKey = new Uint8Array(32).with(0, 0x10);

test('a child that is missing', () => {
  expect(() => lookUp(nothing, top(0), leafKey)).toThrow('the leaf at 7/0 is missing');
  expect(() => lookUp(nothing, top(0), branchKey)).toThrow('the branch at 7/1 is missing');
});

test('a leaf of another position', () => {
  const elsewhere = { ...nothing, leaf: () => ({ key: branchKey, value: hash }) };
  expect(() => lookUp(elsewhere, top(0), leafKey)).toThrow('the leaf at 7/0 is missing');
});

test('a branch deeper than any key', () => {
  const deeper = { ...nothing, branch: () => encodeBranch(branchOf(new Uint8Array(62), [hash, hash], 3)) };
  expect(lookUp(deeper, top(0), branchKey.with(31, 0xff))).toBeUndefined();
  const tooDeep = { ...nothing, branch: () => encodeBranch(branchOf(new Uint8Array(63), [hash, hash], 3)) };
  expect(() => lookUp(tooDeep, top(0), branchKey)).toThrow('the branch at 7/1 is deeper than its keys');
});

test('a key of another part', () => {
  expect(() => lookUp(nothing, { owner: 0, position: Uint8Array.of(1, 2) }, leafKey)).toThrow('assertion failed');
});
