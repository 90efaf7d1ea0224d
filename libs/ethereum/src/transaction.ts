import type { Address, Hash32 } from '@sheaf/primitives';

/** EIP-2718 types that the codec knows. */
export type TransactionType = 0 | 1 | 2 | 3 | 4;

/** One entry of an EIP-2930 access list. */
export interface AccessListEntry {
  address: Address;
  storageKeys: Hash32[];
}

/** One EIP-7702 authorization. Not verified: a bad one is skipped by execution, not refused. */
export interface Authorization {
  /** 0 is valid on every chain. */
  chainId: bigint;
  /** The code that the authority delegates to; the zero address clears. */
  address: Address;
  nonce: bigint;
  /** 0 … 255: only 0 and 1 can recover. */
  yParity: number;
  r: bigint;
  s: bigint;
}

/** What every type has before it is signed. Amounts in wei, gas in gas. */
export interface TransactionFields {
  type: TransactionType;
  /** `undefined`: a legacy transaction from before EIP-155, valid on every chain. */
  chainId: bigint | undefined;
  nonce: bigint;
  gasLimit: bigint;
  /** Types 0 and 1. */
  gasPrice?: bigint;
  /** For types 0 and 1 the gas price. */
  maxFeePerGas: bigint;
  /** For types 0 and 1 the gas price. */
  maxPriorityFeePerGas: bigint;
  /** `undefined`: a creation (types 0, 1, 2). */
  to: Address | undefined;
  value: bigint;
  data: Uint8Array;
  accessList: AccessListEntry[];
  authorizationList: Authorization[];
  /** Type 3; else 0. */
  maxFeePerBlobGas: bigint;
  /** Type 3; else none. */
  blobVersionedHashes: Hash32[];
}

/** A signed, well-formed transaction. */
export interface Transaction extends TransactionFields {
  yParity: 0 | 1;
  r: bigint;
  s: bigint;
  /** keccak256 of `raw`. */
  hash: Hash32;
  /** The EIP-2718 encoding, as it was received. */
  raw: Uint8Array;
}
