import { emptyRoot } from '@sheaf/ethereum';
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  ChainError,
  decodeRlp,
  encodeRlp,
  equalBytes,
  hexToBytes,
  type Hash32,
} from '@sheaf/primitives';
import type { AccountState } from './ports.ts';

/** keccak256 of nothing. */
export const emptyCodeHash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470' as Hash32;
export const emptyCodeHashBytes = hexToBytes(emptyCodeHash);
export const emptyRootBytes = hexToBytes(emptyRoot);

/** What an account that does not exist looks like. */
export const noAccount: AccountState = { balance: 0n, nonce: 0n, codeHash: emptyCodeHash, storageRoot: emptyRoot };

/** An account's leaf in the state trie, its hashes as bytes. */
export interface AccountLeaf {
  nonce: bigint;
  balance: bigint;
  storageRoot: Uint8Array;
  codeHash: Uint8Array;
}

/** RLP of [nonce, balance, storageRoot, codeHash]. */
export function encodeAccountLeaf({ nonce, balance, storageRoot, codeHash }: AccountLeaf): Uint8Array {
  return encodeRlp([bigintToBytes(nonce), bigintToBytes(balance), storageRoot, codeHash]);
}

/** @throws ChainError `DATA_LOSS` when the leaf is not an account */
export function decodeAccountLeaf(leaf: Uint8Array): AccountLeaf {
  const items = decodeRlp(leaf, 'account');
  if (items instanceof Uint8Array || items.length !== 4 || !items.every((item) => item instanceof Uint8Array)) {
    throw new ChainError({ code: 'DATA_LOSS', message: 'a leaf of the state trie is not an account' });
  }
  const [nonce, balance, storageRoot, codeHash] = items as Uint8Array[];
  return {
    nonce: bytesToBigint(nonce!),
    balance: bytesToBigint(balance!),
    storageRoot: storageRoot!,
    codeHash: codeHash!,
  };
}

/** @throws ChainError `DATA_LOSS` when the leaf is not an account */
export function decodeAccount(leaf: Uint8Array): AccountState {
  const { nonce, balance, storageRoot, codeHash } = decodeAccountLeaf(leaf);
  return {
    nonce,
    balance,
    codeHash: bytesToHex(codeHash) as Hash32,
    storageRoot: bytesToHex(storageRoot) as Hash32,
  };
}

export function isEmptyCode(codeHash: Uint8Array): boolean {
  return equalBytes(codeHash, emptyCodeHashBytes);
}
