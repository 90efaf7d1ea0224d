import { keccak256 } from '@sheaf/crypto';
import { encodeRlp, hexToBytes, bigintToBytes, concatBytes, type RlpItem } from '@sheaf/primitives';
import type { AccessListEntry, Authorization, TransactionFields } from './transaction.ts';

/** Order of the curve's group. */
export const secp256k1Order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The RLP fields of a transaction up to its signature. */
export function unsignedFields(tx: TransactionFields): RlpItem[] {
  const message = [
    bigintToBytes(tx.gasLimit),
    tx.to === undefined ? new Uint8Array(0) : hexToBytes(tx.to),
    bigintToBytes(tx.value),
    tx.data,
  ];
  if (tx.type === 0) return [bigintToBytes(tx.nonce), bigintToBytes(tx.maxFeePerGas), ...message];
  const fees =
    tx.type === 1
      ? [bigintToBytes(tx.maxFeePerGas)]
      : [bigintToBytes(tx.maxPriorityFeePerGas), bigintToBytes(tx.maxFeePerGas)];
  const common = [
    bigintToBytes(tx.chainId ?? 0n),
    bigintToBytes(tx.nonce),
    ...fees,
    ...message,
    accessListItem(tx.accessList),
  ];
  if (tx.type === 3) {
    return [...common, bigintToBytes(tx.maxFeePerBlobGas), tx.blobVersionedHashes.map((hash) => hexToBytes(hash))];
  }
  return tx.type === 4 ? [...common, tx.authorizationList.map(authorizationItem)] : common;
}

/** What the sender signs: EIP-155 for legacy transactions with a chain id, EIP-2718 for the others. 32 bytes. */
export function signingDigest(tx: TransactionFields): Uint8Array {
  const fields = unsignedFields(tx);
  if (tx.type !== 0) return keccak256(concatBytes(Uint8Array.of(tx.type), encodeRlp(fields)));
  const replayProtection =
    tx.chainId === undefined ? [] : [bigintToBytes(tx.chainId), new Uint8Array(0), new Uint8Array(0)];
  return keccak256(encodeRlp([...fields, ...replayProtection]));
}

function accessListItem(accessList: readonly AccessListEntry[]): RlpItem {
  return accessList.map(({ address, storageKeys }) => [hexToBytes(address), storageKeys.map((key) => hexToBytes(key))]);
}

function authorizationItem(entry: Authorization): RlpItem {
  return [
    bigintToBytes(entry.chainId),
    hexToBytes(entry.address),
    bigintToBytes(entry.nonce),
    bigintToBytes(BigInt(entry.yParity)),
    bigintToBytes(entry.r),
    bigintToBytes(entry.s),
  ];
}
