import { Logs, type AccessListEntry, type Log, type Receipt, type TransactionType } from '@sheaf/ethereum';
import {
  bigintToBytes,
  limits,
  toHeight,
  zeroAddress,
  type Address,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import type { CallMessage, StateOverride, Witness } from '@sheaf/state-transition';
import type * as commonV1 from './generated/sheaf/common/v1/common.ts';
import type * as executionV1 from './generated/sheaf/execution/v1/execution.ts';
import { hexToBuffer, refuse, toBuffer, wire } from './wire.ts';

/** The RLP of a block: its payload's transactions and a header of at most 1 KiB. */
const blockRlpBytesMax = limits.payloadBytesMax + 1_024;
/** 16,777,216 gas (EIP-7825) pay for 44,739 logs. */
const receiptLogsMax = 44_739;
const headerBytesMax = 1_024;
const codeBytesMax = 24_576;
/** Entries of an access list, slots of an entry or of an override. */
const listMax = 1_000;
const overridesMax = 100;

/** A transaction that the payload has and the block has not. */
export interface DroppedRecord {
  payloadIndex: number;
  hash: Hash32;
  reason: string;
}

/** An executed block as execution hands it out. */
export interface BlockRecord {
  height: Height;
  hash: Hash32;
  /** Zero for genesis. */
  payloadHash: Hash32;
  /** The whole block as Ethereum's RLP. */
  rlp: Uint8Array;
  /** One a transaction of the block, in order. */
  receipts: Receipt[];
  /** By rising index. */
  dropped: DroppedRecord[];
}

export function blockToWire(block: BlockRecord): executionV1.Block {
  return {
    height: block.height,
    hash: hexToBuffer(block.hash),
    payloadHash: hexToBuffer(block.payloadHash),
    rlp: toBuffer(block.rlp),
    receipts: block.receipts.map(receiptToWire),
    dropped: droppedToWire(block.dropped),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function blockFromWire(message: executionV1.Block | undefined, field: string): BlockRecord {
  const block = wire.required(message, field);
  const receipts = wire.list(block.receipts, { max: limits.payloadTransactionsMax }, `${field}.receipts`);
  return {
    height: toHeight(block.height, `${field}.height`),
    hash: wire.hash(block.hash, `${field}.hash`),
    payloadHash: wire.hash(block.payloadHash, `${field}.payloadHash`),
    rlp: wire.bytes(block.rlp, { min: 1, max: blockRlpBytesMax }, `${field}.rlp`),
    receipts: receipts.map((receipt, index) => receiptFromWire(receipt, `${field}.receipts.${index}`)),
    dropped: droppedFromWire(block.dropped, `${field}.dropped`),
  };
}

export function droppedToWire(dropped: readonly DroppedRecord[]): executionV1.DroppedTransaction[] {
  return dropped.map(({ payloadIndex, hash, reason }) => ({ payloadIndex, hash: hexToBuffer(hash), reason }));
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field`, also when the indexes do not rise */
export function droppedFromWire(
  messages: readonly executionV1.DroppedTransaction[] | undefined,
  field: string,
): DroppedRecord[] {
  const dropped = wire.list(messages, { max: limits.payloadTransactionsMax }, field);
  return dropped.map((item, index) => {
    const at = `${field}.${index}`;
    if (index > 0 && item.payloadIndex <= dropped[index - 1]!.payloadIndex) refuse(`${at}.payloadIndex`, 'must rise');
    const last = limits.payloadTransactionsMax - 1;
    return {
      payloadIndex: wire.integer(item.payloadIndex, { min: 0, max: last }, `${at}.payloadIndex`),
      hash: wire.hash(item.hash, `${at}.hash`),
      reason: wire.nonEmptyText(item.reason, 64, `${at}.reason`),
    };
  });
}

export function receiptToWire(receipt: Receipt): executionV1.Receipt {
  return {
    transactionHash: hexToBuffer(receipt.transactionHash),
    type: receipt.type,
    status: receipt.status,
    cumulativeGasUsed: receipt.cumulativeGasUsed,
    gasUsed: receipt.gasUsed,
    effectiveGasPrice: toBuffer(bigintToBytes(receipt.effectiveGasPrice)),
    blobGasUsed: receipt.blobGasUsed,
    sender: hexToBuffer(receipt.sender),
    recipient: optionalToBuffer(receipt.recipient),
    contractAddress: optionalToBuffer(receipt.contractAddress),
    logs: receipt.logs.raw().map(({ address, topics, data }) => ({
      address: toBuffer(address),
      topics: topics.map(toBuffer),
      data: toBuffer(data),
    })),
    logsBloom: toBuffer(receipt.logsBloom),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function receiptFromWire(message: executionV1.Receipt | undefined, field: string): Receipt {
  const receipt = wire.required(message, field);
  const recipient = wire.optionalAddress(receipt.recipient, `${field}.recipient`);
  const contractAddress = wire.optionalAddress(receipt.contractAddress, `${field}.contractAddress`);
  const logs = wire.list(receipt.logs, { max: receiptLogsMax }, `${field}.logs`);
  return {
    transactionHash: wire.hash(receipt.transactionHash, `${field}.transactionHash`),
    type: wire.integer(receipt.type, { min: 0, max: 4 }, `${field}.type`) as TransactionType,
    status: receipt.status,
    cumulativeGasUsed: receipt.cumulativeGasUsed,
    gasUsed: receipt.gasUsed,
    effectiveGasPrice: wire.quantity(receipt.effectiveGasPrice, `${field}.effectiveGasPrice`),
    blobGasUsed: receipt.blobGasUsed,
    sender: wire.address(receipt.sender, `${field}.sender`),
    ...(recipient && { recipient }),
    ...(contractAddress && { contractAddress }),
    logs: Logs.of(logs.map((log, index) => logFromWire(log, `${field}.logs.${index}`))),
    logsBloom: wire.bytes(receipt.logsBloom, { length: 256 }, `${field}.logsBloom`),
  };
}

function logFromWire(log: executionV1.Log, field: string): Log {
  return {
    address: wire.address(log.address, `${field}.address`),
    topics: wire
      .list(log.topics, { max: 4 }, `${field}.topics`)
      .map((topic, index) => wire.hash(topic, `${field}.topics.${index}`)),
    data: wire.bytes(log.data, { max: limits.grpcMessageBytesMax }, `${field}.data`),
  };
}

/** An executed block as announced: enough to follow headers and to know what was dropped. */
export interface BlockAnnouncement {
  height: Height;
  hash: Hash32;
  payloadHash: Hash32;
  /** RLP. At most 1 KiB. */
  header: Uint8Array;
  dropped: DroppedRecord[];
}

export function blockAnnouncementToWire(announcement: BlockAnnouncement): executionV1.BlockAnnouncement {
  return {
    height: announcement.height,
    hash: hexToBuffer(announcement.hash),
    payloadHash: hexToBuffer(announcement.payloadHash),
    header: toBuffer(announcement.header),
    dropped: droppedToWire(announcement.dropped),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function blockAnnouncementFromWire(
  message: executionV1.BlockAnnouncement | undefined,
  field: string,
): BlockAnnouncement {
  const announcement = wire.required(message, field);
  return {
    height: toHeight(announcement.height, `${field}.height`),
    hash: wire.hash(announcement.hash, `${field}.hash`),
    payloadHash: wire.hash(announcement.payloadHash, `${field}.payloadHash`),
    header: wire.bytes(announcement.header, { min: 1, max: headerBytesMax }, `${field}.header`),
    dropped: droppedFromWire(announcement.dropped, `${field}.dropped`),
  };
}

/** Which state or block to read. */
export type BlockSelector = { kind: 'head' } | { kind: 'height'; height: Height } | { kind: 'hash'; hash: Hash32 };

export function blockSelectorToWire(selector: BlockSelector): executionV1.BlockSelector {
  switch (selector.kind) {
    case 'head':
      return { selector: undefined };
    case 'height':
      return { selector: { $case: 'height', value: selector.height } };
    case 'hash':
      return { selector: { $case: 'hash', value: hexToBuffer(selector.hash) } };
  }
}

/** No selector means the head. @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function blockSelectorFromWire(message: executionV1.BlockSelector | undefined, field: string): BlockSelector {
  const selector = message?.selector;
  if (selector === undefined) return { kind: 'head' };
  return selector.$case === 'height'
    ? { kind: 'height', height: toHeight(selector.value, `${field}.height`) }
    : { kind: 'hash', hash: wire.hash(selector.value, `${field}.hash`) };
}

/** A block's place and hash. */
export interface BlockRef {
  height: Height;
  hash: Hash32;
}

export function blockRefToWire(ref: BlockRef): commonV1.BlockRef {
  return { height: ref.height, hash: hexToBuffer(ref.hash) };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function blockRefFromWire(message: commonV1.BlockRef | undefined, field: string): BlockRef {
  const ref = wire.required(message, field);
  return { height: toHeight(ref.height, `${field}.height`), hash: wire.hash(ref.hash, `${field}.hash`) };
}

export function messageToWire(message: CallMessage): executionV1.Message {
  return {
    from: hexToBuffer(message.from),
    to: optionalToBuffer(message.to),
    data: toBuffer(message.data),
    value: toBuffer(bigintToBytes(message.value)),
    gasLimit: message.gasLimit,
    gasPrice: toBuffer(bigintToBytes(message.gasPrice)),
    accessList: message.accessList.map(({ address, storageKeys }) => ({
      address: hexToBuffer(address),
      storageKeys: storageKeys.map(hexToBuffer),
    })),
    overrides: message.overrides.map(overrideToWire),
  };
}

/** An absent sender is the zero address. @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function messageFromWire(wireMessage: executionV1.Message | undefined, field: string): CallMessage {
  const message = wire.required(wireMessage, field);
  const accessList = wire.list(message.accessList, { max: listMax }, `${field}.accessList`);
  const overrides = wire.list(message.overrides, { max: overridesMax }, `${field}.overrides`);
  return {
    from: wire.optionalAddress(message.from, `${field}.from`) ?? zeroAddress,
    to: wire.optionalAddress(message.to, `${field}.to`),
    data: wire.bytes(message.data, { max: limits.transactionBytesMax }, `${field}.data`),
    value: wire.quantity(message.value, `${field}.value`),
    gasLimit: wire.integer(message.gasLimit, { min: 0n, max: limits.callGasMax }, `${field}.gasLimit`),
    gasPrice: wire.quantity(message.gasPrice, `${field}.gasPrice`),
    accessList: accessList.map((entry, index) => accessListEntryFromWire(entry, `${field}.accessList.${index}`)),
    overrides: overrides.map((override, index) => overrideFromWire(override, `${field}.overrides.${index}`)),
  };
}

function accessListEntryFromWire(entry: executionV1.AccessListEntry, field: string): AccessListEntry {
  return {
    address: wire.address(entry.address, `${field}.address`),
    storageKeys: wire
      .list(entry.storageKeys, { max: listMax }, `${field}.storageKeys`)
      .map((key, index) => wire.hash(key, `${field}.storageKeys.${index}`)),
  };
}

function overrideToWire(override: StateOverride): executionV1.StateOverride {
  return {
    address: hexToBuffer(override.address),
    balance: override.balance === undefined ? undefined : toBuffer(bigintToBytes(override.balance)),
    nonce: override.nonce,
    code: override.code && toBuffer(override.code),
    slots: override.slots.map(({ slot, value }) => ({ slot: hexToBuffer(slot), value: hexToBuffer(value) })),
  };
}

function overrideFromWire(override: executionV1.StateOverride, field: string): StateOverride {
  const slots = wire.list(override.slots, { max: listMax }, `${field}.slots`);
  return {
    address: wire.address(override.address, `${field}.address`),
    balance: override.balance && wire.quantity(override.balance, `${field}.balance`),
    nonce: override.nonce,
    code: override.code && wire.bytes(override.code, { max: codeBytesMax }, `${field}.code`),
    slots: slots.map(({ slot, value }, index) => ({
      slot: wire.hash(slot, `${field}.slots.${index}.slot`),
      value: wire.hash(value, `${field}.slots.${index}.value`),
    })),
  };
}

/** An account's own fields. */
export interface AccountRecord {
  address: Address;
  /** Wei. */
  balance: bigint;
  nonce: bigint;
  codeHash: Hash32;
  storageRoot: Hash32;
}

export function accountToWire(account: AccountRecord): executionV1.Account {
  return {
    address: hexToBuffer(account.address),
    balance: toBuffer(bigintToBytes(account.balance)),
    nonce: account.nonce,
    codeHash: hexToBuffer(account.codeHash),
    storageRoot: hexToBuffer(account.storageRoot),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function accountFromWire(message: executionV1.Account | undefined, field: string): AccountRecord {
  const account = wire.required(message, field);
  return {
    address: wire.address(account.address, `${field}.address`),
    balance: wire.quantity(account.balance, `${field}.balance`),
    nonce: account.nonce,
    codeHash: wire.hash(account.codeHash, `${field}.codeHash`),
    storageRoot: wire.hash(account.storageRoot, `${field}.storageRoot`),
  };
}

export function witnessToWire(witness: Witness): executionV1.GetWitnessResponse {
  return { state: toBuffer(witness.state), headers: witness.headers.map(toBuffer) };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field`. What the state's bytes are is not looked at */
export function witnessFromWire(message: executionV1.GetWitnessResponse | undefined, field: string): Witness {
  const witness = wire.required(message, field);
  return {
    state: wire.bytes(witness.state, { min: 1, max: limits.witnessBytesMax }, `${field}.state`),
    headers: wire
      .list(witness.headers, { min: 1, max: 256 }, `${field}.headers`)
      .map((header, index) => wire.bytes(header, { min: 1, max: headerBytesMax }, `${field}.headers.${index}`)),
  };
}

function optionalToBuffer(address: Address | undefined): Buffer {
  return address === undefined ? Buffer.alloc(0) : hexToBuffer(address);
}
