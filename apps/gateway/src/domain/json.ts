import { effectiveGasPrice, Logs, type Header, type Log, type Transaction, type Withdrawal } from '@sheaf/ethereum';
import { bytesToHex, type Address, type Hash32, type Hex } from '@sheaf/primitives';
import type { IndexedBlock, IndexedLog, IndexedTransaction } from '../ports.ts';

/** keccak256 of an empty RLP list: the uncles of every block since the merge. */
export const emptyUnclesHash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
/** Root of an empty trie. */
export const emptyTrieRoot = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const emptyBloom = `0x${'00'.repeat(256)}`;

/** Minimal hex, as Ethereum's JSON writes quantities: zero is `0x0`. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** A block for `eth_getBlockBy…`: with hashes, or with the full transactions when they are given. */
export function blockJson(block: IndexedBlock, transactions: readonly object[] | undefined): Record<string, unknown> {
  return {
    ...headerJson(block.header, block.hash),
    size: quantity(block.sizeBytes),
    uncles: [],
    transactions: transactions ?? block.transactionHashes,
    withdrawals: block.withdrawals.map(withdrawalJson),
  };
}

/** A header for `newHeads`, and the header's part of a block. */
export function headerJson(header: Header, hash: Hash32): Record<string, unknown> {
  return {
    hash,
    parentHash: header.parentHash,
    sha3Uncles: header.ommersHash,
    miner: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: quantity(header.difficulty),
    number: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: header.prevRandao,
    nonce: bytesToHex(header.nonce),
    baseFeePerGas: quantity(header.baseFeePerGas),
    withdrawalsRoot: header.withdrawalsRoot,
    blobGasUsed: quantity(header.blobGasUsed),
    excessBlobGas: quantity(header.excessBlobGas),
    parentBeaconBlockRoot: header.parentBeaconBlockRoot,
    ...(header.requestsHash === undefined ? {} : { requestsHash: header.requestsHash }),
  };
}

/**
 * The block that would come next if nothing happened: empty, on top of `parent`, without hash and nonce. Sheaf seals a payload as soon as
 * there is work, so there is no pending block to look into; this gives clients the next number and base fee.
 */
export function pendingBlockJson(parent: IndexedBlock, baseFeePerGas: bigint): Record<string, unknown> {
  return {
    ...headerJson(parent.header, parent.hash),
    hash: null,
    nonce: null,
    parentHash: parent.hash,
    number: quantity(parent.header.number + 1n),
    baseFeePerGas: quantity(baseFeePerGas),
    gasUsed: '0x0',
    logsBloom: emptyBloom,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    withdrawalsRoot: emptyTrieRoot,
    size: '0x0',
    uncles: [],
    transactions: [],
    withdrawals: [],
  };
}

function withdrawalJson(withdrawal: Withdrawal): Record<string, unknown> {
  return {
    index: quantity(withdrawal.index),
    validatorIndex: quantity(withdrawal.validatorIndex),
    address: withdrawal.address,
    amount: quantity(withdrawal.amountGwei),
  };
}

/** Where a transaction is; `undefined` while it is in no block. */
export interface Inclusion {
  blockHash: Hash32;
  height: bigint;
  index: number;
  baseFeePerGas: bigint;
}

/** A transaction for `eth_getTransactionBy…`. */
export function transactionJson(
  transaction: Transaction,
  sender: Address,
  inclusion: Inclusion | undefined,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    blockHash: inclusion?.blockHash ?? null,
    blockNumber: inclusion ? quantity(inclusion.height) : null,
    transactionIndex: inclusion ? quantity(inclusion.index) : null,
    from: sender,
    gas: quantity(transaction.gasLimit),
    gasPrice: quantity(inclusion ? effectiveGasPrice(transaction, inclusion.baseFeePerGas) : transaction.maxFeePerGas),
    hash: transaction.hash,
    input: bytesToHex(transaction.data),
    nonce: quantity(transaction.nonce),
    to: transaction.to ?? null,
    value: quantity(transaction.value),
    type: quantity(transaction.type),
    v: quantity(signatureV(transaction)),
    r: quantity(transaction.r),
    s: quantity(transaction.s),
  };
  if (transaction.chainId !== undefined) fields['chainId'] = quantity(transaction.chainId);
  if (transaction.type === 0) return fields;
  fields['yParity'] = quantity(transaction.yParity);
  fields['accessList'] = transaction.accessList;
  if (transaction.type === 1) return fields;
  fields['maxFeePerGas'] = quantity(transaction.maxFeePerGas);
  fields['maxPriorityFeePerGas'] = quantity(transaction.maxPriorityFeePerGas);
  if (transaction.type === 4) fields['authorizationList'] = transaction.authorizationList.map(authorizationJson);
  return fields;
}

/** 27 or 28 before EIP-155, EIP-155's value for legacy after it, the parity for the typed ones. */
function signatureV(transaction: Transaction): bigint {
  const parity = BigInt(transaction.yParity);
  if (transaction.type !== 0) return parity;
  return transaction.chainId === undefined ? 27n + parity : transaction.chainId * 2n + 35n + parity;
}

function authorizationJson(authorization: Transaction['authorizationList'][number]): Record<string, unknown> {
  return {
    chainId: quantity(authorization.chainId),
    address: authorization.address,
    nonce: quantity(authorization.nonce),
    yParity: quantity(authorization.yParity),
    r: quantity(authorization.r),
    s: quantity(authorization.s),
  };
}

/** A receipt with its logs. */
export function receiptJson(transaction: IndexedTransaction, logs: readonly IndexedLog[]): Record<string, unknown> {
  return {
    transactionHash: transaction.hash,
    transactionIndex: quantity(transaction.index),
    blockHash: transaction.blockHash,
    blockNumber: quantity(transaction.height),
    from: transaction.sender,
    to: transaction.recipient ?? null,
    contractAddress: transaction.contractAddress ?? null,
    cumulativeGasUsed: quantity(transaction.cumulativeGasUsed),
    gasUsed: quantity(transaction.gasUsed),
    effectiveGasPrice: quantity(transaction.effectiveGasPrice),
    status: transaction.status ? '0x1' : '0x0',
    type: quantity(transaction.type),
    logs: logs.map(logJson),
    logsBloom: logs.length === 0 ? emptyBloom : bytesToHex(Logs.of(logs as readonly Log[]).bloom()),
  };
}

/** A log. `removed` is never true: blocks are not reorganized. */
export function logJson(log: IndexedLog): Record<string, unknown> {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: quantity(log.height),
    blockHash: log.blockHash,
    blockTimestamp: quantity(log.timestamp),
    transactionHash: log.transactionHash,
    transactionIndex: quantity(log.transactionIndex),
    logIndex: quantity(log.logIndex),
    removed: false,
  };
}
