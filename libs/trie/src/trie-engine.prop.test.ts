// Goal: after any history of batches the engine's tries are those that their leaves make, branch by branch, and its
// diffs lead from each state to the next and back.
// Method: fast-check histories over a forest (an account trie in buckets and two storage tries) whose keys share
// prefixes of every length and whose values are from one byte up, against tries made from nothing and @ethereumjs/mpt.
import { createMPT } from '@ethereumjs/mpt';
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { positionText, referenceTrie } from '../test/reference-trie.ts';
import { MemoryTrieSource } from './memory-source.ts';
import { followNodeDiff, readNodeDiff } from './node-diff.ts';
import type { LeafChange, TrieBatch, TrieCommit } from './trie-batch.ts';
import { createTrieEngine } from './trie-engine.ts';
import type { TrieLeaf } from './trie-source.ts';

interface Write {
  owner: number;
  key: Uint8Array;
  value: Uint8Array | undefined;
}

/** Nibbles that are mostly zero, so that keys part at few depths: the first, the middle, the last. */
const key = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 30, 31, 60, 61, 62, 63), fc.constantFrom(1, 2, 15)), { maxLength: 4 })
  .map((places) => {
    const bytes = new Uint8Array(32);
    for (const [place, nibble] of places) {
      bytes[place >> 1]! |= place % 2 === 0 ? nibble << 4 : nibble;
    }
    return bytes;
  });
/** A leaf at depth 63 with a byte as its value takes 3 bytes; 600 take more blocks than are hashed in pairs. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 2 }) },
  { weight: 4, arbitrary: fc.uint8Array({ minLength: 20, maxLength: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 600 }).map((size) => new Uint8Array(size).fill(size)) },
);
/** Indexes into the pool of a history: its writes meet at few keys, so that branches come and go. */
const write = fc.record({
  owner: fc.constantFrom(0, 1, 1, 2 ** 48 - 1),
  index: fc.nat({ max: 15 }),
  value: fc.option(value, { nil: undefined, freq: 2 }),
});
const step = fc.oneof(
  { weight: 5, arbitrary: fc.array(write, { maxLength: 24 }) },
  { weight: 2, arbitrary: fc.array(write, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant('clear' as const) },
);
const history = fc.record({
  pool: fc.array(key, { minLength: 2, maxLength: 16 }),
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
});

/** Leaves by owner and key. */
type Model = Map<number, Map<string, TrieLeaf>>;

/** The position of the part that a key is in: a bucket of the account trie, or all of a storage trie. */
function partOf(owner: number, key: Uint8Array): Uint8Array {
  return owner === 0 ? Uint8Array.of(key[0]! >> 4, key[0]! & 15) : new Uint8Array(0);
}

/** The writes (of one key the last) as batches; then the model has them. */
function toBatches(model: Model, writes: readonly Write[]): TrieBatch[] {
  const parts = new Map<string, TrieBatch & { changes: LeafChange[] }>();
  const last = new Map(writes.map((write) => [`${write.owner} ${bytesToHex(write.key)}`, write]));
  for (const { owner, key, value } of last.values()) {
    const position = partOf(owner, key);
    const name = `${String(owner).padStart(15, '0')} ${positionText(position)}`;
    const batch = parts.get(name) ?? { owner, position, changes: [] };
    parts.set(name, batch);
    const leaves = model.get(owner) ?? new Map<string, TrieLeaf>();
    model.set(owner, leaves);
    batch.changes.push({ key, value, existed: leaves.has(bytesToHex(key)) });
    if (value === undefined) leaves.delete(bytesToHex(key));
    else leaves.set(bytesToHex(key), { key, value });
  }
  for (const { changes } of parts.values()) {
    changes.sort((a, b) => (bytesToHex(a.key) < bytesToHex(b.key) ? -1 : 1));
  }
  return [...parts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, batch]) => batch);
}

/** Everything a source has, as text by owner and position. */
function recordsOf(source: MemoryTrieSource): Map<string, string> {
  const records = new Map<string, string>();
  for (const { owner, position, record } of source.branches()) {
    records.set(`${owner} ${positionText(position)}`, bytesToHex(record));
  }
  return records;
}

/** What the records of the model's tries are when made from nothing. */
function expectedRecords(model: Model): Map<string, string> {
  const records = new Map<string, string>();
  for (const [owner, leaves] of model) {
    const parts = new Map<string, TrieLeaf[]>();
    for (const leaf of leaves.values()) {
      const name = positionText(partOf(owner, leaf.key));
      parts.set(name, [...(parts.get(name) ?? []), leaf]);
    }
    for (const [name, part] of parts) {
      for (const [position, record] of referenceTrie(part, name.length).records) {
        records.set(`${owner} ${position}`, bytesToHex(record));
      }
    }
  }
  return records;
}

function expectTops(model: Model, batches: readonly TrieBatch[], { tops, roots }: TrieCommit): void {
  batches.forEach(({ owner, position }, i) => {
    const part = positionText(position);
    const leaves = [...model.get(owner)!.values()].filter(({ key }) => positionText(partOf(owner, key)) === part);
    const expected = referenceTrie(leaves, position.length);
    expect(tops[i]).toEqual(expected.top);
    expect(bytesToHex(roots[i]!)).toBe(bytesToHex(expected.root));
  });
}

/** Goes from one state to another by the diff, entry by entry, and checks that entries and nodes are the same, in order. */
function follow(
  records: Map<string, string>,
  { diff, nodes: changed }: TrieCommit,
  to: 'before' | 'after',
): Map<string, string> {
  const nodes = [...changed];
  const followed = new Map(records);
  let previous = '';
  let count = 0;
  for (let at = 0; at < diff.length; count++) {
    const { entry, end } = readNodeDiff(diff, at);
    at = end;
    const { owner, position, after } = nodes[count]!;
    expect({ owner: entry.owner, position: entry.position }).toEqual({ owner, position });
    const sorted = `${String(owner).padStart(15, '0')} ${positionText(position)}`;
    expect(previous < sorted).toBe(true);
    previous = sorted;
    const name = `${owner} ${positionText(position)}`;
    const from = followed.get(name);
    const record = followNodeDiff(entry, to, from === undefined ? undefined : Buffer.from(from.slice(2), 'hex'));
    if (entry.kind === 'whole') {
      const other = entry[to === 'before' ? 'after' : 'before'];
      expect(other && bytesToHex(other)).toBe(from);
    }
    const text = record && bytesToHex(record);
    expect(text).not.toBe(from);
    if (to === 'after') expect(text).toBe(after && bytesToHex(after));
    if (text === undefined) followed.delete(name);
    else followed.set(name, text);
  }
  expect(count).toBe(nodes.length);
  return followed;
}

test('every history leaves the tries that its leaves make, and diffs that lead back', async () => {
  const engine = createTrieEngine();
  await fc.assert(
    fc.asyncProperty(history, async ({ pool, steps }) => {
      const model: Model = new Map();
      const source = new MemoryTrieSource();
      const oracles = new Map([1, 2 ** 48 - 1].map((owner) => [owner, createMPT()]));
      for (const step of steps) {
        const writes =
          step === 'clear'
            ? [...model].flatMap(([owner, leaves]) =>
                [...leaves.values()].map(({ key }): Write => ({ owner, key, value: undefined })),
              )
            : step.map(({ owner, index, value }): Write => ({ owner, key: pool[index % pool.length]!, value }));
        const batches = toBatches(model, writes);
        const before = recordsOf(source);
        const commit = engine.commit(batches, source);
        expectTops(model, batches, commit);
        source.apply(commit, batches);
        const after = recordsOf(source);
        expect(after).toEqual(expectedRecords(model));
        expect(follow(before, commit, 'after')).toEqual(after);
        expect(follow(after, commit, 'before')).toEqual(before);
        for (const [i, { owner, changes }] of batches.entries()) {
          const oracle = await oracles.get(owner);
          if (oracle === undefined) continue;
          for (const { key, value } of changes) await (value ? oracle.put(key, value) : oracle.del(key));
          expect(bytesToHex(commit.roots[i]!)).toBe(bytesToHex(oracle.root()));
        }
      }
    }),
    { numRuns: 200 },
  );
});
