// Goal: a witness tells what the whole trie tells and commits to what the whole trie commits to, or throws; it has nothing
// that is not needed, and no byte of it can be altered.
// Method: random tries with close keys, random reads and changes; the whole trie built from its leaves as the oracle;
// each node of a witness replaced by its hash in turn; altered encodings.
import { bytesToHex, compareBytes, equalBytes, hexToBytes, isChainError } from '@sheaf/primitives';
import fc from 'fast-check';
import { key, leavesOf, value } from '../test/arbitraries.ts';
import { buildSource } from '../test/build-source.ts';
import { cutBuckets } from '../test/cut-buckets.ts';
import { decodeBranch } from './branch-record.ts';
import { collectAccounts, collectPartial, type TouchedKeys } from './collect.ts';
import { rootOf } from './encode-node.ts';
import { mergedSource } from './merged-source.ts';
import { toNibbles } from './nibbles.ts';
import type { PartialNode } from './partial-node.ts';
import { partialTries, PartialTrie } from './partial-trie.ts';
import { createTrieEngine } from './trie-engine.ts';
import type { LeafChange } from './trie-batch.ts';
import type { TrieLeaf } from './trie-source.ts';

const whole = new Uint8Array(0);
const engine = createTrieEngine();

/** A trie, and what a block reads of it and changes in it. */
interface Case {
  leaves: TrieLeaf[];
  keys: TouchedKeys & { changes: LeafChange[] };
}

const cases = (leavesMax: number): fc.Arbitrary<Case> =>
  leavesOf(leavesMax).chain((leaves) => {
    const present = leaves.length === 0 ? key : fc.constantFrom(...leaves.map((leaf) => leaf.key));
    const touched = fc.oneof({ weight: 3, arbitrary: present }, { weight: 1, arbitrary: key });
    const byKey = { selector: bytesToHex };
    const change = fc.record({ key: touched, value: fc.option(value, { nil: undefined, freq: 1 }) });
    return fc.record({
      leaves: fc.constant(leaves),
      keys: fc.record({
        reads: fc.uniqueArray(touched, { maxLength: 4, ...byKey }).map((reads) => reads.sort(compareBytes)),
        changes: fc
          .uniqueArray(change, { maxLength: 8, selector: ({ key }) => bytesToHex(key) })
          .map((changes) => changes.sort((a, b) => compareBytes(a.key, b.key)))
          .map((changes) => changes.map((made) => ({ ...made, existed: valueOf(leaves, made.key) !== undefined }))),
      }),
    });
  });

function valueOf(leaves: readonly TrieLeaf[], key: Uint8Array): Uint8Array | undefined {
  return leaves.find((leaf) => equalBytes(leaf.key, key))?.value;
}

function rootOfLeaves(leaves: readonly TrieLeaf[]): Uint8Array {
  return rootOf(buildSource(leaves).topAt(whole), 0);
}

function rootAfter({ leaves, keys }: Case): Uint8Array {
  const after = new Map(leaves.map((leaf) => [bytesToHex(leaf.key), leaf]));
  for (const { key, value } of keys.changes) {
    if (value === undefined) after.delete(bytesToHex(key));
    else after.set(bytesToHex(key), { key, value });
  }
  return rootOfLeaves([...after.values()]);
}

function commit(trie: PartialTrie, owner: number, { keys }: Case): Uint8Array {
  return engine.commit([{ owner, position: whole, changes: keys.changes }], trie).roots[0]!;
}

function touchedKeys({ keys }: Case): Uint8Array[] {
  return [...keys.reads, ...keys.changes.map(({ key }) => key)];
}

/** What it returns, or 'lacking' when it throws that the witness does not tell. */
function attempt<T>(run: () => T): T | 'lacking' {
  try {
    return run();
  } catch (error) {
    if (isChainError(error, 'DATA_LOSS') && error.message.includes('the witness lacks')) return 'lacking';
    throw error;
  }
}

test('a witness of a storage trie reads and commits as the trie does', () => {
  fc.assert(
    fc.property(cases(40), fc.array(key, { maxLength: 3 }), (made, others) => {
      const witness = new PartialTrie(collectPartial(buildSource(made.leaves), 7, made.keys));
      const received = PartialTrie.decode(witness.encode());
      expect(received).toEqual(witness);
      expect(received.root).toEqual(rootOfLeaves(made.leaves));
      for (const touched of touchedKeys(made)) expect(received.lookUp(touched)).toEqual(valueOf(made.leaves, touched));
      for (const other of [...others, ...made.leaves.map((leaf) => leaf.key)]) {
        const found = attempt(() => received.lookUp(other));
        if (found !== 'lacking') expect(found).toEqual(valueOf(made.leaves, other));
      }
      expect(commit(received, 7, made)).toEqual(rootAfter(made));
    }),
    { numRuns: 200 },
  );
});

test('a witness of the account trie, joined from its buckets, is that of the trie as one', () => {
  fc.assert(
    fc.property(fc.oneof(cases(4), cases(40)), (made) => {
      const { merged, source } = cutBuckets(made.leaves);
      const joined = collectAccounts(merged, source, made.keys);
      if (touchedKeys(made).length > 0) {
        expect(joined).toEqual(collectPartial(mergedSource(merged, source), 0, made.keys));
      }
      const received = PartialTrie.decode(new PartialTrie(joined).encode());
      expect(received.root).toEqual(merged.root);
      for (const touched of touchedKeys(made)) expect(received.lookUp(touched)).toEqual(valueOf(made.leaves, touched));
      if (made.keys.changes.length > 0) expect(commit(received, 0, made)).toEqual(rootAfter(made));
    }),
    { numRuns: 60 },
  );
});

test('as a source, a witness says of each position what the trie says, or is lacking', () => {
  fc.assert(
    fc.property(cases(20), fc.array(fc.tuple(key, fc.nat(64)), { maxLength: 6 }), (made, places) => {
      const source = buildSource(made.leaves);
      const witness = new PartialTrie(collectPartial(source, 7, made.keys));
      const known = made.leaves.flatMap((leaf) => [0, 1, 2, 60, 62, 63, 64].map((depth) => [leaf.key, depth] as const));
      const positions = [...places, ...known].map(([path, depth]) => toNibbles(path).subarray(0, depth));
      for (const position of [...source.branches.keys()].map((text) => hexToBytes(text))) {
        positions.push(position);
        for (let at = 0; at < position.length; at++) positions.push(position.with(at, position[at]! ^ 1));
      }
      for (const position of positions) {
        const leaf = attempt(() => witness.leaf(7, position));
        if (leaf !== 'lacking') expect(leaf).toEqual(source.leaf(7, position));
        const record = attempt(() => witness.branch(7, position));
        // It does not tell the kind of a child that it does not know, and has all else.
        const references = (bytes: Uint8Array | undefined) => bytes && { ...decodeBranch(bytes), leaves: 0 };
        if (record !== 'lacking') expect(references(record)).toEqual(references(source.branch(7, position)));
      }
    }),
    { numRuns: 60 },
  );
});

/** The partial tries with one of the nodes that have a hash replaced by it. */
function* without(top: PartialNode | undefined, position = whole): Iterable<PartialNode> {
  if (top === undefined || top.kind === 'hash') return;
  const sealed = hashOf(top, position);
  if (sealed !== undefined) yield { kind: 'hash', hash: sealed };
  if (top.kind === 'leaf') return;
  for (const [nibble, child] of top.children.entries()) {
    const below = Uint8Array.of(...position, ...top.extension, nibble);
    for (const changed of without(child, below)) yield { ...top, children: top.children.with(nibble, changed) };
  }
}

/** What the node has for a hash, by the record of a branch that has it as a child; `undefined`: it is below 32 bytes. */
function hashOf(node: PartialNode, position: Uint8Array): Uint8Array | undefined {
  if (position.length === 0) return new PartialTrie(node).root;
  const [nibble, other] = [position.at(-1)!, position.at(-1)! ^ 1];
  const children = new Array<PartialNode | undefined>(16).fill(undefined).with(nibble, node);
  const parent = { kind: 'branch' as const, extension: position.slice(0, -1), children };
  const record = new PartialTrie({
    ...parent,
    children: children.with(other, { kind: 'hash', hash: new Uint8Array(32) }),
  }).branch(0, whole)!;
  const masks = 1 + ((record[0]! + 1) >> 1);
  const embedded = (record[masks + 4]! << 8) | record[masks + 5]!;
  if ((embedded & (1 << nibble)) !== 0) return undefined;
  const at = masks + 6 + (nibble > other ? 32 : 0);
  return record.slice(at, at + 32);
}

test('without any one of its nodes a witness has the same root, is lacking for something and never wrong', () => {
  fc.assert(
    fc.property(cases(30), (made) => {
      const top = collectPartial(buildSource(made.leaves), 7, made.keys);
      const { root } = new PartialTrie(top);
      const after = rootAfter(made);
      for (const less of without(top)) {
        const trie = new PartialTrie(less);
        expect(trie.root).toEqual(root);
        const outcomes: unknown[] = touchedKeys(made).map((touched) => {
          const found = attempt(() => trie.lookUp(touched));
          if (found !== 'lacking') expect(found).toEqual(valueOf(made.leaves, touched));
          return found;
        });
        const committed = attempt(() => commit(trie, 7, made));
        if (committed !== 'lacking') expect(committed).toEqual(after);
        // The top of what is not touched at all is the one node that nobody asks for.
        if (touchedKeys(made).length > 0) expect([...outcomes, committed]).toContain('lacking');
      }
    }),
    { numRuns: 80 },
  );
});

test('an altered witness is refused or has another root', () => {
  fc.assert(
    fc.property(
      cases(20),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('change', 'cut', 'extend', 'insert', 'remove'),
      (made, places, how) => {
        const witness = new PartialTrie(collectPartial(buildSource(made.leaves), 7, made.keys));
        const bytes = [...witness.encode()];
        for (const [place, change] of places) {
          const at = place % bytes.length;
          if (how === 'change') bytes[at]! ^= change;
          if (how === 'cut' && bytes.length > 1) bytes.pop();
          if (how === 'extend') bytes.push(change);
          if (how === 'insert') bytes.splice(at, 0, change);
          if (how === 'remove' && bytes.length > 1) bytes.splice(at, 1);
        }
        const altered = Uint8Array.from(bytes);
        if (equalBytes(altered, witness.encode())) return;
        try {
          const received = PartialTrie.decode(altered, 'witness.3');
          expect(received.root).not.toEqual(witness.root);
          expect(received.encode()).toEqual(altered);
        } catch (error) {
          if (!isChainError(error, 'INVALID_ARGUMENT')) throw error;
          expect(error).toMatchObject({ detail: { field: 'witness.3' } });
        }
      },
    ),
    { numRuns: 800 },
  );
});

test('tries of several owners in one commit', () => {
  fc.assert(
    fc.property(cases(12), cases(12), (first, second) => {
      const tries = new Map(
        [first, second].map((made, at) => [
          at + 1,
          new PartialTrie(collectPartial(buildSource(made.leaves), 7, made.keys)),
        ]),
      );
      const batches = [first, second].map(({ keys }, at) => ({
        owner: at + 1,
        position: whole,
        changes: keys.changes,
      }));
      const { roots } = engine.commit(batches, partialTries(tries));
      expect(roots).toEqual([rootAfter(first), rootAfter(second)]);
    }),
    { numRuns: 40 },
  );
  expect(() => partialTries(new Map()).branch(3, whole)).toThrow('the witness lacks the trie 3');
});
