// Goal: the root after a block's changes is the root of the state that they make, and its nodes suffice to read it.
// Method: random states; the change from one to the other against the other built from nothing.
import { emptyRoot } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toAddress, toHash32, type Address, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { emptyCodeHashBytes } from './account-codec.ts';
import type { AccountChange } from './block-changes.ts';
import type { NodeReader } from './ports.ts';
import { commitChanges } from './state-root.ts';
import { trieState } from './trie-state.ts';

const addresses = Array.from({ length: 20 }, (_, n) => toAddress(new Uint8Array(20).fill(n)));
const slots = Array.from({ length: 6 }, (_, n) => toHash32(new Uint8Array(32).fill(n)));
const word = (value: number) => new Uint8Array(32).fill(value, 31 - (value % 3));

type World = Map<Address, { balance: bigint; slots: Map<Hash32, number> }>;
const world: fc.Arbitrary<World> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...addresses),
      fc.bigInt({ min: 0n, max: 3n }),
      fc.array(fc.tuple(fc.constantFrom(...slots), fc.integer({ min: 1, max: 5 }))),
    ),
  )
  .map(
    (accounts) => new Map(accounts.map(([address, balance, values]) => [address, { balance, slots: new Map(values) }])),
  );

/** What turns one world into the other, with the storage of `wiped` accounts begun anew. */
function difference(before: World, after: World, wiped: (address: Address) => boolean): AccountChange[] {
  return addresses
    .filter((address) => before.has(address) || after.has(address))
    .map((address) => {
      const to = after.get(address);
      const from = wiped(address) ? undefined : before.get(address)?.slots;
      const keys = slots.filter((slot) => from?.get(slot) !== to?.slots.get(slot));
      return {
        address,
        account: to && { nonce: 1n, balance: to.balance, codeHash: emptyCodeHashBytes },
        storageWiped: wiped(address),
        slots: to ? keys.map((slot) => ({ slot, value: wordOf(to.slots.get(slot)) })) : [],
      };
    });
}

const wordOf = (value: number | undefined) => (value === undefined ? new Uint8Array(32) : word(value));

test('from one state to another', () => {
  fc.assert(
    fc.property(world, world, fc.nat(3), (before, after, one) => {
      const nodes = new Map<Hash32, Uint8Array>();
      const reader: NodeReader = { node: (hash) => nodes.get(hash), code: () => undefined };
      const commit = (root: Hash32, accounts: AccountChange[]) => {
        const { stateRoot, changes } = commitChanges(root, { accounts, codes: new Map() }, reader);
        for (const [hash, node] of changes.nodes) nodes.set(hash, node);
        return stateRoot;
      };
      const none = () => false;
      const start = commit(emptyRoot, difference(new Map(), before, none));
      const wiped = (address: Address) => addresses.indexOf(address) % 4 === one;
      const end = commit(start, difference(before, after, wiped));
      const state = trieState(end, reader);
      for (const address of addresses) {
        const expected = after.get(address);
        expect((state.account(hexToBytes(address)) as { balance: bigint } | undefined)?.balance).toBe(
          expected?.balance,
        );
        for (const slot of slots) {
          const value = state.storage(hexToBytes(address), hexToBytes(slot)) as Uint8Array | undefined;
          const wanted = expected?.slots.get(slot);
          expect(value && bytesToHex(value)).toBe(wanted && bytesToHex(word(wanted)));
        }
      }
      nodes.clear();
      expect(commit(emptyRoot, difference(new Map(), after, none))).toBe(end);
    }),
    { numRuns: 40 },
  );
});

test('a missing node is DATA_LOSS', () => {
  const [address] = addresses as [Address];
  const reader: NodeReader = { node: () => undefined, code: () => undefined };
  const account = { nonce: 1n, balance: 1n, codeHash: emptyCodeHashBytes };
  const changes = { accounts: [{ address, account, storageWiped: false, slots: [] }], codes: new Map() };
  expect(() => commitChanges(slots[1]!, changes, reader)).toThrow('is missing');
});
