// Goal: what @ethereumjs writes is read back, and undone to the last checkpoint, whatever it does in whatever order.
// Method: random operations on the overlay and on a plain model that is copied at every checkpoint.
import { Account, createAddressFromString, KECCAK256_NULL, type Address } from '@ethereumjs/util';
import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, hexToBytes, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { OverlayState, type TraceState } from './overlay-state.ts';

interface Model {
  balances: Map<string, bigint>;
  codes: Map<string, string>;
  slots: Map<string, string>;
}

const addresses = [1, 2, 3].map((n) => createAddressFromString(`0x${`0${n}`.repeat(20)}`));
const key = (n: number) => new Uint8Array(32).fill(n);
const slotName = (address: Address, n: number) => `${address.toString()}.${n}`;
/** Account 1 is there, with a slot and a code. */
const before: TraceState = {
  account: async (address) =>
    address === addresses[0]!.toString()
      ? { nonce: 1n, balance: 5n, codeHash: keccak256(Uint8Array.of(7)), hasStorage: true }
      : undefined,
  storage: async (address, slot) =>
    address === addresses[0]!.toString() && slot === (bytesToHex(key(1)) as Hash32) ? key(9) : undefined,
  code: async () => Uint8Array.of(7),
};

const who = fc.nat(2);
const operation = fc.oneof(
  fc.record({ type: fc.constant('balance' as const), who, value: fc.bigInt(1n, 9n) }),
  fc.record({ type: fc.constant('code' as const), who, value: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant('slot' as const), who, slot: fc.nat(2), value: fc.nat(9) }),
  fc.record({ type: fc.constant('clear' as const), who }),
  fc.record({ type: fc.constant('delete' as const), who }),
  fc.record({ type: fc.constantFrom('checkpoint' as const, 'commit' as const, 'revert' as const) }),
);

test('it is a plain model, with checkpoints', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      const state = new OverlayState(before);
      let model: Model = {
        balances: new Map([[addresses[0]!.toString(), 5n]]),
        codes: new Map([[addresses[0]!.toString(), '0x07']]),
        slots: new Map([[slotName(addresses[0]!, 1), bytesToHex(key(9))]]),
      };
      const copies: Model[] = [];
      const clear = (address: Address) => [0, 1, 2].forEach((n) => model.slots.delete(slotName(address, n)));
      for (const done of operations) {
        if (!('who' in done)) {
          if (done.type === 'checkpoint') {
            await state.checkpoint();
            copies.push({
              balances: new Map(model.balances),
              codes: new Map(model.codes),
              slots: new Map(model.slots),
            });
          } else if (copies.length > 0) {
            await state[done.type]();
            const copy = copies.pop()!;
            if (done.type === 'revert') model = copy;
          }
          continue;
        }
        const address = addresses[done.who]!;
        const name = address.toString();
        if (done.type === 'balance') {
          await state.modifyAccountFields(address, { balance: done.value });
          model.balances.set(name, done.value);
        } else if (done.type === 'code') {
          await state.putCode(address, Uint8Array.of(done.value));
          model.codes.set(name, `0x0${done.value}`);
          if (!model.balances.has(name)) model.balances.set(name, 0n);
        } else if (done.type === 'slot') {
          await state.putStorage(address, key(done.slot), hexToBytes(`0x0${done.value}`));
          model.slots.set(slotName(address, done.slot), done.value === 0 ? '0x' : `0x0${done.value}`);
        } else {
          clear(address);
          if (done.type === 'clear') await state.clearStorage(address);
          else {
            await state.deleteAccount(address);
            model.balances.delete(name);
            model.codes.delete(name);
          }
        }
      }
      for (const address of addresses) {
        const name = address.toString();
        const account = await state.getAccount(address);
        expect(account?.balance).toBe(model.balances.get(name));
        const code = model.codes.get(name) ?? '0x';
        expect(bytesToHex(await state.getCode(address))).toBe(code);
        const hash = code === '0x' ? KECCAK256_NULL : keccak256(hexToBytes(code as `0x${string}`));
        if (account !== undefined) expect(bytesToHex(account.codeHash)).toBe(bytesToHex(hash));
        for (const n of [0, 1, 2]) {
          expect(bytesToHex(await state.getStorage(address, key(n)))).toBe(
            model.slots.get(slotName(address, n)) ?? '0x',
          );
        }
      }
    }),
  );
});

test('an account is a copy; what a transaction found stays; the next one finds what it is given', async () => {
  const state = new OverlayState(before);
  const [first] = addresses;
  const account = (await state.getAccount(first!))!;
  account.balance = 99n;
  expect((await state.getAccount(first!))!.balance).toBe(5n);
  await state.putAccount(first!, new Account(1n, 7n));
  await state.putStorage(first!, key(1), Uint8Array.of(3));
  expect(bytesToHex(await state.originalStorageCache.get(first!, key(1)))).toBe(bytesToHex(key(9)));
  state.begin(before);
  expect((await state.getAccount(first!))!.balance).toBe(5n);
  expect(bytesToHex(await state.getStorage(first!, key(1)))).toBe(bytesToHex(key(9)));
});
