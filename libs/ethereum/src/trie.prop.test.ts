// Goal: the trie has the oracle's roots under puts and deletes, commits exactly what a reader needs, and proves.
// Method: fast-check histories against @ethereumjs/mpt, reopened from the committed nodes alone after every batch.
import { createMPT, verifyMPTWithMerkleProof } from '@ethereumjs/mpt';
import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { Trie } from './trie.ts';

// Few keys that share prefixes, so that branches form and collapse.
const key = fc.integer({ min: 0, max: 24 }).map((n) => {
  const bytes = new Uint8Array(32);
  bytes[0] = n % 5 < 2 ? 0x11 : n * 7;
  bytes[1] = n % 3 === 0 ? 0x20 : n;
  bytes[31] = n;
  return bytes;
});
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const change = fc.record({ key, value: fc.option(value, { nil: undefined, freq: 2 }) });

test('every batch leaves the oracle root, and its nodes suffice to go on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 5 }), async (batches) => {
      const oracle = await createMPT();
      const stored = new Map<Hash32, Uint8Array>();
      let root: Uint8Array | undefined;
      for (const batch of batches) {
        const trie = new Trie(root, (hash) => stored.get(hash));
        for (const { key, value } of batch) {
          if (value === undefined) trie.delete(key);
          else trie.put(key, value);
          await (value === undefined ? oracle.del(key) : oracle.put(key, value));
        }
        const committed = trie.commit();
        for (const [hash, node] of committed.nodes) {
          expect(bytesToHex(keccak256(node))).toBe(hash);
          stored.set(hash, node);
        }
        root = committed.root;
        expect(bytesToHex(root)).toBe(bytesToHex(oracle.root()));
        expect(new Trie(root, (hash) => stored.get(hash)).commit().nodes.size).toBe(0);
      }
      const reader = new Trie(root, (hash) => stored.get(hash));
      for (let n = 0; n <= 24; n++) {
        const probe = fc.sample(key, { seed: n, numRuns: 1 })[0]!;
        const found = (await oracle.get(probe)) ?? undefined;
        expect(reader.get(probe)).toEqual(found);
        const proof = reader.prove(probe);
        if (root !== undefined && proof.length > 0) {
          const proven = await verifyMPTWithMerkleProof(oracle, root, probe, proof);
          expect(proven ?? undefined).toEqual(found);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a missing node is DATA_LOSS for reads, writes and the sibling of a delete', () => {
  const keys = [0x10, 0x11, 0x20].map((first) => Uint8Array.of(first, ...new Array<number>(31).fill(first)));
  const full = new Trie();
  for (const each of keys) full.put(each, new Uint8Array(40).fill(1));
  const { root, nodes } = full.commit();
  for (const lost of nodes.keys()) {
    const open = () => new Trie(root, (hash) => (hash === lost ? undefined : nodes.get(hash)));
    const failures = keys.flatMap((each) => [
      () => open().get(each),
      () => open().put(each, each),
      () => open().delete(each),
    ]);
    const thrown = failures.filter((run) => {
      try {
        run();
        return false;
      } catch (error) {
        expect((error as Error).message).toBe(`trie node ${lost} is missing`);
        return true;
      }
    });
    expect(thrown.length).toBeGreaterThan(0);
  }
});
