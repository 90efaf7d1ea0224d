// Goal: a store has the state and the root that its blocks make, at its head and at every height that it keeps, whatever
// is carried over, dropped, forgotten, staged and undone, and opened anew in between.
// Method: random blocks against plain maps whose root is computed from nothing; small limits, so that everything happens.
import { hexToBytes, toHeight } from '@sheaf/primitives';
import fc from 'fast-check';
import { memoryKeyValue, PartitionReader, PartitionState, type KeyValue, type PartitionOptions } from '../src/index.ts';
import { edit, expectState, play } from './edits.ts';
import { changesBetween, rootOfWorld, type World } from './world.ts';

const options: PartitionOptions = {
  heightsKept: 4,
  pendingBytesMin: 30_000,
  pendingBytesMax: 40_000,
  pendingHeightsMin: 3,
  pendingHeightsMax: 5,
  maintenanceRowsMax: 3,
  accountBytesCachedMax: 9_000,
  slotBytesCachedMax: 9_000,
};

const step = fc.record({
  edits: fc.array(edit, { maxLength: 8 }),
  maintenance: fc.nat(6),
  idle: fc.boolean(),
  reopen: fc.boolean(),
  staged: fc.constantFrom('not', 'and committed', 'and undone', 'and another one prepared'),
  others: fc.array(edit, { maxLength: 8 }),
});

/** With a small cache of branches, and with none: then each is looked for where it is. */
const states = (kv: KeyValue, branchBytesCachedMax: number) =>
  new PartitionState(kv, { ...options, branchBytesCachedMax });

test('random blocks', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), fc.constantFrom(0, 10_000), (steps, cache) => {
      const kv = memoryKeyValue();
      let state = states(kv, cache);
      let world: World = new Map();
      const history: World[] = [];
      const live = new PartitionReader(kv);
      for (const [height, { edits, maintenance, idle, reopen, staged, others }] of steps.entries()) {
        const { after, wiped } = play(world, edits);
        let prepared = state.prepare(changesBetween(world, after, wiped));
        expectState(state, world);
        if (staged !== 'not') {
          state.stage(prepared);
          // But for codes, that is: they come with the commit.
          for (const [address, { balance }] of after) {
            expect(state.account(hexToBytes(address))).toMatchObject({ balance });
          }
        }
        if (staged === 'and undone') state.unstage();
        if (staged === 'and another one prepared') {
          const other = play(world, others);
          state.prepare(changesBetween(world, other.after, other.wiped));
          expectState(state, world);
          prepared = state.prepare(changesBetween(world, after, wiped));
        }
        expect([state.stateRoot(), state.stateRoot(prepared.tops)]).toEqual([world, after].map(rootOfWorld));
        state.commit(prepared, { height: toHeight(height) });
        world = after;
        history.push(world);
        expect(state.stateRoot()).toBe(rootOfWorld(world));
        for (let i = 0; i < maintenance; i++) state.maintain({ idle });
        if (reopen) state = states(kv, cache);
        expectState(state, world);
        // One that lives as long as the store, and one that comes and sees what there is.
        live.refresh();
        expect(live.at(toHeight(height)).stateRoot()).toBe(rootOfWorld(world));
        expectState(live.at(toHeight(height)), world);
        const reader = reopen ? new PartitionReader(kv) : live;
        const { oldest, head } = reader.heights();
        expect(head).toBe(BigInt(height));
        expect(oldest).toBeLessThanOrEqual(Math.max(0, height - 4));
        for (let at = oldest; at <= head; at = toHeight(at + 1n)) {
          expect(reader.at(at).stateRoot()).toBe(rootOfWorld(history[Number(at)]!));
          expectState(reader.at(at), history[Number(at)]!);
        }
      }
      while (state.maintain({ idle: true }));
      expect(new PartitionReader(kv).heights().oldest).toBe(BigInt(Math.max(0, steps.length - 5)));
      expectState(states(kv, cache), world);
    }),
    { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 15) },
  );
});
