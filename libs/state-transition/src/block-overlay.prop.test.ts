// Goal: after any transactions the overlay reads, and says to have changed, what a plain model has.
// Method: random effects over random states before, made so as an engine makes them: from what the overlay answers.
import { MissingState, notHere, type AccountEffect, type HostAccount, type SlotEffect } from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { Logs } from '@sheaf/ethereum';
import { bytesToHex, equalBytes, hexToBytes, toAddress, toHash32, type Address, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { emptyCodeHashBytes, type StateReader } from '@sheaf/state';
import { BlockOverlay } from './block-overlay.ts';

interface ModelAccount {
  nonce: bigint;
  balance: bigint;
  code: number | undefined;
  slots: Map<Hash32, number>;
}
type Model = Map<Address, ModelAccount>;

const addresses = [1, 2, 3].map((n) => toAddress(`0x${String(n).repeat(40)}`));
const slots = [1, 2].map((n) => toHash32(`0x${String(n).repeat(64)}`));
const word = (value: number) => new Uint8Array(32).fill(value, 31);
const codeOf = (code: number) => Uint8Array.of(code);
const hashOf = (code: number | undefined) => (code === undefined ? emptyCodeHashBytes : keccak256(codeOf(code)));

const small = fc.integer({ min: 0, max: 2 });
const slotValues = fc.array(fc.tuple(fc.constantFrom(...slots), small), { maxLength: 3 });
const account = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 1n }),
  balance: fc.bigInt({ min: 0n, max: 2n }),
  code: fc.option(small, { nil: undefined }),
  slots: slotValues,
});
const state = fc.array(fc.tuple(fc.constantFrom(...addresses), account), { maxLength: 3 });
/** What a transaction leaves of an account: `undefined` is nothing. */
const change = fc.record({
  address: fc.constantFrom(...addresses),
  kind: fc.constantFrom('write', 'create', 'destroy', 'deposit'),
  account,
});

function toModel(
  entries: [Address, { nonce: bigint; balance: bigint; code: number | undefined; slots: [Hash32, number][] }][],
): Model {
  return new Map(
    entries.map(([address, { slots: values, ...fields }]) => [
      address,
      { ...fields, slots: new Map(values.filter(([, value]) => value !== 0)) },
    ]),
  );
}

function toReader(model: Model): StateReader {
  const found = (address: Uint8Array) => model.get(bytesToHex(address) as Address);
  return {
    account(address) {
      const known = found(address);
      if (known === undefined) return undefined;
      const { nonce, balance, code, slots: values } = known;
      return { nonce, balance, codeHash: hashOf(code), hasStorage: values.size > 0 };
    },
    storage(address, slot) {
      const value = found(address)?.slots.get(bytesToHex(slot) as Hash32);
      return value === undefined ? undefined : word(value);
    },
    code: (codeHash) => codeOf([0, 1, 2].find((code) => equalBytes(hashOf(code), codeHash))!),
  };
}

test('transactions, deposits and deletions in any order', () => {
  fc.assert(
    fc.property(state, fc.array(change, { maxLength: 12 }), (entries, changes) => {
      const before = toModel(entries);
      const now: Model = structuredClone(before);
      const overlay = new BlockOverlay(toReader(structuredClone(before)));
      for (const { address, kind, account: next } of changes) {
        if (kind === 'deposit') {
          deposit(overlay, now, address, next.balance);
        } else {
          applyEffects(overlay, now, address, kind, next);
        }
        compare(overlay, now);
      }
      compareChanges(overlay, before, now);
    }),
  );
});

function deposit(overlay: BlockOverlay, now: Model, address: Address, wei: bigint): void {
  overlay.addBalance(address, wei);
  const fields = now.get(address) ?? { nonce: 0n, balance: 0n, code: undefined, slots: new Map<Hash32, number>() };
  const { nonce, balance, code } = fields;
  if (nonce === 0n && balance + wei === 0n && code === undefined) now.delete(address);
  else now.set(address, { ...fields, balance: balance + wei });
}

/** One transaction that does `kind` to the account. */
function applyEffects(
  overlay: BlockOverlay,
  now: Model,
  address: Address,
  kind: 'write' | 'create' | 'destroy',
  next: { nonce: bigint; balance: bigint; code: number | undefined; slots: [Hash32, number][] },
): void {
  const bytes = hexToBytes(address);
  const before = overlay.account(bytes) as HostAccount | undefined;
  const created = kind === 'create';
  const after = kind === 'destroy' ? undefined : { ...next, codeHash: hashOf(next.code) };
  // A slot is written once a transaction, so to speak: the last value counts.
  const slotEffects = [...new Map(next.slots)].flatMap(([slot, value]): SlotEffect[] => {
    const name = hexToBytes(slot);
    const was = created ? undefined : (overlay.storage(bytes, name) as Uint8Array | undefined);
    return equalBytes(was ?? word(0), word(value)) ? [] : [{ address: bytes, slot: name, after: word(value) }];
  });
  const effect: AccountEffect = {
    address: bytes,
    before,
    after,
    code: after && next.code !== undefined ? codeOf(next.code) : undefined,
    created,
    destroyed: kind === 'destroy',
    codeRead: false,
    balanceRead: false,
    nonceRead: false,
    emptinessRead: false,
  };
  overlay.apply({ logs: Logs.none, accounts: [effect], slots: slotEffects });
  if (after === undefined) {
    now.delete(address);
    return;
  }
  const values = created ? new Map<Hash32, number>() : new Map(now.get(address)?.slots);
  for (const { slot, after: value } of slotEffects) {
    if (value[31] === 0) values.delete(toHash32(slot));
    else values.set(toHash32(slot), value[31]!);
  }
  now.set(address, { nonce: next.nonce, balance: next.balance, code: next.code, slots: values });
}

function compare(overlay: BlockOverlay, now: Model): void {
  const reader = toReader(now);
  for (const address of addresses.map((each) => hexToBytes(each))) {
    const { hasStorage: _, ...expected } = (reader.account(address) ?? {}) as HostAccount;
    const { hasStorage: __, ...actual } = (overlay.account(address) ?? {}) as HostAccount;
    expect(actual).toEqual(expected);
    for (const slot of slots) {
      expect(overlay.storage(address, hexToBytes(slot))).toEqual(reader.storage(address, hexToBytes(slot)));
    }
  }
}

/** The changes, made to the state before, give the state after, and none of them is for nothing. */
function compareChanges(overlay: BlockOverlay, before: Model, now: Model): void {
  const { changes, accesses } = overlay.touched();
  const { accounts, codes } = changes;
  const result: Model = structuredClone(before);
  expect(accesses.flatMap(({ change }) => change ?? [])).toEqual(accounts);
  for (const { address: bytes, account: after, storageWiped, slots: written } of accounts) {
    const address = toAddress(bytes);
    const was = before.get(address);
    if (after === undefined) {
      expect(was).toBeDefined();
      result.delete(address);
      continue;
    }
    const code = [0, 1, 2].find((each) => equalBytes(hashOf(each), after.codeHash));
    if (code !== was?.code && code !== undefined)
      expect(codes.get(bytesToHex(after.codeHash) as Hash32)).toEqual(codeOf(code));
    const values = new Map(storageWiped ? [] : (was?.slots ?? []));
    for (const { slot: key, value } of written) {
      const slot = toHash32(key);
      expect(value[31]).not.toBe(values.get(slot) ?? 0);
      if (value[31] === 0) values.delete(slot);
      else values.set(slot, value[31]!);
    }
    result.set(address, { nonce: after.nonce, balance: after.balance, code, slots: values });
    expect([storageWiped, result.get(address)]).not.toEqual([false, was]);
  }
  expect(result).toEqual(now);
}

test('overrides set what is given and keep the rest', () => {
  const [address] = addresses as [Address];
  const before = new Map([[address, { nonce: 1n, balance: 2n, code: 1, slots: new Map([[slots[0]!, 1]]) }]]);
  const overlay = new BlockOverlay(toReader(before));
  const bytes = hexToBytes(address);
  overlay.setAccount(address, { balance: 7n });
  expect(overlay.account(bytes)).toEqual({ nonce: 1n, balance: 7n, codeHash: hashOf(1), hasStorage: true });
  overlay.setAccount(address, { code: codeOf(2) });
  overlay.setSlot(address, slots[1]!, word(9));
  expect(overlay.code(hashOf(2))).toEqual(codeOf(2));
  expect(slots.map((slot) => overlay.storage(bytes, hexToBytes(slot)))).toEqual([word(1), word(9)]);
});

test('what is not here is said, never guessed', () => {
  const away = () => notHere;
  const overlay = new BlockOverlay({ account: away, storage: away, code: away } as StateReader);
  const [address] = addresses as [Address];
  expect(overlay.account(hexToBytes(address))).toBe(notHere);
  expect(overlay.storage(hexToBytes(address), hexToBytes(slots[0]!))).toBe(notHere);
  expect(overlay.code(hashOf(1))).toBe(notHere);
  expect(() => overlay.addBalance(address, 1n)).toThrow(MissingState);
  expect(() => overlay.setSlot(address, slots[0]!, word(1))).toThrow(MissingState);
  expect(overlay.touched()).toEqual({ changes: { accounts: [], codes: new Map() }, accesses: [] });
});
