// Goal: tables in memory are what `KeyValue` says: byte strings in the order of their keys.
// Method: random writes and ranges against a sorted list; what was given and what was got is changed afterwards.
import { bytesToHex, compareBytes } from '@sheaf/primitives';
import fc from 'fast-check';
import { memoryKeyValue } from './memory-key-value.ts';

const key = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 0x80, 0xff), { minLength: 1, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes)),
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
);
const write = fc.record({
  table: fc.constantFrom('a', 'b'),
  key,
  value: fc.option(fc.uint8Array({ maxLength: 8 }), { nil: undefined }),
});

test('against a sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(write, { maxLength: 12 }), { maxLength: 12 }),
      fc.infiniteStream(key),
      fc.option(key, { nil: undefined }),
      fc.nat(12),
      (batches, others, to, limit) => {
        const kv = memoryKeyValue();
        const model = new Map<string, { table: string; key: Uint8Array; value: Uint8Array }>();
        for (const batch of batches) {
          const given = batch.map((one) => ({ ...one, key: one.key.slice(), value: one.value?.slice() }));
          kv.write(given);
          for (const { key: bytes, value } of given) [bytes, value].forEach((array) => array?.fill(0xaa));
          for (const { table, key: bytes, value } of batch) {
            const name = `${table} ${bytesToHex(bytes)}`;
            if (value === undefined) model.delete(name);
            else model.set(name, { table, key: bytes, value });
          }
          const other = others.next().value;
          for (const bytes of [...batch.map((one) => one.key), other]) {
            for (const table of ['a', 'b']) {
              expect(kv.get(table, bytes)).toEqual(model.get(`${table} ${bytesToHex(bytes)}`)?.value);
            }
          }
          const from = others.next().value;
          const sorted = [...model.values()].sort((a, b) => compareBytes(a.key, b.key));
          for (const table of ['a', 'b']) {
            const expected = sorted
              .filter((one) => one.table === table && compareBytes(one.key, from) >= 0)
              .filter((one) => to === undefined || compareBytes(one.key, to) < 0)
              .slice(0, limit)
              .map((one) => ({ key: one.key, value: one.value }));
            const found = kv.range(table, from, to, limit);
            expect(found).toEqual(expected);
            // Copies: whoever changes them changes nothing here.
            for (const entry of found) {
              entry.key.fill(0xbb);
              entry.value.fill(0xbb);
            }
            expect(kv.range(table, from, to, limit)).toEqual(expected);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});
