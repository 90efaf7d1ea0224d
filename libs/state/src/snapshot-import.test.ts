// Goal: an answer is taken for what was asked for alone; whatever else it is, even well made, it is refused, and the
// same want can be answered rightly afterwards.
// Method: an import taken step by step; at each want every kind of answer that is not its own, and answers that are true
// elsewhere.
import { bytesToHex, hexToBytes, toHash32, toHeight, type Address } from '@sheaf/primitives';
import { decodeBranch, encodeBranch, keccak256 } from '@sheaf/trie';
import { addressOf, changesBetween, slotOf, type World } from '../test/world.ts';
import { stateTables, type KeyValue } from './key-value.ts';
import { snapshotLimits } from './limits.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';
import { SnapshotImport, type OpenWant } from './snapshot-import.ts';
import {
  answerSnapshot,
  decodeManifest,
  encodeManifest,
  type SnapshotAnswer,
  type SnapshotManifest,
} from './snapshot.ts';
import { PartitionReader, type StateAt } from './state-at.ts';

const height = toHeight(3);
const chain = toHash32(new Uint8Array(32).fill(9));

function arrange(codes = 2) {
  const world: World = new Map();
  for (let n = 0; n < 12 + codes; n++) {
    const code = n < codes ? Uint8Array.of(1, n >> 8, n) : new Uint8Array(0);
    const slots = new Map(Array.from({ length: n < 2 ? 5 : 0 }, (_, slot) => [slotOf(slot), BigInt(n + 1)]));
    world.set(addressOf(n), { nonce: 1n, balance: BigInt(n), code, slots });
  }
  return arrangeWorld(world);
}

function arrangeWorld(world: World) {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(changesBetween(new Map(), world)), { height });
  const source = new PartitionReader(kv).at(height);
  const manifest: SnapshotManifest = {
    chain,
    height,
    stateRoot: source.stateRoot(),
    buckets: { first: 0, end: 256 },
    tops: source.tops(),
  };
  const target = memoryKeyValue();
  return { source, manifest, target, load: new SnapshotImport(target, manifest, manifest) };
}

test('answers to something else', () => {
  const { source, target, load, manifest } = arrange();
  const told: SnapshotAnswer[] = [];
  const kinds = new Set<string>();
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    const right = answerSnapshot(source, open.want, { rowsMax: 2 });
    kinds.add(`${open.want.kind} ${right.kind}`);
    const others: SnapshotAnswer[] = [
      ...told,
      { kind: 'accounts', accounts: [] },
      { kind: 'slots', slots: [] },
      { kind: 'codes', codes: [] },
      { kind: 'branch', record: new Uint8Array(0) },
      ...wrongOnes(right),
    ];
    const before = { wants: load.wants(Infinity), accounts: load.accounts, slots: load.slots };
    for (const other of others) {
      if (JSON.stringify(other, plain) === JSON.stringify(right, plain)) continue;
      expect(() => load.accept(open!, other)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(DATA_LOSS|INVALID_ARGUMENT)$/) }),
      );
    }
    expect({ wants: load.wants(Infinity), accounts: load.accounts, slots: load.slots }).toEqual(before);
    load.accept(open, right);
    expect(() => load.accept(open as OpenWant, right)).toThrow('answered once');
    told.push(right);
  }
  expect([...kinds].sort()).toEqual([
    'accounts accounts',
    'accounts branch',
    'codes codes',
    'slots branch',
    'slots slots',
  ]);
  expect([load.accounts, load.slots]).toEqual([14, 10]);
  load.finish();
  const state = new PartitionState(target);
  expect(state.stateRoot()).toBe(manifest.stateRoot);
  expect(state.code(keccak256(Uint8Array.of(1, 0, 1)))).toEqual(Uint8Array.of(1, 0, 1));
});

const plain = (_: string, value: unknown) =>
  typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? bytesToHex(value) : value;

/** The right one with one thing other than it is. */
function wrongOnes(right: SnapshotAnswer): SnapshotAnswer[] {
  switch (right.kind) {
    case 'accounts': {
      const [first, ...rest] = right.accounts;
      const withFirst = (change: Partial<NonNullable<typeof first>>) => ({
        kind: 'accounts' as const,
        accounts: [{ ...first!, ...change }, ...rest],
      });
      return [
        withFirst({ balance: first!.balance + 1n }),
        withFirst({ nonce: 0n }),
        withFirst({ codeHash: new Uint8Array(32).fill(1) }),
        withFirst({ storageRoot: new Uint8Array(32).fill(1) }),
        withFirst({ key: new Uint8Array(32).fill(1) }),
        { kind: 'accounts', accounts: [...right.accounts, first!] },
        { kind: 'accounts', accounts: rest },
      ];
    }
    case 'slots': {
      const [first, ...rest] = right.slots;
      return [
        { kind: 'slots', slots: [{ ...first!, value: Uint8Array.of(99) }, ...rest] },
        { kind: 'slots', slots: [{ ...first!, value: Uint8Array.of(0, ...first!.value) }, ...rest] },
        { kind: 'slots', slots: [{ ...first!, key: new Uint8Array(32).fill(1) }, ...rest] },
        { kind: 'slots', slots: rest },
      ];
    }
    case 'codes':
      return [
        { kind: 'codes', codes: [Uint8Array.of(7), ...right.codes.slice(1)] },
        { kind: 'codes', codes: [...right.codes, Uint8Array.of(7)] },
      ];
    case 'branch': {
      // Each bit of its masks on its own, but for what children that there are are said to be: see the next test.
      const masks = 1 + ((right.record[0]! + 1) >> 1);
      return Array.from({ length: 48 }, (_, bit) => {
        const record = right.record.slice();
        record[masks + (bit >> 3)]! ^= 1 << (bit & 7);
        return { kind: 'branch', record } as const;
      }).filter((_, bit) => bit < 16 || bit >= 32 || (right.record[masks + (bit >> 3) - 2]! & (1 << (bit & 7))) === 0);
    }
  }
}

test('a branch that says of its children what they are not, which no hash tells, is put right by them', () => {
  const { source, target, manifest } = arrange();
  const lie = (record: Uint8Array): Uint8Array => {
    const branch = decodeBranch(record);
    return encodeBranch({ ...branch, leaves: branch.present & ~branch.leaves });
  };
  const tops = manifest.tops.map((top) => (top.kind === 'branch' ? { ...top, record: lie(top.record) } : top));
  const told = decodeManifest(encodeManifest({ ...manifest, tops }));
  let load = new SnapshotImport(target, told, manifest);
  let lies = 0;
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    const right = answerSnapshot(source, open.want, { rowsMax: 2 });
    if (right.kind === 'branch') lies += 1;
    load.accept(open, right.kind === 'branch' ? { ...right, record: lie(right.record) } : right);
    load = new SnapshotImport(target, told, manifest);
  }
  expect(lies).toBeGreaterThan(3);
  load.finish();
  expect(new PartitionState(target).tops()).toEqual(manifest.tops);
  expect(branchesOf(target)).toEqual(branchesOf(honest(source, manifest)));
});

function honest(source: StateAt, manifest: SnapshotManifest): KeyValue {
  const kv = memoryKeyValue();
  const load = new SnapshotImport(kv, manifest, manifest);
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    load.accept(open, answerSnapshot(source, open.want, { rowsMax: 2 }));
  }
  load.finish();
  return kv;
}

const branchesOf = (kv: KeyValue) => kv.range(stateTables.branches, new Uint8Array(1), undefined, Infinity);

test('codes are asked for once each, some at a time, and those that an answer leaves out again', () => {
  // So many accounts of one bucket that their codes are more than one want has; every other code is another's too.
  const addresses: Address[] = [];
  for (let n = 0; addresses.length < snapshotLimits.codesMax + 6; n++) {
    if (keccak256(hexToBytes(addressOf(n)))[0] === 0x80) addresses.push(addressOf(n));
  }
  const codeOf = (n: number) => Uint8Array.of(1, n);
  const account = { nonce: 1n, balance: 1n, slots: new Map() };
  const world: World = new Map(addresses.map((address, n) => [address, { ...account, code: codeOf(n) }]));
  for (let n = 0; n < 40; n++) world.set(addressOf(100 + n), { ...account, code: codeOf(2 * n) });
  const { source, target, load } = arrangeWorld(world);
  const asked = new Map<string, number>();
  let wants = 0;
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    const answer = answerSnapshot(source, open.want);
    if (open.want.kind === 'codes') {
      wants += 1;
      expect(open.want.hashes.length).toBeLessThanOrEqual(snapshotLimits.codesMax);
    }
    if (answer.kind === 'codes') answer.codes = answer.codes.slice(0, 20);
    for (const code of answer.kind === 'codes' ? answer.codes : []) {
      asked.set(bytesToHex(code), (asked.get(bytesToHex(code)) ?? 0) + 1);
    }
    load.accept(open, answer);
  }
  expect(wants).toBeGreaterThan(4);
  expect(asked.size).toBeGreaterThan(snapshotLimits.codesMax);
  expect(new Set(asked.values())).toEqual(new Set([1]));
  load.finish();
  const state = new PartitionState(target);
  for (const [address, { code }] of world) {
    const found = state.account(hexToBytes(address));
    expect(typeof found === 'object' && state.code(found.codeHash)).toEqual(code);
  }
});

test('a store that was changed by others while it was loaded is not finished', () => {
  const { source, target, load } = arrange();
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    load.accept(open, answerSnapshot(source, open.want, { rowsMax: 2 }));
  }
  for (const table of [stateTables.accounts, stateTables.branches]) {
    for (const { key, value } of target.range(table, new Uint8Array(1), undefined, Infinity)) {
      // Of the branches those of the buckets; of the accounts those that are alone in theirs.
      if (table === stateTables.branches && (key[5] !== 0 || key.length !== 8)) continue;
      if (table === stateTables.accounts && key[0] === 0x80) continue;
      const other = value.slice();
      other[other.length - 1]! ^= 1;
      target.write([{ table, key, value: other }]);
      expect(() => load.finish()).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
      target.write([{ table, key, value }]);
    }
  }
  load.finish();
});

test('it is not finished before everything is there', () => {
  const { load } = arrange();
  expect(() => load.finish()).toThrow('nothing is open');
});
