// Goal: what is read is what is proven, against the state root alone, for what is there and for what is not.
// Method: proofs of every account and slot of a small state, at its head and before, through the verifier of libs/trie.
import { bytesToBigint, decodeRlp, hexToBytes, toHeight, type Hash32 } from '@sheaf/primitives';
import { keccak256, verifyProof } from '@sheaf/trie';
import { edit, play } from '../test/edits.ts';
import { addressOf, changesBetween, rootOfWorld, slotOf, type World } from '../test/world.ts';
import fc from 'fast-check';
import { decodeAccountLeaf } from './account-leaf.ts';
import { emptyCodeHashBytes } from './account-record.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';
import { proveState, readAccount, readStorage } from './read-account.ts';
import { PartitionReader } from './state-at.ts';

const slots = Array.from({ length: 9 }, (_, n) => slotOf(n));

test('every account and slot, at the head and before', () => {
  fc.assert(
    fc.property(
      fc.array(edit, { minLength: 20, maxLength: 60 }),
      fc.array(edit, { maxLength: 12 }),
      (first, second) => {
        const kv = memoryKeyValue();
        const state = new PartitionState(kv, { pendingHeightsMin: 1, maintenanceRowsMax: 3 });
        const worlds: World[] = [new Map()];
        for (const [at, edits] of [first, second].entries()) {
          const { after, wiped } = play(worlds.at(-1)!, edits);
          state.commit(state.prepare(changesBetween(worlds.at(-1)!, after, wiped)), { height: toHeight(at) });
          worlds.push(after);
          for (let i = 0; i < 2; i++) state.maintain();
        }
        const reader = new PartitionReader(kv);
        for (const height of [0, 1]) {
          const world = worlds[height + 1]!;
          const at = reader.at(toHeight(height));
          const root = hexToBytes(rootOfWorld(world));
          for (let who = 0; who < 26; who += 1) {
            const address = addressOf(who);
            const { account, accountProof, storageProofs } = proveState(at, address, slots);
            expect(readAccount(at, address)).toEqual(account);
            const leaf = verifyProof(root, keccak256(hexToBytes(address)), accountProof);
            const expected = world.get(address);
            expect(leaf === undefined).toBe(expected === undefined);
            const { nonce, balance, code } = expected ?? { nonce: 0n, balance: 0n, code: new Uint8Array(0) };
            expect(account).toMatchObject({ nonce, balance });
            expect(hexToBytes(account.codeHash)).toEqual(code.length === 0 ? emptyCodeHashBytes : keccak256(code));
            if (leaf !== undefined) {
              const { storageRoot, codeHash, ...numbers } = decodeAccountLeaf(leaf);
              expect({ ...numbers, codeHash, storageRoot }).toEqual({
                nonce,
                balance,
                codeHash: hexToBytes(account.codeHash),
                storageRoot: hexToBytes(account.storageRoot),
              });
            }
            expect(storageProofs.map(({ slot }) => slot)).toEqual(slots);
            for (const { slot, value, proof } of storageProofs) {
              expect(value).toBe(expected?.slots.get(slot) ?? 0n);
              expect(readStorage(at, address, slot)).toBe(value);
              const proven = verifyProof(hexToBytes(account.storageRoot), keccak256(hexToBytes(slot)), proof);
              expect(proven === undefined ? 0n : bytesToBigint(decodeRlp(proven, 'slot') as Uint8Array)).toBe(value);
            }
          }
        }
      },
    ),
    { numRuns: 4 },
  );
});

test('a height that is gone, and one that is not there yet', () => {
  const kv = memoryKeyValue();
  expect(() => new PartitionReader(kv).at(toHeight(0))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  const state = new PartitionState(kv, { heightsKept: 1 });
  const nothing = { accounts: [], codes: new Map<Hash32, Uint8Array>() };
  for (let height = 5; height < 8; height++) state.commit(state.prepare(nothing), { height: toHeight(height) });
  const reader = new PartitionReader(kv);
  const opened = reader.at(toHeight(5));
  expect(readAccount(opened, addressOf(1))).toMatchObject({ nonce: 0n, balance: 0n });
  while (state.maintain({ idle: true }));
  reader.refresh();
  const missing = expect.objectContaining({ code: 'NOT_FOUND' });
  for (const height of [0, 4, 5, 8]) expect(() => reader.at(toHeight(height))).toThrow(missing);
  // One that was opened before it went.
  for (const read of [
    () => readAccount(opened, addressOf(1)),
    () => opened.branch(0, Uint8Array.of(1, 1)),
    () => opened.leaf(0, Uint8Array.of(1, 1)),
    () => [...opened.rows(0, Uint8Array.of(1, 1))],
    () => opened.tops(),
  ]) {
    expect(read).toThrow(missing);
  }
  expect(reader.at(toHeight(6)).height).toBe(6n);
});
