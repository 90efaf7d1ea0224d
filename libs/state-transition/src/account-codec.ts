import { decodeRlp, emptyRoot, encodeRlp } from '@sheaf/ethereum';
import { hexToBytes, bigintToBytes, bytesToBigint, ChainError, toHash32, type Hash32 } from '@sheaf/primitives';
import type { AccountState } from './ports.ts';

/** keccak256 of nothing. */
export const emptyCodeHash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470' as Hash32;

/** What an account that does not exist looks like. */
export const noAccount: AccountState = { balance: 0n, nonce: 0n, codeHash: emptyCodeHash, storageRoot: emptyRoot };

/** The account's leaf in the state trie: [nonce, balance, storageRoot, codeHash]. */
export function encodeAccount(account: AccountState): Uint8Array {
  return encodeRlp([
    bigintToBytes(account.nonce),
    bigintToBytes(account.balance),
    hexToBytes(account.storageRoot),
    hexToBytes(account.codeHash),
  ]);
}

/** @throws ChainError `DATA_LOSS` when the leaf is not an account */
export function decodeAccount(leaf: Uint8Array): AccountState {
  const items = decodeRlp(leaf, 'account');
  if (items instanceof Uint8Array || items.length !== 4 || !items.every((item) => item instanceof Uint8Array)) {
    throw new ChainError({ code: 'DATA_LOSS', message: 'a leaf of the state trie is not an account' });
  }
  const [nonce, balance, storageRoot, codeHash] = items as Uint8Array[];
  return {
    nonce: bytesToBigint(nonce!),
    balance: bytesToBigint(balance!),
    storageRoot: toHash32(storageRoot!),
    codeHash: toHash32(codeHash!),
  };
}
