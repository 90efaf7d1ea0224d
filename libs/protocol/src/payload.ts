import { keccak256 } from '@sheaf/crypto';
import {
  bigintToFixedBytes,
  ChainError,
  concatBytes,
  decodeRlp,
  encodeRlp,
  hexToBytes,
  limits,
  toAddress,
  toEpoch,
  toHash32,
  toHeight,
  type Address,
  type Epoch,
  type Hash32,
  type Height,
  type RlpItem,
} from '@sheaf/primitives';
import { encodeInteger, readBytes, readInteger, readList } from './rlp.ts';

/** A deposit, credited as an EIP-4895 withdrawal. */
export interface Deposit {
  /** EIP-4895 index: grows by one with every deposit of the chain. */
  index: bigint;
  validatorIndex: bigint;
  address: Address;
  amountGwei: bigint;
}

/**
 * The ordered transactions of one height and all else that determines its block. Integers fit 64 bits unless said;
 * chain id, height, epoch and gas limit are at least 1.
 */
export interface Payload {
  chainId: bigint;
  /** 1 is the first. */
  height: Height;
  /** The leadership that sealed it. */
  epoch: Epoch;
  /** `payloadHash` of the payload before; for height 1 the hash of the genesis block. */
  parentHash: Hash32;
  /** Unix seconds. */
  timestamp: bigint;
  /** Wei, up to 256 bits. */
  baseFeePerGas: bigint;
  gasLimit: bigint;
  feeRecipient: Address;
  prevRandao: Hash32;
  /** At most 16. */
  deposits: Deposit[];
  /** EIP-2718 encodings, in order. At most 10,000, each 1 to 131,072 bytes. */
  transactions: Uint8Array[];
}

/**
 * RLP: chainId, height, epoch, parentHash, timestamp, baseFeePerGas, gasLimit, feeRecipient, prevRandao,
 * deposits (index, validatorIndex, address, amountGwei), transactions (byte strings).
 * @throws ChainError `LIMIT` when it is over 2 MiB
 */
export function encodePayload(payload: Payload): Uint8Array {
  const bytes = encodeRlp([
    encodeInteger(payload.chainId),
    encodeInteger(payload.height),
    encodeInteger(payload.epoch),
    hexToBytes(payload.parentHash),
    encodeInteger(payload.timestamp),
    encodeInteger(payload.baseFeePerGas),
    encodeInteger(payload.gasLimit),
    hexToBytes(payload.feeRecipient),
    hexToBytes(payload.prevRandao),
    payload.deposits.map((deposit) => [
      encodeInteger(deposit.index),
      encodeInteger(deposit.validatorIndex),
      hexToBytes(deposit.address),
      encodeInteger(deposit.amountGwei),
    ]),
    payload.transactions,
  ]);
  if (bytes.length > limits.payloadBytesMax) {
    throw new ChainError({
      code: 'LIMIT',
      message: `payload ${payload.height} is ${bytes.length} bytes, more than ${limits.payloadBytesMax}`,
      retryAfterMs: 0,
    });
  }
  return bytes;
}

/**
 * The inverse of `encodePayload`, and only of it: every accepted input encodes back to the same bytes.
 * Transactions are views of `bytes`.
 * @throws ChainError `INVALID_ARGUMENT` naming the field, such as "payload.deposits.0.address"
 */
export function decodePayload(bytes: Uint8Array): Payload {
  if (bytes.length > limits.payloadBytesMax) {
    const message = `payload must be at most ${limits.payloadBytesMax} bytes, got ${bytes.length}`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'payload', message });
  }
  return payloadFromRlp(decodeRlp(bytes, 'payload'), 'payload');
}

/** A payload from its decoded RLP. @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function payloadFromRlp(item: RlpItem, field: string): Payload {
  const items = readList(item, { length: 11 }, field);
  const integer = (index: number, name: string) => readInteger(items[index], 8, `${field}.${name}`);
  const positive = (index: number, name: string) => integer(index, name) || zeroRefused(`${field}.${name}`);
  const fixed = (index: number, length: number, name: string) =>
    readBytes(items[index], { min: length, max: length }, `${field}.${name}`);
  const deposits = readList(items[9], { max: limits.payloadDepositsMax }, `${field}.deposits`);
  const transactions = readList(items[10], { max: limits.payloadTransactionsMax }, `${field}.transactions`);
  return {
    chainId: positive(0, 'chainId'),
    height: toHeight(positive(1, 'height')),
    epoch: toEpoch(positive(2, 'epoch')),
    parentHash: toHash32(fixed(3, 32, 'parentHash')),
    timestamp: integer(4, 'timestamp'),
    baseFeePerGas: readInteger(items[5], 32, `${field}.baseFeePerGas`),
    gasLimit: positive(6, 'gasLimit'),
    feeRecipient: toAddress(fixed(7, 20, 'feeRecipient')),
    prevRandao: toHash32(fixed(8, 32, 'prevRandao')),
    deposits: deposits.map((deposit, index) => depositFromRlp(deposit, `${field}.deposits.${index}`)),
    transactions: transactions.map((transaction, index) =>
      readBytes(transaction, { min: 1, max: limits.transactionBytesMax }, `${field}.transactions.${index}`),
    ),
  };
}

/** Keccak of the payload's RLP: its identity. */
export function payloadHash(payload: Payload): Hash32 {
  return toHash32(keccak256(encodePayload(payload)));
}

const randaoPrefix = new TextEncoder().encode('sheaf-randao');

/**
 * PREVRANDAO of a payload: Keccak of "sheaf-randao", chain id and height (8 bytes each) and the parent's payload hash.
 * Anyone can compute it before the payload is sealed: a contract must not draw lots with it.
 */
export function payloadRandao(chainId: bigint, height: Height, parentHash: Hash32): Hash32 {
  const numbers = [bigintToFixedBytes(chainId, 8), bigintToFixedBytes(height, 8)];
  return toHash32(keccak256(concatBytes(randaoPrefix, ...numbers, hexToBytes(parentHash))));
}

function depositFromRlp(item: RlpItem, field: string): Deposit {
  const items = readList(item, { length: 4 }, field);
  return {
    index: readInteger(items[0], 8, `${field}.index`),
    validatorIndex: readInteger(items[1], 8, `${field}.validatorIndex`),
    address: toAddress(readBytes(items[2], { min: 20, max: 20 }, `${field}.address`)),
    amountGwei: readInteger(items[3], 8, `${field}.amountGwei`),
  };
}

function zeroRefused(field: string): never {
  throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} must be at least 1` });
}
