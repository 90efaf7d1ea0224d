// Goal: a store knows whose it is and how far it is, and refuses whatever does not fit; what it has lost it says.
// Method: each thing that can be wrong, one at a time.
import { toHeight } from '@sheaf/primitives';
import { stateTables, type KeyValue } from './key-value.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import {
  claimStore,
  finishLoading,
  readHeights,
  readLoading,
  readNextStorageId,
  writeHead,
  writeHeight,
  writeLoading,
  writeNextStorageId,
} from './meta.ts';

const all = { first: 0, end: 256 };
const digest = new Uint8Array(32).fill(7);
const conflict = expect.objectContaining({ code: 'CONFLICT' });
const rows = (kv: KeyValue) => kv.range(stateTables.meta, new Uint8Array(1), undefined, 99).length;

test.each([
  [0, 256],
  [0, 1],
  [255, 256],
  [17, 200],
])('a store of %d up to %d is nobody else’s', (first, end) => {
  const kv = memoryKeyValue();
  claimStore(kv, { first, end }, { loading: false });
  claimStore(kv, { first, end }, { loading: false });
  for (const other of [
    { first: first + 1, end },
    { first: first - 1, end },
    { first, end: end - 1 },
    { first, end: end + 1 },
  ]) {
    const code = other.first < 0 || other.end > 256 || other.first >= other.end ? 'INVALID_ARGUMENT' : 'CONFLICT';
    expect(() => claimStore(kv, other, { loading: false })).toThrow(expect.objectContaining({ code }));
  }
});

test.each([
  [3, 3],
  [4, 3],
  [-1, 4],
  [0, 257],
  [0.5, 4],
  [0, 4.5],
  [Number.NaN, 4],
])('%d up to %d is no range, and nothing is written', (first, end) => {
  const kv = memoryKeyValue();
  expect(() => claimStore(kv, { first, end }, { loading: false })).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field: 'buckets' }) }),
  );
  expect(rows(kv)).toBe(0);
});

test('a store of another format', () => {
  const kv = memoryKeyValue();
  claimStore(kv, all, { loading: false });
  const [format] = kv.range(stateTables.meta, new Uint8Array(1), undefined, 1);
  kv.write([{ table: stateTables.meta, key: format!.key, value: Uint8Array.of(2, 0, 255) }]);
  expect(() => claimStore(kv, all, { loading: false })).toThrow(conflict);
});

test('a store that is being loaded is opened by nobody but who loads it', () => {
  const kv = memoryKeyValue();
  claimStore(kv, all, { loading: true });
  expect(() => claimStore(kv, all, { loading: false })).toThrow('not loaded to its end');
  expect(readLoading(kv)).toBeUndefined();
  expect(readNextStorageId(kv)).toBeUndefined();
  kv.write([writeLoading(Uint8Array.of(1, 2, 3)), writeNextStorageId(2 ** 40 + 5)]);
  // Somebody who begins to load again keeps what there is.
  claimStore(kv, all, { loading: true });
  expect(readLoading(kv)).toEqual(Uint8Array.of(1, 2, 3));
  expect(readNextStorageId(kv)).toBe(2 ** 40 + 5);
  expect(() => claimStore(kv, all, { loading: false })).toThrow('not loaded to its end');
  finishLoading(kv, { head: toHeight(9), digest, nextStorageId: 12 });
  claimStore(kv, all, { loading: false });
  expect(readLoading(kv)).toBeUndefined();
  expect(readNextStorageId(kv)).toBeUndefined();
  expect(readHeights(kv)).toEqual({
    head: 9n,
    digest,
    nextStorageId: 12,
    pendingFrom: 10n,
    carrying: undefined,
    oldest: 9n,
  });
});

test('heights there and back; one that is lost is said', () => {
  const kv = memoryKeyValue();
  expect(readHeights(kv)).toBeUndefined();
  const head = { head: toHeight(2n ** 63n), digest, nextStorageId: 2 ** 48 - 1 };
  kv.write([
    writeHead(head),
    writeHeight('oldest', toHeight(5)),
    writeHeight('pending-from', toHeight(6)),
    writeHeight('carrying', toHeight(2n ** 33n)),
  ]);
  expect(readHeights(kv)).toEqual({ ...head, oldest: 5n, pendingFrom: 6n, carrying: 2n ** 33n });
  kv.write([writeHeight('carrying', undefined)]);
  expect(readHeights(kv)!.carrying).toBeUndefined();
  for (const name of ['oldest', 'pending-from'] as const) {
    kv.write([writeHeight(name, undefined)]);
    expect(() => readHeights(kv)).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
    kv.write([writeHeight(name, toHeight(1))]);
  }
});
