import { keccak256 } from '@sheaf/crypto';
import {
  bytesToHex,
  compareBytes,
  encodeRlpBytes,
  equalBytes,
  hexToBytes,
  toHeight,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import {
  decodeAccountRecord,
  emptyCodeHashBytes,
  leafOfAccountRecord,
  PartitionReader,
  PartitionState,
  type StateAt,
} from '@sheaf/state';
import { openLmdb, type LmdbKeyValue } from '@sheaf/state-lmdb';
import {
  bucketCount,
  bucketPosition,
  createTrieEngine,
  mergeBuckets,
  type LeafChange,
  type TrieBatch,
  type TrieCommit,
} from '@sheaf/trie';
import type { Random } from '../../random.ts';
import { SoakFault } from '../suite.ts';
import { markOf, ownedView } from './child.ts';
import { markKey, markTable, soakLimits } from './limits.ts';
import { rootOf, viewOf, type Model, type ModelState } from './model.ts';
import { blockAt, type StateView } from './workload.ts';
import { slotCount, slotOf, world, contractCount } from './world.ts';

/** Accounts that are read one by one. */
const readCount = 60;

export interface StoreCheck {
  dataDir: string;
  seed: number;
  model: Model;
  /** The last height that was reported as committed, or found at an earlier check. */
  reported: bigint;
  random: Random;
}

export interface StoreFound {
  head: bigint;
  /** The tables were between two heights. */
  carrying: boolean;
}

/**
 * Opens the store after a kill and looks at all of it.
 * @throws SoakFault when it is not the state of a height that was committed, with all that belongs to it
 */
export async function checkStore({ dataDir, seed, model, reported, random }: StoreCheck): Promise<StoreFound> {
  let kv: LmdbKeyValue | undefined;
  try {
    kv = openLmdb({ dataDir, tables: [markTable] });
    const state = new PartitionState(kv, soakLimits);
    const head: bigint = state.head() ?? 0n;
    if (head < reported) throw new SoakFault(`height ${reported} was committed, the head is ${head}`);
    if (head > reported + 1n)
      throw new SoakFault(`the head is ${head}, two or more above what was reported, ${reported}`);
    if (head === 0n) return { head, carrying: false };
    model.advance(head);
    const expected = model.at(head)!;
    const root = rootOf(expected);
    if (state.stateRoot() !== root)
      throw new SoakFault(`the root of height ${head} is ${state.stateRoot()}, not ${root}`);
    const mark = kv.get(markTable, markKey);
    if (mark === undefined || !equalBytes(mark, markOf(head))) {
      throw new SoakFault(`the rows that went with height ${head} are not those of it`);
    }
    const reader = new PartitionReader(kv, soakLimits);
    checkRebuilt(reader.at(toHeight(head)), state, root);
    checkReads(ownedView(state), expected, random, `the head ${head}`);
    checkOlder(reader, model, seed, head, random);
    return { head, carrying: reader.heights().carrying !== undefined };
  } catch (error) {
    if (error instanceof SoakFault) throw error;
    throw new SoakFault(`the store cannot be used: ${(error as Error).message}`, { cause: error });
  } finally {
    await kv?.close();
  }
}

/** The trie made anew from the rows alone has the same root, and each of its branches is stored. */
function checkRebuilt(at: StateAt, state: PartitionState, root: Hash32): void {
  const whole = new Uint8Array(0);
  const accounts = [...at.rows(0, whole)].map(({ key, value }) => ({ key: key.slice(), record: value.slice() }));
  const storages = accounts.flatMap(({ key, record }) => {
    const { storageId, storageRoot } = decodeAccountRecord(record);
    return storageId === 0 ? [] : [{ key, storageId, storageRoot }];
  });
  storages.sort((a, b) => a.storageId - b.storageId);
  const rebuilt = rebuild(
    storages.map(({ storageId }) => ({
      owner: storageId,
      position: whole,
      changes: [...at.rows(storageId, whole)].map((row) => added(row.key, encodeRlpBytes(row.value))),
    })),
  );
  storages.forEach(({ key, storageRoot }, i) => {
    if (!equalBytes(rebuilt.roots[i]!, storageRoot)) {
      throw new SoakFault(`the slots of account ${bytesToHex(key)} have another root than the account`);
    }
  });
  const trie = rebuild(
    Array.from({ length: bucketCount }, (_, bucket) => ({
      owner: 0,
      position: bucketPosition(bucket),
      changes: accounts
        .filter(({ key }) => key[0] === bucket)
        .map(({ key, record }) => added(key, leafOfAccountRecord(record))),
    })),
  );
  const found = bytesToHex(mergeBuckets(trie.tops).root);
  if (found !== root) throw new SoakFault(`the trie made of the rows has the root ${found}, not ${root}`);
  for (const { owner, position, after } of [...rebuilt.nodes, ...trie.nodes]) {
    for (const source of [at, state]) {
      const stored = source.branch(owner, position);
      if (stored === undefined || after === undefined || !equalBytes(stored, after)) {
        throw new SoakFault(`the branch of ${owner} at [${position.join(' ')}] is not that of the rows below it`);
      }
    }
  }
}

function rebuild(batches: readonly TrieBatch[]): TrieCommit {
  return createTrieEngine().commit(batches, { branch: () => undefined, leaf: () => undefined });
}

function added(key: Uint8Array, value: Uint8Array): LeafChange {
  return { key: key.slice(), value, existed: false };
}

/** What a height that is still kept had, row by row. */
function checkOlder(reader: PartitionReader, model: Model, seed: number, head: bigint, random: Random): void {
  const oldest: bigint = reader.heights().oldest;
  const mustHave = head - BigInt(soakLimits.heightsKept);
  if (oldest > (mustHave < 1n ? 1n : mustHave)) {
    throw new SoakFault(`the oldest height is ${oldest} although ${soakLimits.heightsKept} are kept below ${head}`);
  }
  const height = oldest + BigInt(random.below(Number(head - oldest) + 1));
  const expected = model.at(height);
  // Maintenance has fallen behind: nobody must be able to read that height, but may.
  if (expected === undefined) return;
  const at = reader.at(toHeight(height));
  const root = rootOf(expected);
  if (at.stateRoot() !== root)
    throw new SoakFault(`at ${head}, height ${height} has the root ${at.stateRoot()}, not ${root}`);
  const keys = [...at.rows(0, new Uint8Array(0))].map(({ key }) => key.slice());
  const expectedKeys = [...expected.keys()].map((address) => keccak256(hexToBytes(address))).sort(compareBytes);
  if (keys.length !== expectedKeys.length || keys.some((key, i) => !equalBytes(key, expectedKeys[i]!))) {
    throw new SoakFault(`at ${head}, height ${height} has other accounts than it had`);
  }
  checkReads(ownedView(at), expected, random, `height ${height} at ${head}`);
  checkCodes(at, expected, `height ${height} at ${head}`);
  const before = model.at(height - 1n);
  if (before === undefined) return;
  const list = reader.accessList(toHeight(height));
  if (list === undefined || !equalBytes(list, blockAt(seed, height, viewOf(before)).accessList)) {
    throw new SoakFault(`at ${head}, height ${height} has another access list than it was given`);
  }
}

function checkCodes(at: StateAt, expected: ModelState, where: string): void {
  for (const { codeHash } of expected.values()) {
    if (equalBytes(codeHash, emptyCodeHashBytes)) continue;
    if (!equalBytes(keccak256(at.code(codeHash)), codeHash)) {
      throw new SoakFault(`${where}: code ${bytesToHex(codeHash)} is another`);
    }
  }
}

/** Some accounts, whether they are there or not, and every slot of those that are contracts. */
function checkReads(view: StateView, expected: ModelState, random: Random, where: string): void {
  const model = viewOf(expected);
  for (let i = 0; i < readCount; i++) {
    const number = random.below(world.length);
    const address: Address = world[number]!;
    const bytes = hexToBytes(address);
    const [found, wanted] = [view.account(bytes), model.account(bytes)];
    if (
      found?.nonce !== wanted?.nonce ||
      found?.balance !== wanted?.balance ||
      (found && wanted && !equalBytes(found.codeHash, wanted.codeHash))
    ) {
      throw new SoakFault(`${where}: account ${address} is not what it was`);
    }
    if (number >= contractCount) continue;
    for (let slot = 0; slot < slotCount(number); slot++) {
      const key = hexToBytes(slotOf(slot));
      const [value, wantedValue] = [view.storage(bytes, key), model.storage(bytes, key)];
      if (value === undefined || wantedValue === undefined ? value !== wantedValue : !equalBytes(value, wantedValue)) {
        throw new SoakFault(`${where}: slot ${slot} of ${address} is not what it was`);
      }
    }
  }
}
