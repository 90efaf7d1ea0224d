// Goal: an access list brings a state over its block without executing it, and names what a witness needs; a witness
// answers every read of the block and gives the root after it, and never another answer when something is missing.
// Method: random blocks on random states; the same block on the whole store, by its access list, and on the witness
// alone; then the witness with one byte changed, and with another block's needs.
import { bytesToBigint, toAddress, toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import {
  changesOf,
  collectWitness,
  decodeAccessList,
  decodeWitness,
  encodeAccessList,
  encodeWitness,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  WitnessState,
} from '../src/index.ts';
import { accounts, edit, expectState, play } from './edits.ts';
import { accessListOf, changesBetween, rootOfWorld } from './world.ts';

const runs = { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 60) };
const block = fc.record({
  start: fc.array(edit, { minLength: 10, maxLength: 60 }),
  edits: fc.array(edit, { maxLength: 6 }),
  reads: fc.array(fc.tuple(fc.nat(accounts + 3), fc.nat(6)), { maxLength: 6 }),
});

function arrange({
  start,
  edits,
  reads,
}: {
  start: Parameters<typeof play>[1];
  edits: Parameters<typeof play>[1];
  reads: [number, number][];
}) {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  const { after: before } = play(new Map(), start);
  state.commit(state.prepare(changesBetween(new Map(), before)), { height: toHeight(0) });
  const { after, wiped } = play(before, edits);
  const changes = changesBetween(before, after, wiped);
  const list = accessListOf(changes, reads);
  return { kv, state, before, after, changes, list };
}

test('by access list, and on a witness alone', () => {
  fc.assert(
    fc.property(block, (input) => {
      const { kv, state, before, after, changes, list } = arrange(input);
      const encoded = encodeAccessList(list);
      const decoded = decodeAccessList(encoded);
      expect(encodeAccessList(decoded)).toEqual(encoded);
      const byList = state.prepare(changesOf(decoded));
      const root = rootOfWorld(after) as Hash32;
      expect(state.stateRoot(byList.tops)).toBe(root);
      state.commit(byList, { height: toHeight(1), accessList: encoded });
      expectState(state, after);

      const reader = new PartitionReader(kv);
      expect(reader.accessList(toHeight(1))).toEqual(encoded);
      const witness = decodeWitness(encodeWitness(collectWitness(reader.at(toHeight(0)), decoded)));
      const alone = new WitnessState(witness, rootOfWorld(before) as Hash32);
      for (const { address, reads } of list.accounts) {
        const expected = before.get(toAddress(address));
        const found = alone.account(address);
        expect(found && { nonce: found.nonce, balance: found.balance }).toEqual(
          expected && { nonce: expected.nonce, balance: expected.balance },
        );
        for (const slot of reads) {
          const word = alone.storage(address, slot);
          expect(word && bytesToBigint(word as Uint8Array)).toBe(expected?.slots.get(toHash32(slot)));
        }
      }
      expect(alone.rootAfter(changes)).toBe(root);
    }),
    runs,
  );
});

test('a changed byte, or the needs of another block, is never another root', () => {
  fc.assert(
    fc.property(
      block,
      fc.array(edit, { maxLength: 4 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (input, others, at, by) => {
        const { kv, before, after, changes, list } = arrange(input);
        const bytes = encodeWitness(collectWitness(new PartitionReader(kv).at(toHeight(0)), list));
        const root = rootOfWorld(before) as Hash32;
        const rootOf = (encoded: Uint8Array, of: typeof changes): string => {
          try {
            return new WitnessState(decodeWitness(encoded), root).rootAfter(of);
          } catch (error) {
            expect(error).toMatchObject({ name: 'ChainError' });
            return 'refused';
          }
        };
        const broken = bytes.slice();
        broken[at % bytes.length]! ^= by;
        expect(['refused', rootOfWorld(after)]).toContain(rootOf(broken, changes));
        const { after: elsewhere, wiped } = play(before, others);
        expect(['refused', rootOfWorld(elsewhere)]).toContain(rootOf(bytes, changesBetween(before, elsewhere, wiped)));
      },
    ),
    runs,
  );
});

test('an access list with a byte changed is refused, or is one', () => {
  fc.assert(
    fc.property(block, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, at, by) => {
      const encoded = encodeAccessList(arrange(input).list);
      encoded[at % encoded.length]! ^= by;
      try {
        expect(encodeAccessList(decodeAccessList(encoded))).toEqual(encoded);
      } catch (error) {
        expect(error).toMatchObject({ detail: { code: 'INVALID_ARGUMENT' } });
      }
    }),
    runs,
  );
});
