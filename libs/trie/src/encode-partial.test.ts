// Goal: bytes that are no partial trie are refused naming the field, within bounds of size and of nodes.
// Method: hand-made bytes, one a rule; the largest counts there can be.
import { limits } from '@sheaf/primitives';
import { decodePartial, partialNodesMax } from './encode-partial.ts';

const whole = new Uint8Array(0);
const hash = new Array<number>(32).fill(7);
const leaf = (pathBytes: number, ...rest: number[]) => [64, ...new Array<number>(pathBytes).fill(0), ...rest];
/** A branch with an extension of `n` zero nibbles. */
const branch = (n: number, present: number, nodes: number, ...children: number[]) => [
  ...[n, ...new Array<number>((n + 1) >> 1).fill(0)],
  ...[present >> 8, present & 255, nodes >> 8, nodes & 255, ...children],
];

test.each<[string, number[], string]>([
  ['nothing', [], 'is cut short'],
  ['nothing with more', [65, 0], 'has bytes after its end'],
  ['a hash that is cut short', [66, ...hash.slice(1)], 'is cut short'],
  ['a hash with more', [66, ...hash, 0], 'has bytes after its end'],
  ['no kind of node', [67], 'has a node of no kind'],
  ['a leaf without a value', leaf(32, 0), 'has a value that is not of 1 to 128 bytes'],
  ['a leaf with a long value', leaf(32, 129, ...new Array<number>(129).fill(1)), 'is not of 1 to 128 bytes'],
  ['a leaf that is cut short', leaf(32, 2, 1), 'is cut short'],
  ['a branch without children', branch(0, 0, 0), 'has children that cannot be'],
  ['a branch with one child', branch(0, 4, 0, ...hash), 'has children that cannot be'],
  ['a branch with a node that is no child', branch(0, 6, 1, ...hash, ...hash), 'has children that cannot be'],
  ['a branch that is cut short', branch(0, 6, 0, ...hash), 'is cut short'],
  ['an extension that does not end', [1, 0x11, 0, 6, 0, 0, ...hash, ...hash], 'has a path that does not end'],
  ['a leaf whose path does not end', branch(0, 3, 1, ...leaf(31), 1, 1, 1, ...hash), 'has a path that does not end'],
  ['nothing in a branch', branch(0, 3, 1, 65, ...hash), 'has a node of no kind'],
  ['a hash in a branch as a node', branch(0, 3, 1, 66, ...hash, ...hash), 'has a node of no kind'],
  [
    'a branch below the last nibble',
    branch(63, 3, 1, ...branch(0, 3, 0, ...hash, ...hash), ...hash),
    'deeper than the key',
  ],
  ['an extension below the last nibble', branch(62, 3, 1, ...branch(1, 3, 0), ...hash), 'is deeper than the key'],
])('%s', (_, bytes, message) => {
  const run = () => decodePartial(Uint8Array.from(bytes), whole, 'witness');
  expect(run).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ field: 'witness' }) as unknown }) as Error,
  );
  expect(run).toThrow(message);
});

test('a part of a trie has the depth of its position', () => {
  const bytes = Uint8Array.from([64, ...new Array<number>(31).fill(0x22), 1, 9]);
  const key = Uint8Array.of(0xab, ...new Array<number>(31).fill(0x22));
  expect(decodePartial(bytes, Uint8Array.of(10, 11), 'part')).toEqual({ kind: 'leaf', key, value: Uint8Array.of(9) });
});

test('more bytes or more nodes than there may be', () => {
  expect(() => decodePartial(new Uint8Array(limits.witnessBytesMax + 1), whole, 'witness')).toThrow('is larger than');
  // 16 branches in each of five levels, and in each of the last branches, by an extension to the end, 16 leaves of 3 bytes.
  const leaves = new Array<number[]>(16).fill(leaf(0, 1, 1)).flat();
  const last = branch(58, 0xffff, 0xffff, ...leaves);
  let tree = Uint8Array.from(last);
  for (let level = 0; level < 4; level++) tree = repeat(branch(0, 0xffff, 0xffff), tree);
  expect(tree.length).toBeLessThan(limits.witnessBytesMax);
  expect(() => decodePartial(tree, Uint8Array.of(0), 'witness')).toThrow(`has more than ${partialNodesMax} nodes`);
});

/** A branch with 16 times the same child. */
function repeat(head: readonly number[], child: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + 16 * child.length);
  bytes.set(head);
  for (let at = 0; at < 16; at++) bytes.set(child, head.length + at * child.length);
  return bytes;
}
