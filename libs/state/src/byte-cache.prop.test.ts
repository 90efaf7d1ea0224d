// Goal: what it knows is what was set last, it never grows beyond its bound, and what is asked for often stays.
// Method: random sets and gets against a Map, on a cache so small that it turns over all the time.
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { ByteCache } from './byte-cache.ts';

const bytesMax = 10_000;
/** An empty table's index, and the largest entry below. */
const slack = 8_192 + 3 + 4 + 300;

const steps = fc.array(
  fc.record({
    key: fc.nat(60).map((n) => Uint8Array.of(1, 2, 3, n)),
    value: fc.option(fc.tuple(fc.nat(300), fc.nat(255)).map(([length, fill]) => new Uint8Array(length).fill(fill))),
    set: fc.boolean(),
  }),
  { maxLength: 400 },
);

test('never stale, never larger', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const cache = new ByteCache(bytesMax);
      const model = new Map<string, Uint8Array | null>();
      let [hits, asked] = [0, 0];
      for (const { key, value, set } of taken) {
        if (set) {
          cache.set(key, value);
          model.set(bytesToHex(key), value);
        }
        const found = cache.get(key);
        asked += 1;
        if (found !== undefined) hits += 1;
        // What was set just now is there.
        if (set) expect(found).toEqual(value);
        if (found !== undefined) expect(found).toEqual(model.get(bytesToHex(key)));
        expect(cache.bytes).toBeLessThanOrEqual(2 * (bytesMax + slack));
      }
      expect([cache.hits, cache.misses]).toEqual([hits, asked - hits]);
    }),
    { numRuns: 60 },
  );
});

test('what is asked for stays, the rest goes', () => {
  const cache = new ByteCache(bytesMax);
  const used = Uint8Array.of(1);
  const unused = Uint8Array.of(2);
  for (const key of [used, unused]) cache.set(key, Uint8Array.of(7));
  for (let i = 0; i < 1_000; i++) {
    cache.set(Uint8Array.of(3, i >> 8, i), new Uint8Array(50));
    expect(cache.get(used)).toEqual(Uint8Array.of(7));
  }
  expect(cache.get(unused)).toBeUndefined();
});
