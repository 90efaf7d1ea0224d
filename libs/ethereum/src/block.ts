import type { Address, Hash32, Height } from '@sheaf/primitives';

/** An Ethereum header. Cancun headers have no `requestsHash`; all else is there from Cancun to Osaka. */
export interface Header {
  parentHash: Hash32;
  ommersHash: Hash32;
  coinbase: Address;
  stateRoot: Hash32;
  transactionsRoot: Hash32;
  receiptsRoot: Hash32;
  /** 256 bytes. */
  logsBloom: Uint8Array;
  difficulty: bigint;
  number: Height;
  gasLimit: bigint;
  gasUsed: bigint;
  /** Unix seconds. */
  timestamp: bigint;
  /** At most 32 bytes. */
  extraData: Uint8Array;
  /** EIP-4399. */
  prevRandao: Hash32;
  /** 8 bytes. */
  nonce: Uint8Array;
  /** Wei. */
  baseFeePerGas: bigint;
  withdrawalsRoot: Hash32;
  blobGasUsed: bigint;
  excessBlobGas: bigint;
  /** EIP-4788. */
  parentBeaconBlockRoot: Hash32;
  /** EIP-7685; `undefined` before Prague. */
  requestsHash: Hash32 | undefined;
}

/** An EIP-4895 withdrawal. */
export interface Withdrawal {
  index: bigint;
  validatorIndex: bigint;
  address: Address;
  amountGwei: bigint;
}

/** A block as it goes over the wire: no ommers. */
export interface Block {
  header: Header;
  /** EIP-2718 encodings. */
  transactions: Uint8Array[];
  withdrawals: Withdrawal[];
}

/** Canonical RLP. */
export function encodeHeader(_header: Header): Uint8Array {
  throw new Error('not yet');
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field, for example `header.gasLimit` */
export function decodeHeader(_bytes: Uint8Array): Header {
  throw new Error('not yet');
}

/** keccak256 of the encoding. */
export function headerHash(_header: Header): Hash32 {
  throw new Error('not yet');
}

/** Canonical RLP of [header, transactions, [], withdrawals]. */
export function encodeBlock(_block: Block): Uint8Array {
  throw new Error('not yet');
}

/** Shapes and bounds only: roots are not compared. @throws ChainError `INVALID_ARGUMENT` naming the field */
export function decodeBlock(_bytes: Uint8Array): Block {
  throw new Error('not yet');
}
