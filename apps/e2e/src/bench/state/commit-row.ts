import { bytesToHex, compareBytes, equalBytes } from '@sheaf/primitives';
import {
  bucketPosition,
  createTrieEngine,
  mergeBuckets,
  type LeafChange,
  type TrieBatch,
  type TrieEngine,
} from '@sheaf/trie';
import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../../random.ts';
import { ownClock, type ClockKind } from '../clock.ts';
import { median } from '../statistics.ts';
import { BenchFault } from '../suite.ts';
import { sortAccounts, type SortedAccounts } from './accounts.ts';
import type { Figure } from './figure.ts';
import { buildMemoryTrie, leafOf, type MemoryTrie } from './memory-trie.ts';
import { openMpt, ourKeccak, writeNodeDatabase, type Put } from './mpt.ts';
import { pickDistinct } from './transfer-block.ts';

const timesAsFast = 20;
/** Before the first sample of each contender, in commits: V8 has compiled what is hot by then. */
const warmUps = { ours: 10, mpt: 2 };
/** Accounts that the peer is asked for before it is measured. */
const knownCount = 100;

type Committer = Pick<TrieEngine, 'commit'>;

interface Options {
  accounts: number;
  updates: number;
  runs: number;
  clock: ClockKind;
  progress(sentence: string): void;
}

/**
 * Random updates of accounts that are there, in one batch, from the same trie every time. Both start with unsorted keys
 * and values and have all changed nodes in their Map at the end; sorting is in our time.
 */
export async function measureCommit({ accounts, updates, runs, clock, progress }: Options): Promise<Figure[]> {
  const readClock = ownClock(clock);
  progress(`commit: a trie of ${accounts.toLocaleString('en-US')} accounts in memory`);
  const sorted = await sortAccounts(accounts);
  const { trie, merged } = await buildMemoryTrie(sorted);
  const engine = createTrieEngine();
  const time = async (work: () => Uint8Array | Promise<Uint8Array>) => {
    const startedNs = readClock();
    const root = await work();
    return { ms: (readClock() - startedNs) / 1e6, root };
  };

  const ours: number[] = [];
  const engineAlone: number[] = [];
  const roots: Uint8Array[] = [];
  for (let run = -warmUps.ours; run < runs; run++) {
    const puts = pickPuts(sorted, updates, run);
    await setImmediate();
    let engineNs = 0;
    const timedEngine: Committer = {
      commit(batches, source) {
        const startedNs = readClock();
        const committed = engine.commit(batches, source);
        engineNs = readClock() - startedNs;
        return committed;
      },
    };
    const undo: (() => void)[] = [];
    const { ms, root } = await time(() => commitOnce(timedEngine, trie, puts, undo));
    undo.forEach((step) => step());
    if (run < 0) continue;
    ours.push(ms);
    engineAlone.push(engineNs / 1e6);
    roots.push(root);
  }

  progress('commit: the same trie for @ethereumjs/mpt');
  const database = await writeNodeDatabase(merged, trie);
  const known: Put[] = pickPuts(sorted, knownCount, -1_000).map(([key]) => [key, trie.leafOf(key)]);
  const theirs = async (name: string, hash?: (bytes: Uint8Array) => Uint8Array): Promise<number[]> => {
    progress(`commit: ${name}`);
    const mpt = await openMpt(database, merged.root, known, hash);
    const samples: number[] = [];
    for (let run = -warmUps.mpt; run < runs; run++) {
      const puts = pickPuts(sorted, updates, run);
      const { ms, root } = await time(() => mpt.putAll(puts));
      mpt.reset();
      if (run < 0) continue;
      if (!equalBytes(root, roots[run]!)) {
        throw new BenchFault(`${name} ends with the root ${bytesToHex(root)}, ours with ${bytesToHex(roots[run]!)}`);
      }
      samples.push(ms);
    }
    return samples;
  };
  const plain = await theirs('@ethereumjs/mpt');
  const hashed = await theirs('@ethereumjs/mpt with our keccak256', ourKeccak);
  const what = `${updates.toLocaleString('en-US')} updates of ${accounts.toLocaleString('en-US')} accounts`;
  const ratio = (samples: readonly number[]): number[] => [median(samples) / median(ours)];
  return [
    { row: 'commit', what: `${what}, ms`, samples: ours },
    { row: 'commit', what: 'of it the engine, without sorting and storing, ms', samples: engineAlone },
    { row: 'commit', what: '@ethereumjs/mpt, ms', samples: plain },
    { row: 'commit', what: '@ethereumjs/mpt with our keccak256, ms', samples: hashed },
    { row: 'commit', what: 'times @ethereumjs/mpt', samples: ratio(plain), bar: { atLeast: timesAsFast } },
    { row: 'commit', what: 'times @ethereumjs/mpt with our keccak256', samples: ratio(hashed) },
  ];
}

/** The same for the same run. */
function pickPuts(sorted: SortedAccounts, count: number, run: number): Put[] {
  const random = seededRandom(0xc0117, run);
  return pickDistinct(sorted.count, count, random).map((rank) => [
    sorted.keyAt(rank),
    leafOf(sorted.numberAt(rank), BigInt(random.below(2 ** 32))),
  ]);
}

/** The root; `undo` is given what takes everything back. */
function commitOnce(engine: Committer, trie: MemoryTrie, puts: readonly Put[], undo: (() => void)[]): Uint8Array {
  const changes = puts.map(([key, value]): LeafChange => ({ key, value, existed: true }));
  changes.sort((a, b) => compareBytes(a.key, b.key));
  const batches: TrieBatch[] = [];
  for (let start = 0, end; start < changes.length; start = end) {
    const bucket = changes[start]!.key[0]!;
    for (end = start + 1; changes[end]?.key[0] === bucket;) end += 1;
    batches.push({ owner: 0, position: bucketPosition(bucket), changes: changes.slice(start, end) });
  }
  const { tops, nodes } = engine.commit(batches, trie);
  const after = [...trie.tops];
  batches.forEach(({ position }, i) => (after[16 * position[0]! + position[1]!] = tops[i]!));
  const { root } = mergeBuckets(after);
  undo.push(trie.apply(nodes));
  return root;
}
