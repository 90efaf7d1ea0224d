import {
  bigintToBytes,
  ChainError,
  limits,
  toAddress,
  toEpoch,
  toHeight,
  zeroAddress,
  type Address,
} from '@sheaf/primitives';
import type { Deposit, Payload } from '@sheaf/protocol';
import type * as commonV1 from './generated/sheaf/common/v1/common.ts';
import { hexToBuffer, refuse, toBuffer, wire } from './wire.ts';

const uint64Max = 2n ** 64n - 1n;
const addressBytes = 20;

export function payloadToWire(payload: Payload): commonV1.Payload {
  return {
    chainId: payload.chainId,
    height: payload.height,
    epoch: payload.epoch,
    parentHash: hexToBuffer(payload.parentHash),
    timestamp: payload.timestamp,
    baseFeePerGas: toBuffer(bigintToBytes(payload.baseFeePerGas)),
    gasLimit: payload.gasLimit,
    feeRecipient: hexToBuffer(payload.feeRecipient),
    prevRandao: hexToBuffer(payload.prevRandao),
    deposits: payload.deposits.map((deposit) => ({ ...deposit, address: hexToBuffer(deposit.address) })),
    transactions: payload.transactions.map(toBuffer),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function payloadFromWire(message: commonV1.Payload | undefined, field: string): Payload {
  const payload = wire.required(message, field);
  const positive = (name: 'chainId' | 'height' | 'epoch' | 'gasLimit') =>
    wire.integer(payload[name], { min: 1n, max: uint64Max }, `${field}.${name}`);
  const deposits = wire.list(payload.deposits, { max: limits.payloadDepositsMax }, `${field}.deposits`);
  return {
    chainId: positive('chainId'),
    height: toHeight(positive('height')),
    epoch: toEpoch(positive('epoch')),
    parentHash: wire.hash(payload.parentHash, `${field}.parentHash`),
    timestamp: payload.timestamp,
    baseFeePerGas: wire.quantity(payload.baseFeePerGas, `${field}.baseFeePerGas`),
    gasLimit: positive('gasLimit'),
    feeRecipient: wire.address(payload.feeRecipient, `${field}.feeRecipient`),
    prevRandao: wire.hash(payload.prevRandao, `${field}.prevRandao`),
    deposits: deposits.map((deposit, index) => depositFromWire(deposit, `${field}.deposits.${index}`)),
    transactions: transactionsFromWire(payload.transactions, limits.payloadTransactionsMax, `${field}.transactions`),
  };
}

/**
 * EIP-2718 encodings of a request or payload: `min` (default 0) to `max`, each 1 to 131,072 bytes, 2 MiB in all.
 * @throws ChainError `INVALID_ARGUMENT` naming the field
 */
export function transactionsFromWire(
  transactions: readonly Uint8Array[] | undefined,
  max: number,
  field: string,
  min = 0,
): Uint8Array[] {
  let total = 0;
  return wire.list(transactions, { min, max }, field).map((transaction, index) => {
    const bytes = wire.bytes(transaction, { min: 1, max: limits.transactionBytesMax }, `${field}.${index}`);
    total += bytes.length;
    if (total > limits.payloadBytesMax) refuse(field, `must be at most ${limits.payloadBytesMax} bytes in all`);
    return bytes;
  });
}

/** The senders of a payload's transactions as 20 bytes each; zeros for one without a valid signature. */
export function sendersToWire(senders: readonly (Address | undefined)[]): Buffer {
  // One decoding of all digits: some thousand addresses are joined for every block.
  return Buffer.from(senders.map((sender = zeroAddress) => sender.slice(2)).join(''), 'hex');
}

/**
 * One sender a transaction, in order; `undefined` for one without a valid signature. Nothing when the wire has none.
 * Whether they are the true ones cannot be seen here: the payload's hash does not cover them.
 * @throws ChainError `DATA_LOSS` naming the field unless there are `transactions` of them
 */
export function sendersFromWire(
  senders: Uint8Array | undefined,
  transactions: number,
  field: string,
): (Address | undefined)[] | undefined {
  if (senders === undefined || senders.length === 0) return undefined;
  if (senders.length !== transactions * addressBytes) {
    const message = `${field} must be ${transactions * addressBytes} bytes, got ${senders.length}`;
    throw new ChainError({ code: 'DATA_LOSS', message });
  }
  return Array.from({ length: transactions }, (_, index) => {
    const sender = toAddress(senders.subarray(index * addressBytes, (index + 1) * addressBytes), field);
    return sender === zeroAddress ? undefined : sender;
  });
}

function depositFromWire(deposit: commonV1.Deposit, field: string): Deposit {
  return {
    index: deposit.index,
    validatorIndex: deposit.validatorIndex,
    address: wire.address(deposit.address, `${field}.address`),
    amountGwei: deposit.amountGwei,
  };
}
