// Goal: a draft reads what the store has, and what it hashed last is what it commits.
// Method: one draft over a store with one account.
import { hexToBytes, toHeight } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { addressOf, changesBetween, rootOfWorld, slotOf, wordOf, type World } from '../test/world.ts';
import { BlockDraft } from './block-draft.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';

const world = (balance: bigint): World =>
  new Map([[addressOf(1), { nonce: 1n, balance, code: Uint8Array.of(7), slots: new Map([[slotOf(1), balance]]) }]]);

test('reads, hashes, commits', () => {
  const state = new PartitionState(memoryKeyValue());
  state.commit(state.prepare(changesBetween(new Map(), world(5n))), { height: toHeight(0) });
  const draft = new BlockDraft(state);
  expect(() => draft.commit({ height: toHeight(1) })).toThrow('hashed before it is committed');
  const address = hexToBytes(addressOf(1));
  const look = () => [draft.account(address), draft.storage(address, hexToBytes(slotOf(1)))];
  expect(look()).toEqual([expect.objectContaining({ balance: 5n, hasStorage: true }), wordOf(5n)]);
  expect(draft.code(keccak256(Uint8Array.of(7)))).toEqual(Uint8Array.of(7));
  for (const balance of [9n, 6n]) {
    expect(draft.rootAfter(changesBetween(world(5n), world(balance)))).toBe(rootOfWorld(world(balance)));
    expect(look()).toEqual([expect.objectContaining({ balance: 5n }), wordOf(5n)]);
  }
  draft.commit({ height: toHeight(1) });
  expect(state.head()).toBe(1n);
  expect(state.stateRoot()).toBe(rootOfWorld(world(6n)));
  expect(look()).toEqual([expect.objectContaining({ balance: 6n }), wordOf(6n)]);
  // It is of the state that it was hashed on.
  expect(() => draft.commit({ height: toHeight(2) })).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
});
