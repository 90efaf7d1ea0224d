import { writeStorageId } from './account-record.ts';
import type { TrieOwner } from '@sheaf/trie';

/** An owner and 64 nibbles. */
export const branchKeyBytesMax = 6 + 64;

/** Of the branches' table: owner (6 bytes) and the position, a nibble a byte. */
export function branchKey(owner: TrieOwner, position: Uint8Array): Uint8Array {
  const key = new Uint8Array(6 + position.length);
  writeBranchKey(key, owner, position);
  return key;
}

/** The same into bytes that are there; how many it takes. */
export function writeBranchKey(into: Uint8Array, owner: TrieOwner, position: Uint8Array): number {
  writeStorageId(into, 0, owner);
  for (let i = 0; i < position.length; i++) into[6 + i] = position[i]!;
  return 6 + position.length;
}

/** A storage id and 32 bytes. */
export const slotKeyBytes = 38;

/** Of the slots' table: storage id (6 bytes) and the hash of the slot. */
export function slotKeyOf(storageId: number, slotKey: Uint8Array): Uint8Array {
  return writeSlotKey(new Uint8Array(slotKeyBytes), storageId, slotKey);
}

/** The same into bytes that are there, from `at` on; it returns them. */
export function writeSlotKey(into: Uint8Array, storageId: number, slotKey: Uint8Array, at = 0): Uint8Array {
  writeStorageId(into, at, storageId);
  for (let i = 0; i < 32; i++) into[at + 6 + i] = slotKey[i]!;
  return into;
}

/** The storage id alone: where its rows begin. */
export function storageKey(storageId: number): Uint8Array {
  const key = new Uint8Array(6);
  writeStorageId(key, 0, storageId);
  return key;
}
