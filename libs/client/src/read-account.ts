import { bytesToBigint, bytesToHex, decodeRlp, toHash32, type Hash32 } from '@sheaf/primitives';
import { emptyTrieRoot } from '@sheaf/trie';
import { invalid } from './read-json.ts';

/** An account as the state trie has it. */
export interface Account {
  nonce: bigint;
  /** Wei. */
  balance: bigint;
  /** keccak256 of its code. */
  codeHash: Hash32;
  /** Root of its storage trie. */
  storageHash: Hash32;
}

/** keccak256 of nothing: the code of an account that has none. */
export const emptyCodeHash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470' as Hash32;
/** The root of a trie without keys. */
export const emptyStorageHash = bytesToHex(emptyTrieRoot) as Hash32;

/** What an account that does not exist looks like. */
export const noAccount: Account = { nonce: 0n, balance: 0n, codeHash: emptyCodeHash, storageHash: emptyStorageHash };

/** RLP of [nonce, balance, storageHash, codeHash]. @throws ChainError `INVALID_ARGUMENT` when the leaf is anything else */
export function readAccount(leaf: Uint8Array, field: string): Account {
  const items = decodeRlp(leaf, field);
  if (items instanceof Uint8Array || items.length !== 4 || !items.every((item) => item instanceof Uint8Array)) {
    throw invalid(field, 'ends with a value that is no account');
  }
  const [nonce, balance, storageHash, codeHash] = items as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return {
    nonce: readInteger(nonce, 8, field),
    balance: readInteger(balance, 32, field),
    storageHash: toHash32(storageHash, field),
    codeHash: toHash32(codeHash, field),
  };
}

/** RLP of a number from 1 to 2^256-1. @throws likewise */
export function readSlot(leaf: Uint8Array, field: string): bigint {
  const bytes = decodeRlp(leaf, field);
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw invalid(field, 'ends with a value that is no slot');
  return readInteger(bytes, 32, field);
}

function readInteger(bytes: Uint8Array, bytesMax: number, field: string): bigint {
  if (bytes.length > bytesMax || bytes[0] === 0) throw invalid(field, 'ends with a number in another form');
  return bytesToBigint(bytes);
}
