import { writeStorageId } from './account-record.ts';
import type { TrieOwner } from '@sheaf/trie';

/** Of the branches' table: owner (6 bytes) and the position, a nibble a byte. */
export function branchKey(owner: TrieOwner, position: Uint8Array): Uint8Array {
  const key = new Uint8Array(6 + position.length);
  if (owner !== 0) writeStorageId(key, 0, owner);
  key.set(position, 6);
  return key;
}

/** Of the slots' table: storage id (6 bytes) and the hash of the slot. */
export function slotKeyOf(storageId: number, slotKey: Uint8Array): Uint8Array {
  const key = new Uint8Array(38);
  writeStorageId(key, 0, storageId);
  key.set(slotKey, 6);
  return key;
}

/** The storage id alone: where its rows begin. */
export function storageKey(storageId: number): Uint8Array {
  const key = new Uint8Array(6);
  writeStorageId(key, 0, storageId);
  return key;
}
