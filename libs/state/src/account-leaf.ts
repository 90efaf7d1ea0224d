import { bigintToBytes, bytesToBigint, ChainError, decodeRlp, encodeRlp } from '@sheaf/primitives';

/** An account's leaf in the state trie. */
export interface AccountLeaf {
  nonce: bigint;
  balance: bigint;
  /** 32 bytes. */
  storageRoot: Uint8Array;
  /** 32 bytes. */
  codeHash: Uint8Array;
}

/** RLP of [nonce, balance, storageRoot, codeHash]. */
export function encodeAccountLeaf({ nonce, balance, storageRoot, codeHash }: AccountLeaf): Uint8Array {
  return encodeRlp([bigintToBytes(nonce), bigintToBytes(balance), storageRoot, codeHash]);
}

/** @throws ChainError `DATA_LOSS` when the leaf is not an account */
export function decodeAccountLeaf(leaf: Uint8Array): AccountLeaf {
  const [nonce, balance, storageRoot, codeHash] = stringsOf(leaf);
  const fits = nonce!.length <= 8 && balance!.length <= 32 && storageRoot!.length === 32 && codeHash!.length === 32;
  if (!fits) throw noAccount();
  return {
    nonce: bytesToBigint(nonce!),
    balance: bytesToBigint(balance!),
    storageRoot: storageRoot!,
    codeHash: codeHash!,
  };
}

/** Four of them. */
function stringsOf(leaf: Uint8Array): readonly Uint8Array[] {
  let items;
  try {
    items = decodeRlp(leaf, 'account');
  } catch (cause) {
    throw noAccount(cause);
  }
  if (items instanceof Uint8Array || items.length !== 4 || !items.every((item) => item instanceof Uint8Array)) {
    throw noAccount();
  }
  return items;
}

function noAccount(cause?: unknown): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: 'a leaf of the state trie is not an account' }, { cause });
}
