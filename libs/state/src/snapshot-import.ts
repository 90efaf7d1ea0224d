import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  ChainError,
  decodeRlp,
  encodeRlp,
  equalBytes,
  type Hash32,
  type Height,
  type RlpItem,
} from '@sheaf/primitives';
import {
  bucketPosition,
  decodeTop,
  encodeBranch,
  encodeTopNode,
  keccak256,
  decodeBranch,
  referenceAt,
  referenceOf,
  rootOf,
  type TopNode,
} from '@sheaf/trie';
import { emptyCodeHashBytes } from './account-record.ts';
import { branchKey } from './keys.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { snapshotLimits } from './limits.ts';
import { readLoading, writeLoading, type BucketRange } from './meta.ts';
import { PartitionLoader } from './partition-loader.ts';
import { encodeManifest, type SnapshotAnswer, type SnapshotManifest, type SnapshotWant } from './snapshot.ts';

/** What the importer must be given, from a header that it trusts. */
export interface SnapshotExpectation {
  chain: Hash32;
  height: Height;
  stateRoot: Hash32;
  buckets: BucketRange;
}

/** Something to ask for, and what the answer must hash to. */
export interface OpenWant {
  want: SnapshotWant;
  /** How its parent names what hangs there; for a whole storage its root. Nothing for codes. */
  reference: Uint8Array;
  /** Whether the parent says that it is a leaf, which it may be wrong about; `undefined` where no parent does. */
  leaf: boolean | undefined;
  /** Storage id; 0 for accounts. */
  owner: number;
}

/**
 * Loads a snapshot into an empty store: `wants`, then `accept` for each of them, until there are none; then `finish`.
 * What was accepted is proven and durable, so after a crash it goes on where it was.
 */
export class SnapshotImport {
  readonly #kv: KeyValue;
  readonly #loader: PartitionLoader;
  readonly #manifest: SnapshotManifest;
  /** Hash of the manifest. */
  readonly #name: Uint8Array;
  #open: OpenWant[];
  accounts = 0;
  slots = 0;

  /**
   * @throws ChainError `CONFLICT` when the manifest is of another chain, height, root or range than expected, or the store
   * holds a state or a part of another snapshot
   */
  constructor(kv: KeyValue, manifest: SnapshotManifest, expected: SnapshotExpectation) {
    checkManifest(manifest, expected);
    this.#kv = kv;
    this.#manifest = manifest;
    this.#name = keccak256(encodeManifest(manifest));
    this.#loader = new PartitionLoader(kv, manifest);
    const begun = readLoading(kv);
    this.#open = begun === undefined ? firstWants(manifest) : decodeProgress(begun, this.#name);
  }

  /** What to ask for next, at most `count`; none when everything is there. */
  wants(count: number): OpenWant[] {
    return this.#open.slice(-count);
  }

  /**
   * Afterwards the answer is stored and its want is gone, in favour of what it leaves open.
   * @throws ChainError `DATA_LOSS` when the answer is not what hangs there: nothing has changed, ask somebody else
   */
  accept(open: OpenWant, answer: SnapshotAnswer): void {
    const rest = this.#open.filter((other) => other !== open);
    if (rest.length === this.#open.length) throw new Error('assertion failed: a want is answered once');
    if (answer.kind === 'codes') this.#acceptCodes(open, answer.codes, rest);
    else if (answer.kind === 'branch') this.#acceptBranch(open, answer.record, rest);
    else if (answer.kind === 'accounts') this.#acceptAccounts(open, answer.accounts, rest);
    else this.#acceptSlots(open, answer.slots, rest);
    this.#open = rest;
  }

  /**
   * Afterwards the store can be opened at the height, and has the rows of others that go with it: one write.
   * @throws ChainError `DATA_LOSS` when it is not the manifest's state
   */
  finish(also: readonly Write[] = []): void {
    if (this.#open.length > 0) throw new Error('assertion failed: a snapshot is finished when nothing is open');
    const { tops, buckets, height } = this.#manifest;
    this.#loader.finish(
      height,
      (found) => {
        for (let bucket = buckets.first; bucket < buckets.end; bucket++) {
          if (sameNode(found[bucket]!, tops[bucket]!)) continue;
          throw new ChainError({ code: 'DATA_LOSS', message: `bucket ${bucket} is not what the snapshot says` });
        }
      },
      also,
    );
  }

  #acceptBranch(open: OpenWant, record: Uint8Array, rest: OpenWant[]): void {
    const { want, owner } = open;
    if (want.kind === 'codes') throw wrong(open, 'is a branch');
    const { position } = want;
    const top = decodeTop(Uint8Array.of(2, ...record), position, 'answer.record');
    checkTop(open, top);
    const branch = decodeBranch(record);
    // The last is asked for first, so that what is open stays little.
    for (let nibble = 15; nibble >= 0; nibble--) {
      const reference = referenceAt(branch, nibble);
      if (reference === undefined) continue;
      const below = { ...want, position: Uint8Array.of(...position, ...branch.extension, nibble) };
      rest.push({ want: below, reference, leaf: (branch.leaves & (1 << nibble)) !== 0, owner });
    }
    this.#loader.branch(owner, position, record, [...this.#correctAbove(open, top), ...this.#progress(rest)]);
  }

  #acceptAccounts(
    open: OpenWant,
    accounts: Extract<SnapshotAnswer, { kind: 'accounts' }>['accounts'],
    rest: OpenWant[],
  ): void {
    if (open.want.kind !== 'accounts') throw wrong(open, 'is of accounts');
    const part = this.#loader.accounts(open.want.position, accounts);
    checkTop(open, part.top);
    for (const { key, storageRoot } of accounts) {
      const owner = part.storageIds.get(key);
      if (owner === undefined) continue;
      const want = { kind: 'slots', account: key, position: new Uint8Array(0) } as const;
      rest.push({ want, reference: storageRoot, leaf: undefined, owner });
    }
    const hashes = new Map(accounts.map(({ codeHash }) => [bytesToHex(codeHash), codeHash]));
    hashes.delete(bytesToHex(emptyCodeHashBytes));
    const missing = [...hashes.values()].filter((hash) => this.#kv.get(stateTables.codes, hash) === undefined);
    for (let i = 0; i < missing.length; i += snapshotLimits.codesMax) {
      rest.push(wantCodes(missing.slice(i, i + snapshotLimits.codesMax)));
    }
    part.store([...this.#correctAbove(open, part.top), ...this.#progress(rest)]);
    this.accounts += accounts.length;
  }

  #acceptSlots(open: OpenWant, slots: Extract<SnapshotAnswer, { kind: 'slots' }>['slots'], rest: OpenWant[]): void {
    if (open.want.kind !== 'slots') throw wrong(open, 'is of slots');
    const zeros = slots.findIndex(({ value }) => value[0] === 0);
    if (zeros >= 0) throw wrong(open, `has a slot ${zeros} with leading zeros`);
    const part = this.#loader.slots(open.owner, open.want.position, slots);
    checkTop(open, part.top);
    part.store([...this.#correctAbove(open, part.top), ...this.#progress(rest)]);
    this.slots += slots.length;
  }

  #acceptCodes(open: OpenWant, codes: readonly Uint8Array[], rest: OpenWant[]): void {
    if (open.want.kind !== 'codes') throw wrong(open, 'is of codes');
    const { hashes } = open.want;
    if (codes.length === 0 || codes.length > hashes.length) throw wrong(open, `has ${codes.length} codes`);
    const writes = codes.map((code, i): Write => {
      if (!equalBytes(keccak256(code), hashes[i]!)) throw wrong(open, `has another code at ${i}`);
      return { table: stateTables.codes, key: hashes[i]!, value: code };
    });
    if (codes.length < hashes.length) rest.push(wantCodes(hashes.slice(codes.length)));
    this.#kv.write([...writes, ...this.#progress(rest)]);
  }

  /**
   * What puts the record above right. No hash tells a child's kind: what the record says of it was anybody's word until
   * the child is here, and the child itself is proven.
   */
  #correctAbove({ want, leaf, owner }: OpenWant, top: TopNode): Write[] {
    if (want.kind === 'codes' || leaf === undefined || leaf === (top.kind === 'leaf')) return [];
    const { position } = want;
    for (let length = position.length - 1; length >= 0; length--) {
      const key = branchKey(owner, position.subarray(0, length));
      const record = this.#kv.get(stateTables.branches, key)?.slice();
      if (record === undefined) continue;
      const branch = decodeBranch(record);
      branch.leaves ^= 1 << position.at(-1)!;
      return [{ table: stateTables.branches, key, value: encodeBranch(branch) }];
    }
    return [];
  }

  #progress(open: readonly OpenWant[]): Write[] {
    return [writeLoading(encodeRlp([this.#name, open.map(encodeOpen)]))];
  }
}

function checkManifest(manifest: SnapshotManifest, expected: SnapshotExpectation): void {
  const differ = (what: string, has: unknown, wanted: unknown): void => {
    if (has === wanted) return;
    throw new ChainError({
      code: 'CONFLICT',
      message: `the snapshot is of ${what} ${String(has)}, wanted is ${String(wanted)}`,
    });
  };
  differ('chain', manifest.chain, expected.chain);
  differ('height', manifest.height, expected.height);
  differ('state root', manifest.stateRoot, expected.stateRoot);
  const range = ({ first, end }: BucketRange) => `${first} up to ${end}`;
  differ('buckets', range(manifest.buckets), range(expected.buckets));
}

function firstWants({ buckets, tops }: SnapshotManifest): OpenWant[] {
  const open: OpenWant[] = [];
  for (let bucket = buckets.end - 1; bucket >= buckets.first; bucket--) {
    const top = tops[bucket]!;
    if (top.kind === 'empty') continue;
    const want = { kind: 'accounts', position: bucketPosition(bucket) } as const;
    open.push({ want, reference: referenceOf(encodeTopNode(top, 2)), leaf: top.kind === 'leaf', owner: 0 });
  }
  return open;
}

function wantCodes(hashes: Uint8Array[]): OpenWant {
  return { want: { kind: 'codes', hashes }, reference: new Uint8Array(0), leaf: undefined, owner: 0 };
}

/** @throws ChainError `DATA_LOSS` unless it is what the parent names */
function checkTop(open: OpenWant, top: TopNode): void {
  const { want, reference } = open;
  const depth = want.kind === 'codes' ? 0 : want.position.length;
  const has = depth === 0 ? rootOf(top, 0) : referenceOf(encodeTopNode(top, depth));
  if (!equalBytes(has, reference)) throw wrong(open, 'does not hash to what its parent has');
}

/** Whether two tops of a bucket are the same node: records of one node can differ in what they say of its children. */
function sameNode(a: TopNode, b: TopNode): boolean {
  if (a.kind === 'empty' || b.kind === 'empty') return a.kind === b.kind;
  return equalBytes(referenceOf(encodeTopNode(a, 2)), referenceOf(encodeTopNode(b, 2)));
}

function wrong({ want }: OpenWant, what: string): ChainError {
  const where =
    want.kind === 'codes' ? 'codes' : `${want.kind} at ${[...want.position].map((n) => n.toString(16)).join('')}`;
  return new ChainError({ code: 'DATA_LOSS', message: `the snapshot's answer for ${where} ${what}` });
}

function encodeOpen({ want, reference, leaf, owner }: OpenWant): RlpItem {
  const id = bigintToBytes(BigInt(owner));
  const kind = Uint8Array.of(leaf === undefined ? 2 : leaf ? 1 : 3);
  if (want.kind === 'accounts') return [Uint8Array.of(1), want.position, reference, kind];
  if (want.kind === 'slots') return [Uint8Array.of(2), want.position, reference, kind, id, want.account];
  return [Uint8Array.of(3), want.hashes];
}

function decodeProgress(bytes: Uint8Array, name: Uint8Array): OpenWant[] {
  const [stored, open] = decodeRlp(bytes, 'progress') as [Uint8Array, RlpItem[]];
  if (!equalBytes(stored, name)) {
    throw new ChainError({ code: 'CONFLICT', message: 'the state store has a part of another snapshot' });
  }
  return open.map((item) => {
    const [kind, first, reference, leaf, id, account] = item as [Uint8Array, ...Uint8Array[]];
    if (kind[0] === 3) return wantCodes((item as [Uint8Array, Uint8Array[]])[1].map((hash) => hash.slice()));
    const common = { reference: reference!, leaf: leaf![0] === 2 ? undefined : leaf![0] === 1 };
    if (kind[0] === 1) return { want: { kind: 'accounts', position: first! }, ...common, owner: 0 };
    return {
      want: { kind: 'slots', position: first!, account: account! },
      ...common,
      owner: Number(bytesToBigint(id!)),
    };
  });
}
