// Random changes of a world, and a state compared with it.
import { hexToBytes, type Address } from '@sheaf/primitives';
import fc from 'fast-check';
import type { StateReader } from '../src/index.ts';
import { addressOf, copyWorld, slotOf, type World } from './world.ts';

export const accounts = 24;

export type Edit =
  | { kind: 'set'; who: number; balance: bigint; nonce: number }
  | { kind: 'slot'; who: number; slot: number; value: number }
  | { kind: 'code'; who: number; byte: number }
  | { kind: 'wipe'; who: number }
  | { kind: 'remove'; who: number };

const who = fc.nat(accounts - 1);
export const edit: fc.Arbitrary<Edit> = fc.oneof(
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
export function play(world: World, edits: readonly Edit[]): { after: World; wiped: Set<Address> } {
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

export function expectState(state: StateReader, world: World): void {
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
