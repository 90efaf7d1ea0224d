// Goal: what is pending answers with the last value of each key, knows every key that came into being below a position,
// and writes to the tables exactly what it has.
// Method: random changes against maps and a filter over all of them; positions from none to a whole key.
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { slotKeyOf } from './keys.ts';
import { Pending } from './pending.ts';

const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0xff), { minLength: 3, maxLength: 3 })
  .map((head) => Uint8Array.from({ length: 32 }, (_, i) => head[i] ?? 0x77));
const change = fc.record({
  owner: fc.constantFrom(0, 1, 2, 2 ** 40),
  key,
  before: fc.option(fc.constant(Uint8Array.of(1)), { nil: undefined }),
  after: fc.option(
    fc.nat(255).map((n) => Uint8Array.of(n, 2)),
    { nil: undefined },
  ),
});
const nibblesOf = (bytes: Uint8Array) => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);

test('changes against maps', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 200, size: 'max' }),
      fc.tuple(key, fc.nat(64)).map(([bytes, length]) => Uint8Array.from(nibblesOf(bytes).slice(0, length))),
      (changes, position) => {
        const pending = new Pending();
        const rows = new Map<string, Uint8Array | undefined>();
        const empty = pending.bytes;
        const nameOf = (owner: number, bytes: Uint8Array) =>
          owner === 0 ? `accounts ${bytesToHex(bytes)}` : `slots ${bytesToHex(slotKeyOf(owner, bytes))}`;
        for (const { owner, key: bytes, before, after } of changes) {
          // Views, of which the store may make something else later.
          const view = owner === 0 ? bytes.slice() : slotKeyOf(owner, bytes);
          if (owner === 0) pending.setAccount({ key: view, before, after });
          else pending.setSlot({ key: view, before, after });
          view.fill(0xee);
          rows.set(nameOf(owner, bytes), after);
        }
        expect(pending.bytes > empty).toBe(changes.length > 0);
        for (const { owner, key: bytes } of changes) {
          const found = owner === 0 ? pending.account(bytes) : pending.slot(slotKeyOf(owner, bytes));
          expect(found).toEqual(rows.get(nameOf(owner, bytes)) ?? null);
        }
        for (const owner of [0, 1, 2, 3, 2 ** 40]) {
          const created = new Set([...pending.created(owner, position)].map(bytesToHex));
          const expected = changes.filter(
            (one) =>
              one.owner === owner &&
              one.before === undefined &&
              position.every((nibble, i) => nibblesOf(one.key)[i] === nibble),
          );
          expect(created).toEqual(new Set(expected.map((one) => bytesToHex(one.key))));
        }
        const branch = Uint8Array.of(0, 0, 0, 0, 0, 1, 5);
        pending.branches.set(branch, null);
        const writes = [...pending.writes()].map(({ table, key: bytes, value }) => [
          `${table} ${bytesToHex(bytes)}`,
          value,
        ]);
        expect(writes).toHaveLength(rows.size + 1);
        expect(new Map(writes as [string, Uint8Array][])).toEqual(
          new Map([...rows, [`branches ${bytesToHex(branch)}`, undefined]]),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('its bytes count the keys that came into being, which are kept twice', () => {
  const [made, changed] = [new Pending(), new Pending()];
  for (let n = 0; n < 1_000; n++) {
    const bytes = new Uint8Array(32).fill(n >> 8);
    bytes[31] = n;
    made.setAccount({ key: bytes, before: undefined, after: bytes });
    changed.setAccount({ key: bytes, before: bytes, after: bytes });
  }
  expect(changed.bytes).toBeGreaterThan(64_000);
  expect(made.bytes - changed.bytes).toBeGreaterThan(32_000);
});

test('what is not known is not there', () => {
  const pending = new Pending();
  expect(pending.account(new Uint8Array(32))).toBeUndefined();
  expect(pending.slot(new Uint8Array(38))).toBeUndefined();
  expect([...pending.created(0, new Uint8Array(0))]).toEqual([]);
  expect([...pending.writes()]).toEqual([]);
});
