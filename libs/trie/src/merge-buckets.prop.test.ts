// Goal: 256 buckets make the root of one trie, whatever they have, and an account's proof goes through the merge.
// Method: random tries, from no account up, cut into buckets, against libs/ethereum's trie; close keys leave most first
// nibbles with one bucket or none.
import { Trie } from '@sheaf/ethereum';
import fc from 'fast-check';
import { key, leavesOf } from '../test/arbitraries.ts';
import { buildSource } from '../test/build-source.ts';
import { cutBuckets } from '../test/cut-buckets.ts';
import { decodeTop, encodeTop } from './encode-top.ts';
import { mergedSource } from './merged-source.ts';
import { lookUp, readTop } from './look-up.ts';
import { toNibbles } from './nibbles.ts';
import { proveAccount } from './prove.ts';
import type { TopNode } from './trie-source.ts';

const accounts = fc.oneof(leavesOf(3), leavesOf(30));

test('the root, the source and the proofs are those of the whole trie', () => {
  fc.assert(
    fc.property(accounts, fc.array(key, { maxLength: 4 }), (leaves, absent) => {
      const oracle = new Trie();
      for (const leaf of leaves) oracle.put(leaf.key, leaf.value);
      const { merged, source: buckets } = cutBuckets(leaves);
      expect(merged.root).toEqual(oracle.commit().root);
      const whole = buildSource(leaves);
      expect(merged.top).toEqual(whole.topAt(new Uint8Array(0)));
      for (const probe of [...leaves.map((leaf) => leaf.key), ...absent]) {
        expect(proveAccount(merged, buckets, probe)).toEqual(oracle.prove(probe));
        const source = mergedSource(merged, buckets);
        expect(lookUp(source, { owner: 0, position: new Uint8Array(0) }, probe)).toEqual(oracle.get(probe));
      }
    }),
    { numRuns: 60 },
  );
});

test('the lowest leaf of every position, above and below the merge', () => {
  fc.assert(
    fc.property(accounts, key, fc.integer({ min: 0, max: 4 }), (leaves, path, depth) => {
      const { merged, source: buckets } = cutBuckets(leaves);
      const position = toNibbles(path).subarray(0, depth);
      const source = mergedSource(merged, buckets);
      expect(source.leaf(0, position)).toEqual(buildSource(leaves).leaf(0, position));
    }),
    { numRuns: 60 },
  );
});

test('a top goes to another member and comes back', () => {
  const position = Uint8Array.of(0, 0);
  const tops = leavesOf(12).map((leaves) => readTop(buildSource(leaves, position), 0, position));
  fc.assert(
    fc.property(tops, (top) => {
      expect(decodeTop(encodeTop(top), position)).toEqual(top);
    }),
  );
});

test('damage of a top is refused or is another top in its one encoding', () => {
  const position = Uint8Array.of(0, 0);
  const encoded = leavesOf(12).map((leaves) => encodeTop(buildSource(leaves, position).topAt(position)));
  fc.assert(
    fc.property(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(2), (bytes, place, change, kind) => {
      const damaged = new Uint8Array(bytes.length - 1 + kind);
      damaged.set(bytes.subarray(0, damaged.length));
      if (kind === 1) damaged[place % damaged.length]! ^= change;
      let top: TopNode;
      try {
        top = decodeTop(damaged, position, 'tops.0');
      } catch (error) {
        expect(error).toMatchObject({ detail: { code: 'INVALID_ARGUMENT', field: 'tops.0' } });
        return;
      }
      expect(encodeTop(top)).toEqual(damaged);
    }),
    { numRuns: 1000 },
  );
});
