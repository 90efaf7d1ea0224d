import { keccak256 } from '@sheaf/crypto';
import { encodeRlpBytes, Trie } from '@sheaf/ethereum';
import { bytesToHex, equalBytes, hexToBytes, type Hash32 } from '@sheaf/primitives';
import { decodeAccountLeaf, emptyRootBytes, encodeAccountLeaf } from './account-codec.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import type { NodeReader, StateChanges } from './ports.ts';

/**
 * The state trie under `stateRoot` with the changes in it: its root, and the nodes and codes that it has beside the old
 * ones. Changes go in by rising address and slot, so that everyone who does this reads the same nodes.
 * @throws ChainError `DATA_LOSS` when a node on the way is missing
 */
export function commitChanges(
  stateRoot: Hash32,
  changes: BlockChanges,
  reader: NodeReader,
): { stateRoot: Hash32; changes: StateChanges } {
  const made: StateChanges = { nodes: new Map(), codes: changes.codes };
  const trie = new Trie(hexToBytes(stateRoot), (hash) => reader.node(hash));
  for (const change of [...changes.accounts].sort((a, b) => (a.address < b.address ? -1 : 1))) {
    const key = keccak256(hexToBytes(change.address));
    const before = trie.get(key);
    if (change.account === undefined) {
      if (before !== undefined) trie.delete(key);
      continue;
    }
    const rootBefore = before === undefined ? emptyRootBytes : decodeAccountLeaf(before).storageRoot;
    const storageRoot = commitSlots(rootBefore, change, reader, made);
    const after = encodeAccountLeaf({ ...change.account, storageRoot });
    if (before === undefined || !equalBytes(before, after)) trie.put(key, after);
  }
  const { root, nodes } = trie.commit();
  for (const [hash, node] of nodes) made.nodes.set(hash, node);
  return { stateRoot: bytesToHex(root) as Hash32, changes: made };
}

/** The account's storage root afterwards. */
function commitSlots(before: Uint8Array, change: AccountChange, reader: NodeReader, made: StateChanges): Uint8Array {
  const root = change.storageWiped ? emptyRootBytes : before;
  if (change.slots.length === 0) return root;
  const trie = new Trie(root, (hash) => reader.node(hash));
  for (const { slot, value } of [...change.slots].sort((a, b) => (a.slot < b.slot ? -1 : 1))) {
    const key = keccak256(hexToBytes(slot));
    const bytes = withoutZeros(value);
    if (bytes.length === 0) trie.delete(key);
    else trie.put(key, encodeRlpBytes(bytes));
  }
  const committed = trie.commit();
  for (const [hash, node] of committed.nodes) made.nodes.set(hash, node);
  return committed.root;
}

function withoutZeros(word: Uint8Array): Uint8Array {
  let zeros = 0;
  while (zeros < word.length && word[zeros] === 0) zeros += 1;
  return word.subarray(zeros);
}
