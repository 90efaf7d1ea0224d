// Random changes of a world, and a state compared with it.
import { bytesToBigint, bytesToHex, hexToBytes, type Address } from '@sheaf/primitives';
import fc from 'fast-check';
import { isEmptyCode, type StateReader } from '../src/index.ts';
import { addressOf, copyWorld, slotOf, type World } from './world.ts';

export const accounts = 24;
export const slotsUsed = 7;
/** What a slot can be set to: nothing, a byte, a whole word. */
const values = [0n, 1n, 2n, 2n ** 255n + 3n];

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
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('slot' as const),
      who: fc.oneof(fc.constantFrom(0, 5, 13, 20), who),
      slot: fc.nat(slotsUsed - 1),
      value: fc.nat(3),
    }),
  },
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
    if (change.kind === 'slot' && change.value > 0) account.slots.set(slotOf(change.slot), values[change.value]!);
    if (change.kind === 'wipe') {
      account.slots.clear();
      wiped.add(address);
    }
  }
  return { after, wiped };
}

/** What a state says of every account, slot and code that an edit can touch: one line an account. */
export function pictureOf(state: StateReader): string[] {
  return Array.from({ length: accounts }, (_, n) => {
    const address = hexToBytes(addressOf(n));
    const account = state.account(address);
    if (typeof account === 'symbol') throw new Error('every bucket is here');
    const slots = Array.from({ length: slotsUsed }, (_, slot) => {
      const word = state.storage(address, hexToBytes(slotOf(slot)));
      if (typeof word === 'symbol') throw new Error('every bucket is here');
      return word === undefined ? '-' : word.length === 32 ? String(bytesToBigint(word)) : 'no word';
    });
    if (account === undefined) return `none ${slots.join(' ')}`;
    const code = isEmptyCode(account.codeHash) ? '' : bytesToHex(state.code(account.codeHash) as Uint8Array);
    return `${account.nonce} ${account.balance} ${account.hasStorage} ${code} ${slots.join(' ')}`;
  });
}

export function expectState(state: StateReader, world: World): void {
  const expected = Array.from({ length: accounts }, (_, n) => {
    const account = world.get(addressOf(n));
    const slots = Array.from({ length: slotsUsed }, (_, slot) => account?.slots.get(slotOf(slot)) ?? '-').join(' ');
    if (account === undefined) return `none ${slots}`;
    const code = account.code.length === 0 ? '' : bytesToHex(account.code);
    return `${account.nonce} ${account.balance} ${account.slots.size > 0} ${code} ${slots}`;
  });
  expect(pictureOf(state)).toEqual(expected);
}
