// Goal: witness and proofs of N partitions are byte for byte those of one, and a part that is damaged is refused or makes no
// other root.
// Method: random blocks on random states, the same state in one partition and in 2, 3 and 16; every account and some that
// are not there are proven; the parts go through their encoding.
import { bytesToHex, equalBytes, hexToBytes, toHeight } from '@sheaf/primitives';
import { encodeTop, keccak256, proveAccount } from '@sheaf/trie';
import fc from 'fast-check';
import {
  collectWay,
  collectWitness,
  collectWitnessPart,
  decodeTops,
  decodeWitnessPart,
  encodeTops,
  encodeWitness,
  encodeWitnessPart,
  joinWitness,
  memoryKeyValue,
  mergeTops,
  ownTops,
  PartitionReader,
  PartitionState,
  proveByWay,
  proveState,
  type AccessList,
  type BlockChanges,
  type StateAt,
} from '../src/index.ts';
import { accounts, edit, play } from './edits.ts';
import { accessListOf, addressOf, changesBetween, type World } from './world.ts';

const counts = [2, 3, 16];
const runs = { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 10) };
const block = fc.record({
  start: fc.array(edit, { maxLength: 40 }),
  edits: fc.array(edit, { maxLength: 6 }),
  reads: fc.array(fc.tuple(fc.nat(accounts + 3), fc.nat(6)), { maxLength: 6 }),
});

const bucketOf = (address: Uint8Array) => keccak256(address)[0]!;

function openAt(changes: BlockChanges, first: number, end: number): StateAt {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv, { buckets: { first, end } });
  const own = changes.accounts.filter(({ address }) => bucketOf(address) >= first && bucketOf(address) < end);
  state.commit(state.prepare({ accounts: own, codes: changes.codes }), { height: toHeight(0) });
  return new PartitionReader(kv, { buckets: { first, end } }).at(toHeight(0));
}

function openPartitions(changes: BlockChanges, count: number): StateAt[] {
  const bound = (index: number) => Math.floor((256 * index) / count);
  return Array.from({ length: count }, (_, i) => openAt(changes, bound(i), bound(i + 1)));
}

const ownOf = (state: StateAt, list: AccessList) =>
  list.accounts.filter(({ address }) => {
    const { first, end } = state.buckets();
    return bucketOf(address) >= first && bucketOf(address) < end;
  });

function arrange({
  start,
  edits,
  reads,
}: {
  start: Parameters<typeof play>[1];
  edits: typeof start;
  reads: [number, number][];
}) {
  const { after: before }: { after: World } = play(new Map(), start);
  const { after, wiped } = play(before, edits);
  return {
    genesis: changesBetween(new Map(), before),
    list: accessListOf(changesBetween(before, after, wiped), reads),
  };
}

test('one witness and one proof, whatever the number of partitions', () => {
  fc.assert(
    fc.property(block, (input) => {
      const { genesis, list } = arrange(input);
      const alone = openAt(genesis, 0, 256);
      const expected = encodeWitness(collectWitness(alone, list));
      for (const count of counts) {
        const partitions = openPartitions(genesis, count);
        const parts = partitions.map((state) =>
          decodeWitnessPart(encodeWitnessPart(collectWitnessPart(state, ownOf(state, list)))),
        );
        const { root, ...witness } = joinWitness(parts.reverse(), []);
        expect(bytesToHex(root)).toBe(alone.stateRoot());
        expect(equalBytes(encodeWitness(witness), expected)).toBe(true);

        const merged = mergeTops(partitions.map(ownTops).map((own) => decodeTops(own.first, encodeTops(own), 'tops')));
        for (let who = 0; who < accounts + 6; who++) {
          const address = addressOf(who);
          const owner = partitions.find((state) => typeof state.account(hexToBytes(address)) !== 'symbol')!;
          const { accountProof } = proveState(alone, address, []);
          expect(proveByWay(merged, address, collectWay(owner, address))).toEqual(accountProof);
          expect(proveAccount(merged, owner, keccak256(hexToBytes(address)))).toEqual(accountProof);
        }
      }
    }),
    runs,
  );
});

test('a part with a byte changed is refused, or makes another root or the same witness', () => {
  fc.assert(
    fc.property(block, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, at, by) => {
      const { genesis, list } = arrange(input);
      const [first, second] = openPartitions(genesis, 2).map((state) => collectWitnessPart(state, ownOf(state, list)));
      const encoded = encodeWitnessPart(second!);
      encoded[at % encoded.length]! ^= by;
      try {
        joinWitness([first!, decodeWitnessPart(encoded)], []);
      } catch (error) {
        expect(error).toMatchObject({ name: 'ChainError' });
      }
    }),
    runs,
  );
});

test('buckets that are missing or there twice, ways of other states, accounts of other partitions', () => {
  const { genesis, list } = arrange({ start: [], edits: [], reads: [[0, 0]] });
  const [first, second] = openPartitions(genesis, 2);
  const loss = expect.objectContaining({ detail: expect.objectContaining({ code: 'DATA_LOSS' }) });
  const [tops, others] = [ownTops(first!), ownTops(second!)];
  for (const parts of [[tops], [tops, tops], [others], [tops, others, others]]) {
    expect(() => mergeTops(parts)).toThrow(loss);
  }
  const other = [first!, second!].find((state) => ownOf(state, list).length === 0)!;
  expect(() => collectWitnessPart(other, list.accounts)).toThrow(loss);
  const leaf = encodeTop({ kind: 'leaf', key: new Uint8Array(32), value: Uint8Array.of(1) });
  expect(() => decodeTops(3, [leaf], 'tops')).toThrow('tops.0');
  expect(() => decodeTops(255, [leaf, leaf], 'tops')).toThrow('of no buckets');
});
