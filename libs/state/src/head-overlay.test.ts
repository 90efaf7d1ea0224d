// Goal: a reader puts the head together from the tables and what they lack, however seldom it looks; what is missing is
// said, never taken for nothing.
// Method: a store with two heights that wait, of which one row is taken away; readers that look now and then, over handles
// that see one moment.
import { hexToBytes, toHeight } from '@sheaf/primitives';
import { copyOf } from '../test/crashing-key-value.ts';
import { addressOf, changesBetween, rootOfWorld, slotOf, type World } from '../test/world.ts';
import { journalKeys } from './journal.ts';
import { stateTables, type KeyValue } from './key-value.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';
import { PartitionReader } from './state-at.ts';

const world = (balance: bigint): World =>
  new Map(
    [0, 1].map((n) => [
      addressOf(n),
      { nonce: 1n, balance, code: new Uint8Array(0), slots: new Map([0, 1].map((slot) => [slotOf(slot), balance])) },
    ]),
  );

test('a reader and a store that is opened, with each row of the journal missing', () => {
  const rows = journalRows();
  expect(rows.length).toBeGreaterThanOrEqual(8);
  for (const key of rows) {
    const { kv } = arrange();
    kv.write([{ table: stateTables.journal, key, value: undefined }]);
    const loss = expect.objectContaining({ code: 'DATA_LOSS' });
    expect(() => new PartitionState(kv)).toThrow(loss);
    const at = new PartitionReader(kv).at(toHeight(1));
    // One of them needs the row, and none has another answer without it.
    const answers = [
      () => expect(at.account(hexToBytes(addressOf(0)))).toMatchObject({ balance: 6n }),
      () => expect((at.storage(hexToBytes(addressOf(0)), hexToBytes(slotOf(0))) as Uint8Array).at(-1)).toBe(6),
      () => expect([...at.rows(0, new Uint8Array(0))]).toHaveLength(2),
      () => expect(at.branch(0, Uint8Array.of(8, 0))).toBeDefined(),
    ];
    let noticed = 0;
    for (const answer of answers) {
      try {
        answer();
      } catch (error) {
        expect(error).toMatchObject({ code: 'DATA_LOSS' });
        noticed += 1;
      }
    }
    expect(noticed).toBeGreaterThan(0);
  }
});

function arrange() {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(changesBetween(new Map(), world(5n))), { height: toHeight(0) });
  state.commit(state.prepare(changesBetween(world(5n), world(6n))), { height: toHeight(1) });
  return { kv };
}

function journalRows(): Uint8Array[] {
  const { kv } = arrange();
  return [0n, 1n].flatMap((height) => journalKeys(kv, height));
}

test.each([1, 2, 3, 5])(
  'a reader that looks every %d heights, between which all is carried over and dropped',
  (stride) => {
    const kv = memoryKeyValue();
    const state = new PartitionState(kv, { heightsKept: 0 });
    const reader = new PartitionReader(momentOf(kv));
    let before: World = new Map();
    for (let height = 0; height < 16; height++) {
      // The first account changes at each height, the second comes and goes.
      const after = world(BigInt(height + 1));
      if (height % 4 === 3) after.delete(addressOf(1));
      if (height % 3 === 0) while (state.maintain({ idle: true }));
      state.commit(state.prepare(changesBetween(before, after)), { height: toHeight(height) });
      before = after;
      if (height % stride !== 0) continue;
      reader.refresh();
      const at = reader.at(toHeight(height));
      expect(at.stateRoot()).toBe(rootOfWorld(after));
      expect(at.account(hexToBytes(addressOf(0)))).toMatchObject({ balance: BigInt(height + 1) });
      expect(at.account(hexToBytes(addressOf(1))) === undefined).toBe(height % 4 === 3);
      const word = at.storage(hexToBytes(addressOf(0)), hexToBytes(slotOf(1))) as Uint8Array;
      expect(word.at(-1)).toBe(height + 1);
    }
  },
);

/** A handle as another process has it: of one moment, until it is refreshed. */
function momentOf(kv: KeyValue): KeyValue {
  let moment = copyOf(kv);
  return {
    get: (table, key) => moment.get(table, key),
    range: (table, from, to, limit) => moment.range(table, from, to, limit),
    write: (changes) => kv.write(changes),
    refresh: () => (moment = copyOf(kv)),
  };
}

test('what a reader saw it sees until it is refreshed', () => {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv, { heightsKept: 0 });
  state.commit(state.prepare(changesBetween(new Map(), world(1n))), { height: toHeight(0) });
  const reader = new PartitionReader(momentOf(kv));
  const at = reader.at(toHeight(0));
  state.commit(state.prepare(changesBetween(world(1n), world(2n))), { height: toHeight(1) });
  while (state.maintain({ idle: true }));
  expect(at.stateRoot()).toBe(rootOfWorld(world(1n)));
  expect(reader.heights().head).toBe(0n);
  reader.refresh();
  expect(reader.at(toHeight(1)).stateRoot()).toBe(rootOfWorld(world(2n)));
  expect(() => at.tops()).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('a branch that the journal changes and the tables have lost is told, not made up', () => {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  const crowd = (balance: bigint) =>
    new Map([...world(balance), [addressOf(2), { ...world(balance).get(addressOf(0))!, slots: new Map() }]]);
  state.commit(state.prepare(changesBetween(new Map(), crowd(1n))), { height: toHeight(0) });
  while (state.maintain({ idle: true }));
  state.commit(state.prepare(changesBetween(crowd(1n), crowd(2n))), { height: toHeight(1) });
  const branches = kv.range(stateTables.branches, new Uint8Array(0), undefined, Infinity);
  expect(branches.length).toBeGreaterThan(2);
  for (const { key } of branches) {
    const copy = copyOf(kv);
    copy.write([{ table: stateTables.branches, key, value: undefined }]);
    const at = new PartitionReader(copy).at(toHeight(1));
    const owner = Number(key[5]!);
    expect(() => at.branch(owner, key.subarray(6))).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  }
});
