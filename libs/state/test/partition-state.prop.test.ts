// Goal: a store has the state and the root that its blocks make, at its head and at every height that it keeps, whatever
// is carried over, dropped, forgotten and opened anew in between.
// Method: random blocks against plain maps whose root is computed from nothing; small limits, so that everything happens.
import { hexToBytes, toHeight, type Address } from '@sheaf/primitives';
import fc from 'fast-check';
import { memoryKeyValue, PartitionReader, PartitionState, type KeyValue, type PartitionOptions } from '../src/index.ts';
import { addressOf, changesBetween, copyWorld, rootOfWorld, slotOf, type World } from './world.ts';

const accounts = 24;
const options: PartitionOptions = {
  heightsKept: 4,
  pendingBytesMin: 30_000,
  pendingBytesMax: 40_000,
  pendingHeightsMin: 3,
  pendingHeightsMax: 5,
  maintenanceRowsMax: 3,
  accountBytesCachedMax: 9_000,
  slotBytesCachedMax: 9_000,
  branchBytesCachedMax: 10_000,
};

type Edit =
  | { kind: 'set'; who: number; balance: bigint; nonce: number }
  | { kind: 'slot'; who: number; slot: number; value: number }
  | { kind: 'code'; who: number; byte: number }
  | { kind: 'wipe'; who: number }
  | { kind: 'remove'; who: number };

const who = fc.nat(accounts - 1);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    who,
    balance: fc.bigInt({ min: 0n, max: 2n ** 90n }),
    nonce: fc.nat(300),
  }),
  fc.record({ kind: fc.constant('slot' as const), who, slot: fc.nat(6), value: fc.nat(3) }),
  fc.record({ kind: fc.constant('code' as const), who, byte: fc.nat(3) }),
  fc.record({ kind: fc.constant('wipe' as const), who }),
  fc.record({ kind: fc.constant('remove' as const), who }),
);
const step = fc.record({
  edits: fc.array(edit, { maxLength: 8 }),
  maintenance: fc.nat(6),
  idle: fc.boolean(),
  reopen: fc.boolean(),
});

function play(world: World, edits: readonly Edit[]): { after: World; wiped: Set<Address> } {
  const after = copyWorld(world);
  const wiped = new Set<Address>();
  for (const change of edits) {
    const address = addressOf(change.who);
    if (change.kind === 'remove') {
      after.delete(address);
      wiped.add(address);
      continue;
    }
    const account = after.get(address) ?? { nonce: 0n, balance: 1n, code: new Uint8Array(0), slots: new Map() };
    after.set(address, account);
    if (change.kind === 'set') Object.assign(account, { balance: change.balance, nonce: BigInt(change.nonce) });
    if (change.kind === 'code') account.code = new Uint8Array(change.byte).fill(change.byte);
    if (change.kind === 'slot' && change.value === 0) account.slots.delete(slotOf(change.slot));
    if (change.kind === 'slot' && change.value > 0) account.slots.set(slotOf(change.slot), BigInt(change.value));
    if (change.kind === 'wipe') {
      account.slots.clear();
      wiped.add(address);
    }
  }
  return { after, wiped };
}

type Readable = Pick<PartitionState, 'account' | 'storage' | 'code'>;

function expectState(state: Readable, world: World): void {
  for (let n = 0; n < accounts; n++) {
    const address = hexToBytes(addressOf(n));
    const expected = world.get(addressOf(n));
    const found = state.account(address);
    if (typeof found === 'symbol') throw new Error('every bucket is here');
    expect(found && { nonce: found.nonce, balance: found.balance, hasStorage: found.hasStorage }).toEqual(
      expected && { nonce: expected.nonce, balance: expected.balance, hasStorage: expected.slots.size > 0 },
    );
    if (expected !== undefined && expected.code.length > 0) expect(state.code(found!.codeHash)).toEqual(expected.code);
    for (let slot = 0; slot < 7; slot++) {
      const word = state.storage(address, hexToBytes(slotOf(slot))) as Uint8Array | undefined;
      expect(word && BigInt(word.at(-1)!)).toBe(expected?.slots.get(slotOf(slot)));
    }
  }
}

const states = (kv: KeyValue) => new PartitionState(kv, options);

test('random blocks', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), (steps) => {
      const kv = memoryKeyValue();
      let state = states(kv);
      let world: World = new Map();
      const history: World[] = [];
      for (const [height, { edits, maintenance, idle, reopen }] of steps.entries()) {
        const { after, wiped } = play(world, edits);
        const prepared = state.prepare(changesBetween(world, after, wiped));
        expectState(state, world);
        state.commit(prepared, { height: toHeight(height) });
        world = after;
        history.push(world);
        expect(state.stateRoot()).toBe(rootOfWorld(world));
        for (let i = 0; i < maintenance; i++) state.maintain({ idle });
        if (reopen) state = states(kv);
        expectState(state, world);
        const reader = new PartitionReader(kv);
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
      expectState(states(kv), world);
    }),
    { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 25) },
  );
});
