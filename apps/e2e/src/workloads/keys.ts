import { keccak256, privateKeyToAddress } from '@sheaf/crypto';
import { signTransaction, type UnsignedTransaction } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';

/** Signs for accounts by number, which is below 2^32. */
export interface Signer {
  address(account: number): Address;
  /** The signed EIP-2718 encoding. */
  sign(account: number, transaction: UnsignedTransaction): Uint8Array;
}

/** The account's private key: public knowledge, the same everywhere. */
export function privateKeyOf(account: number): Uint8Array {
  return keccak256(new TextEncoder().encode(`sheaf workload account ${account}`));
}

/** Has no memory but of keys. */
export function createSigner(): Signer {
  const keys = new Map<number, { key: Uint8Array; address: Address }>();
  const known = (account: number) => {
    let entry = keys.get(account);
    if (entry === undefined) {
      const key = privateKeyOf(account);
      entry = { key, address: privateKeyToAddress(key) };
      keys.set(account, entry);
    }
    return entry;
  };
  return {
    address: (account) => known(account).address,
    sign: (account, transaction) => signTransaction(transaction, known(account).key),
  };
}
