// Goal: a height's journal gives every entry it was given and no other, by key and by range, whatever rows it was cut
// into; what is damaged is told.
// Method: random sorted entries, many of them, against the sorted list; bounds on and beside keys.
import { compareBytes, concatBytes, toHeight } from '@sheaf/primitives';
import { createTrieEngine, readNodeDiff } from '@sheaf/trie';
import fc from 'fast-check';
import { JournalReader } from './journal-reader.ts';
import { journalKeys, readJournalHead, ValueRows, writeJournal, type JournalInput } from './journal.ts';
import { branchKey, slotKeyOf } from './keys.ts';
import { stateTables } from './key-value.ts';
import { journalChunkBytes } from './limits.ts';
import { memoryKeyValue } from './memory-key-value.ts';

const height = toHeight(7);

interface Change {
  key: Uint8Array;
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

/** Keys that rise, from numbers; the larger the value, the sooner a row is full. */
const changes = (section: 'accounts' | 'slots') =>
  fc
    .tuple(
      fc.uniqueArray(fc.nat(5_000), { maxLength: 900, minLength: 0, size: 'max' }),
      fc.infiniteStream(fc.option(fc.uint8Array({ minLength: 1, maxLength: 112, size: 'max' }), { nil: undefined })),
    )
    .map(([numbers, values]) =>
      numbers
        .sort((a, b) => a - b)
        .map((n): Change => {
          const [before, after] = [values.next().value, values.next().value];
          return { key: keyOf(section, n), before, after };
        }),
    );

function keyOf(section: 'accounts' | 'slots', n: number): Uint8Array {
  const hash = new Uint8Array(32).fill(0x55);
  new DataView(hash.buffer).setUint32(0, Math.floor(n / 3) * 2 ** 8);
  hash[31] = n % 3;
  return section === 'accounts' ? hash : slotKeyOf(1 + Math.floor(n / 700), hash);
}

function rowsOf(section: 'accounts' | 'slots', list: readonly Change[]) {
  const rows = new ValueRows(section);
  for (const { key, before, after } of list) rows.add(key, before, after);
  expect(rows.count).toBe(list.length);
  return rows.finish();
}

function store(input: Partial<JournalInput>) {
  const kv = memoryKeyValue();
  const { writes, bytes } = writeJournal({ height, accounts: [], slots: [], branches: [], ...input });
  kv.write(writes);
  expect(bytes).toBe(writes.reduce((sum, { value }) => sum + value!.length, 0));
  return kv;
}

test.each(['accounts', 'slots'] as const)('%s, by key and by range', (section) => {
  fc.assert(
    fc.property(changes(section), fc.nat(5_000), fc.nat(5_000), fc.boolean(), (list, low, high, open) => {
      const rows = rowsOf(section, list);
      const kv = store({ [section]: rows });
      // Cut at the size: none is much beyond it, none but the last below.
      rows.forEach(({ bytes, firstKey }, i) => {
        expect(bytes.length).toBeLessThan(2 * journalChunkBytes);
        if (i < rows.length - 1) expect(bytes.length).toBeGreaterThanOrEqual(journalChunkBytes);
        expect(bytes.subarray(0, firstKey.length)).toEqual(firstKey);
      });
      const reader = new JournalReader(kv, 60_000);
      for (let n = 0; n < 5_000; n += 37) {
        const key = keyOf(section, n);
        const found = reader.find(height, section, key);
        expect(found?.row.value(found.index)).toEqual(list.find((one) => compareBytes(one.key, key) === 0));
      }
      for (const one of list.slice(0, 5)) {
        const found = reader.find(height, section, one.key)!;
        expect(found.row.value(found.index)).toEqual(one);
      }
      const [from, to] = [keyOf(section, low), open ? undefined : keyOf(section, high)];
      const scanned = [...reader.scan(height, section, from, to)].map(({ row, index }) => row.value(index));
      expect(scanned).toEqual(
        list.filter(({ key }) => compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0)),
      );
      for (const other of ['accounts', 'slots', 'branches'] as const) {
        if (other === section) continue;
        expect([...reader.scan(height, other, new Uint8Array(1), undefined)]).toEqual([]);
      }
    }),
    { numRuns: 12 },
  );
});

test('branches of several tries, by key', () => {
  // Ids that differ in their high and low bytes; tries large enough for several rows.
  const engine = createTrieEngine();
  const owners = [1, 2, 2 ** 40 + 1];
  const { diff, nodes } = engine.commit(
    owners.map((owner) => ({
      owner,
      position: new Uint8Array(0),
      changes: Array.from({ length: 300 }, (_, i) => {
        const key = new Uint8Array(32);
        new DataView(key.buffer).setUint32(0, i * 0x00d1_0000);
        return { key, value: Uint8Array.of(1, 2, 3), existed: false };
      }),
    })),
    { branch: () => undefined, leaf: () => undefined },
  );
  const changed = Array.from(nodes, ({ owner, position, after }) => ({
    owner,
    position: position.slice(),
    after: after?.slice(),
  }));
  const kv = store({ branches: [diff] });
  expect(readJournalHead(kv, height)!.branches.length).toBeGreaterThan(1);
  const reader = new JournalReader(kv, 1_000_000);
  for (const { owner, position, after } of changed) {
    const found = reader.find(height, 'branches', branchKey(owner, position))!;
    const { entry } = readNodeDiff(found.row.bytes, found.row.offset(found.index));
    expect(entry).toEqual({ owner, position, kind: 'whole', before: undefined, after });
    // Beside it there is nothing.
    expect(reader.find(height, 'branches', branchKey(owner + 7, position))).toBeUndefined();
    const below = branchKey(owner, concatBytes(position, new Uint8Array(3)));
    expect(reader.find(height, 'branches', below)).toBeUndefined();
  }
  expect([...reader.scan(height, 'branches', new Uint8Array(1), undefined)]).toHaveLength(changed.length);
});

test('a height without changes has a header, and its keys are all there is', () => {
  const kv = store({
    accounts: rowsOf('accounts', [{ key: keyOf('accounts', 1), before: undefined, after: undefined }]),
  });
  const keys = journalKeys(kv, height);
  expect(keys).toEqual(kv.range(stateTables.journal, new Uint8Array(1), undefined, 100).map(({ key }) => key));
  expect(keys).toHaveLength(2);
  expect(journalKeys(store({}), height)).toHaveLength(1);
  expect(journalKeys(kv, 8n)).toEqual([]);
  expect([...new JournalReader(store({}), 10).scan(height, 'accounts', new Uint8Array(1), undefined)]).toEqual([]);
});

test('damage', () => {
  const rows = rowsOf('accounts', [{ key: keyOf('accounts', 1), before: undefined, after: Uint8Array.of(1) }]);
  const kv = store({ accounts: rows });
  const [head, row] = kv.range(stateTables.journal, new Uint8Array(1), undefined, 9);
  const table = stateTables.journal;
  const loss = expect.objectContaining({ code: 'DATA_LOSS' });
  const find = () => new JournalReader(kv, 100).find(height, 'accounts', keyOf('accounts', 1));
  expect(find()).toBeDefined();
  for (const value of [undefined, Uint8Array.of(1, 2, 3)]) {
    kv.write([{ table, key: row!.key, value }]);
    expect(find).toThrow(loss);
  }
  kv.write([{ table, key: row!.key, value: row!.value }]);
  expect(find()).toBeDefined();
  const version = head!.value.slice();
  version[0] = 2;
  for (const value of [undefined, version, head!.value.subarray(0, 9), Uint8Array.of(...head!.value, 0)]) {
    kv.write([{ table, key: head!.key, value }]);
    expect(find).toThrow(loss);
  }
});

test('headers of so many heights are kept, and no more', () => {
  const kv = memoryKeyValue();
  for (let at = 0; at < 700; at++) {
    kv.write(writeJournal({ height: toHeight(at), accounts: [], slots: [], branches: [] }).writes);
  }
  let reads = 0;
  const reader = new JournalReader({ ...kv, get: (table, key) => ((reads += 1), kv.get(table, key)) }, 1_000);
  const look = (at: number) => expect(reader.find(BigInt(at), 'accounts', new Uint8Array(32))).toBeUndefined();
  for (let at = 0; at < 700; at++) look(at);
  look(699);
  expect(reads).toBe(700);
  look(0);
  expect(reads).toBe(701);
});

test('what it keeps in memory has a bound, and is read once as long as it is kept', () => {
  const list = Array.from({ length: 4_000 }, (_, n): Change => ({
    key: keyOf('accounts', n),
    before: new Uint8Array(50).fill(1),
    after: new Uint8Array(50).fill(2),
  }));
  const kv = store({ accounts: rowsOf('accounts', list) });
  const reads = { head: 0, rows: 0 };
  const counting = {
    ...kv,
    get(table: string, key: Uint8Array) {
      reads[key[8] === 0 ? 'head' : 'rows'] += 1;
      return kv.get(table, key);
    },
  };
  const rowCount = readJournalHead(kv, height)!.accounts.length;
  expect(rowCount).toBeGreaterThan(15);
  const all = (reader: JournalReader) => [...reader.scan(height, 'accounts', new Uint8Array(1), undefined)].length;
  const roomy = new JournalReader(counting, 10_000_000);
  expect([all(roomy), all(roomy)]).toEqual([4_000, 4_000]);
  expect(reads).toEqual({ head: 1, rows: rowCount });
  // Room for three rows: those of the beginning are gone at the end.
  const tight = new JournalReader(counting, 3 * (journalChunkBytes + 2_000));
  all(tight);
  expect(reads.rows).toBe(2 * rowCount);
  tight.find(height, 'accounts', keyOf('accounts', 3_999));
  expect(reads.rows).toBe(2 * rowCount);
  tight.find(height, 'accounts', keyOf('accounts', 0));
  expect(reads.rows).toBe(2 * rowCount + 1);
  // Room for none.
  const none = new JournalReader(counting, 10);
  for (let i = 0; i < 3; i++) expect(none.find(height, 'accounts', keyOf('accounts', 5))).toBeDefined();
  expect(reads.rows).toBe(2 * rowCount + 4);
});
