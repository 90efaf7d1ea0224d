import { keccak256 } from '@sheaf/crypto';
import {
  decodeRlp,
  encodeRlp,
  hexToBytes,
  bigintToBytes,
  toHash32,
  toHeight,
  type Address,
  type Hash32,
  type Height,
  type RlpItem,
} from '@sheaf/primitives';
import { invalid, readAddress, readBytes, readHash, readInteger, readList } from './fields.ts';

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

/** keccak256 of the RLP of an empty list: what `ommersHash` is since the merge. */
export const emptyOmmersHash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347' as Hash32;

/** Canonical RLP. */
export function encodeHeader(header: Header): Uint8Array {
  return encodeRlp(headerItem(header));
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field, for example `header.gasLimit` */
export function decodeHeader(bytes: Uint8Array): Header {
  return readHeader(decodeRlp(bytes, 'header'), 'header');
}

/** keccak256 of the encoding. */
export function headerHash(header: Header): Hash32 {
  return toHash32(keccak256(encodeHeader(header)));
}

/** Canonical RLP of [header, transactions, [], withdrawals]. */
export function encodeBlock(block: Block): Uint8Array {
  // A legacy transaction is an RLP list and stands in the block as such; the others stand as strings.
  const transactions = block.transactions.map((raw) => (raw[0]! >= 0xc0 ? decodeRlp(raw, 'transaction') : raw));
  return encodeRlp([headerItem(block.header), transactions, [], block.withdrawals.map(withdrawalItem)]);
}

/** Shapes and bounds only: roots are not compared. @throws ChainError `INVALID_ARGUMENT` naming the field */
export function decodeBlock(bytes: Uint8Array): Block {
  const [header, transactions, ommers, withdrawals] = readList(decodeRlp(bytes, 'block'), 'block', 4);
  readList(ommers, 'block.ommers', 0);
  return {
    header: readHeader(header, 'block.header'),
    transactions: readList(transactions, 'block.transactions').map((item, i) => {
      if (!(item instanceof Uint8Array)) return encodeRlp(item);
      if (item.length === 0 || item[0]! >= 0x80) throw invalid(`block.transactions[${i}]`, 'must start with its type');
      return item;
    }),
    withdrawals: readList(withdrawals, 'block.withdrawals').map((item, i) =>
      readWithdrawal(item, `block.withdrawals[${i}]`),
    ),
  };
}

/** The RLP item of an EIP-4895 withdrawal. */
export function withdrawalItem(withdrawal: Withdrawal): RlpItem {
  return [
    bigintToBytes(withdrawal.index),
    bigintToBytes(withdrawal.validatorIndex),
    hexToBytes(withdrawal.address),
    bigintToBytes(withdrawal.amountGwei),
  ];
}

function readWithdrawal(item: RlpItem, field: string): Withdrawal {
  const [index, validatorIndex, address, amount] = readList(item, field, 4);
  return {
    index: readInteger(index, `${field}.index`, 8),
    validatorIndex: readInteger(validatorIndex, `${field}.validatorIndex`, 8),
    address: readAddress(address, `${field}.address`),
    amountGwei: readInteger(amount, `${field}.amountGwei`, 8),
  };
}

function headerItem(header: Header): RlpItem[] {
  const item = [
    hexToBytes(header.parentHash),
    hexToBytes(header.ommersHash),
    hexToBytes(header.coinbase),
    hexToBytes(header.stateRoot),
    hexToBytes(header.transactionsRoot),
    hexToBytes(header.receiptsRoot),
    header.logsBloom,
    bigintToBytes(header.difficulty),
    bigintToBytes(header.number),
    bigintToBytes(header.gasLimit),
    bigintToBytes(header.gasUsed),
    bigintToBytes(header.timestamp),
    header.extraData,
    hexToBytes(header.prevRandao),
    header.nonce,
    bigintToBytes(header.baseFeePerGas),
    hexToBytes(header.withdrawalsRoot),
    bigintToBytes(header.blobGasUsed),
    bigintToBytes(header.excessBlobGas),
    hexToBytes(header.parentBeaconBlockRoot),
  ];
  if (header.requestsHash !== undefined) item.push(hexToBytes(header.requestsHash));
  return item;
}

function readHeader(item: RlpItem | undefined, field: string): Header {
  const items = readList(item, field);
  if (items.length !== 20 && items.length !== 21)
    throw invalid(field, `must have 20 or 21 fields, got ${items.length}`);
  const extraData = readBytes(items[12], `${field}.extraData`);
  if (extraData.length > 32) throw invalid(`${field}.extraData`, 'must be at most 32 bytes');
  return {
    parentHash: readHash(items[0], `${field}.parentHash`),
    ommersHash: readHash(items[1], `${field}.ommersHash`),
    coinbase: readAddress(items[2], `${field}.coinbase`),
    stateRoot: readHash(items[3], `${field}.stateRoot`),
    transactionsRoot: readHash(items[4], `${field}.transactionsRoot`),
    receiptsRoot: readHash(items[5], `${field}.receiptsRoot`),
    logsBloom: readBytes(items[6], `${field}.logsBloom`, 256),
    difficulty: readInteger(items[7], `${field}.difficulty`, 32),
    number: toHeight(readInteger(items[8], `${field}.number`, 8), `${field}.number`),
    gasLimit: readInteger(items[9], `${field}.gasLimit`, 8),
    gasUsed: readInteger(items[10], `${field}.gasUsed`, 8),
    timestamp: readInteger(items[11], `${field}.timestamp`, 8),
    extraData,
    prevRandao: readHash(items[13], `${field}.prevRandao`),
    nonce: readBytes(items[14], `${field}.nonce`, 8),
    baseFeePerGas: readInteger(items[15], `${field}.baseFeePerGas`, 32),
    withdrawalsRoot: readHash(items[16], `${field}.withdrawalsRoot`),
    blobGasUsed: readInteger(items[17], `${field}.blobGasUsed`, 8),
    excessBlobGas: readInteger(items[18], `${field}.excessBlobGas`, 8),
    parentBeaconBlockRoot: readHash(items[19], `${field}.parentBeaconBlockRoot`),
    requestsHash: items.length === 21 ? readHash(items[20], `${field}.requestsHash`) : undefined,
  };
}
