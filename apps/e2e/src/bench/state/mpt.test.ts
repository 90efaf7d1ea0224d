// Goal: the peer is the trie that it is said to be, so that a root of its own making can be held against ours.
// Method: a trie of 2,000 accounts written into its database, then changed by both; a database that lacks a node.
import { createMPT } from '@ethereumjs/mpt';
import { equalBytes } from '@sheaf/primitives';
import { sortAccounts } from './accounts.ts';
import { buildMemoryTrie, leafOf } from './memory-trie.ts';
import { openMpt, ourKeccak, writeNodeDatabase, type Put } from './mpt.ts';

const count = 2_000;

async function build() {
  const sorted = await sortAccounts(count);
  const { trie, merged } = await buildMemoryTrie(sorted);
  const puts = Array.from({ length: count }, (_, rank): Put => [sorted.keyAt(rank), leafOf(sorted.numberAt(rank))]);
  return { trie, root: merged.root, database: await writeNodeDatabase(merged, trie), puts };
}

test('the database is that of the same accounts put one by one', async () => {
  const { root, database, puts } = await build();
  const reference = await createMPT();
  for (const [key, value] of puts) await reference.put(key, value);
  expect(reference.root()).toEqual(root);
  const mpt = await openMpt(database, root, puts);
  const changed = puts.slice(0, 50).map(([key], i): Put => [key, leafOf(count + i)]);
  for (const [key, value] of changed) await reference.put(key, value);
  expect(await mpt.putAll(changed)).toEqual(reference.root());
});

test('it is what it was after a reset, whichever keccak it has', async () => {
  const { root, database, puts } = await build();
  const nodes = [...database.keys()];
  for (const hash of [undefined, ourKeccak]) {
    const mpt = await openMpt(database, root, puts.slice(0, 20), hash);
    const changed = await mpt.putAll([[puts[0]![0], leafOf(count)]]);
    expect(equalBytes(changed, root)).toBe(false);
    expect(database.size).toBeGreaterThan(nodes.length);
    mpt.reset();
    expect([...database.keys()]).toEqual(nodes);
  }
});

test('a peer that finds another value stops the row', async () => {
  const { root, database, puts } = await build();
  const wrong = puts.map(([key]): Put => [key, leafOf(count)]);
  await expect(openMpt(database, root, wrong)).rejects.toThrow('finds another value than ours');
});
