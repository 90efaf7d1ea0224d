// Goal: an account and a slot are as the transactions below a position left them, in order.
// Method: random versions beside a fold over them; some are other members', which are forgotten at the end.
import { notHere, type HostAccount } from '@sheaf/evm';
import { equalBytes } from '@sheaf/primitives';
import { emptyCodeHashBytes } from '@sheaf/state';
import fc from 'fast-check';
import { accountAt, lastWipe, slotAt, slotCell, VersionedMemory, type AccountCell } from './memory.ts';
import { Owners } from './owners.ts';
import { insert } from './versions.ts';

const address = new Uint8Array(20).fill(7);
const slot = new Uint8Array(32).fill(3);
const hashes = [emptyCodeHashBytes, new Uint8Array(32).fill(1)];
const values = [undefined, new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)];

/** What one position leaves. */
const left = fc.record({
  foreign: fc.boolean(),
  code: fc.option(fc.record({ hash: fc.integer({ min: 0, max: 1 }), wipes: fc.boolean() }), { nil: undefined }),
  nonce: fc.option(fc.bigInt({ min: 0n, max: 2n }), { nil: undefined }),
  delta: fc.option(fc.bigInt({ min: 0n, max: 3n }), { nil: undefined }),
  value: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
});
type Left = typeof left extends fc.Arbitrary<infer T> ? T : never;
const lefts = fc.array(left, { maxLength: 6 });
const bases = fc.option(
  fc.record({
    nonce: fc.bigInt({ min: 0n, max: 2n }),
    balance: fc.bigInt({ min: 0n, max: 2n }),
    codeHash: fc.constantFrom(...hashes),
    hasStorage: fc.boolean(),
  }),
  { nil: null },
);
const slotBases = fc.constantFrom(undefined, null, values[1]);

interface Model {
  account: HostAccount | undefined;
  value: Uint8Array | undefined | typeof notHere;
  wiped: number;
}

function fold(base: HostAccount | null, slotBase: Uint8Array | null | undefined, list: Left[], counts: boolean): Model {
  let { nonce, balance, codeHash } = base ?? { nonce: 0n, balance: 0n, codeHash: emptyCodeHashBytes };
  let value: Model['value'] =
    base?.hasStorage === true ? (slotBase === undefined ? notHere : (slotBase ?? undefined)) : undefined;
  let wiped = -1;
  let changed = false;
  list.forEach((each, position) => {
    if (each.foreign && !counts) return;
    changed ||= each.code !== undefined || each.nonce !== undefined || each.delta !== undefined;
    if (each.code !== undefined) {
      codeHash = hashes[each.code.hash]!;
      if (each.code.wipes) {
        wiped = position;
        value = undefined;
      }
    }
    nonce = each.nonce ?? nonce;
    balance += each.delta ?? 0n;
    // What the position itself writes after it was created stays.
    if (each.value !== undefined) value = values[each.value];
  });
  const empty = nonce === 0n && balance === 0n && equalBytes(codeHash, emptyCodeHashBytes);
  if (!changed) return { account: base ?? undefined, value, wiped };
  const hasStorage = base?.hasStorage === true && wiped < 0;
  return { account: empty ? undefined : { nonce, balance, codeHash, hasStorage }, value, wiped };
}

function fill(cell: AccountCell, list: readonly (readonly [number, Left])[]): void {
  for (const [position, { foreign, code, nonce, delta, value }] of list) {
    const round = foreign ? -1 : 1;
    if (code !== undefined) {
      const { hash, wipes } = code;
      cell.codes = insert(cell.codes, { position, round, codeHash: hashes[hash]!, code: undefined, wipes });
    }
    if (nonce !== undefined) cell.nonces = insert(cell.nonces, { position, round, nonce });
    if (delta !== undefined) cell.credits.put({ position, round, delta });
    if (value === undefined) continue;
    const part = slotCell(cell, slot);
    part.versions = insert(part.versions, { position, round, value: values[value] });
  }
}

test('an account and a slot at a position', () => {
  fc.assert(
    fc.property(bases, slotBases, lefts, fc.array(fc.nat()), fc.nat({ max: 6 }), (base, slotBase, list, order, at) => {
      const memory = new VersionedMemory(new Owners(2));
      const cell = memory.cell(address);
      memory.setBase(cell, base);
      slotCell(cell, slot).base = slotBase;
      const shuffled = list
        .map((each, position) => [position, each] as const)
        .sort(([a], [b]) => (order[a] ?? a) - (order[b] ?? b));
      fill(cell, shuffled);
      for (const counts of [true, false]) {
        if (!counts) memory.forgetForeign();
        const wanted = fold(base, slotBase, list.slice(0, at), counts);
        expect(accountAt(cell, at)).toEqual(wanted.account);
        expect(slotAt(cell, slotCell(cell, slot), at)).toBe(wanted.value);
        expect(lastWipe(cell.codes, at)).toBe(wanted.wiped);
      }
    }),
    { numRuns: 500 },
  );
});

test('cells are made once, belong to the owner of their bucket, and know who has a code', () => {
  const memory = new VersionedMemory(new Owners(3));
  const cell = memory.cell(address);
  expect(memory.cell(address.slice())).toBe(cell);
  expect(memory.cells()).toEqual([cell]);
  expect(slotCell(cell, slot.slice())).toBe(slotCell(cell, slot));
  expect(memory.alone).toBe(false);
  expect(new VersionedMemory(new Owners(1)).alone).toBe(true);
  memory.setBase(cell, { nonce: 1n, balance: 0n, codeHash: hashes[1]!, hasStorage: false });
  expect(memory.codeOwner(hashes[1]!)).toBe(cell);
  expect(memory.codeOwner(hashes[0]!)).toBe(undefined);
});
