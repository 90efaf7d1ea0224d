import {
  emptyOmmersHash,
  encodeBlock,
  headerHash,
  nextBaseFee,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
  type Receipt,
  type Withdrawal,
} from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import { keccakMany } from '@sheaf/trie';
import { unionOfBlooms } from './block-run.ts';
import type { ForkRules } from './fork-rules.ts';
import type { DroppedTransaction, ExecutedBlock, ExecutePayloadInput } from './ports.ts';
import { hashRequests } from './requests.ts';

/** What of a header is known before its block is executed. */
export type KnownFields = Omit<
  Header,
  | 'stateRoot'
  | 'transactionsRoot'
  | 'receiptsRoot'
  | 'logsBloom'
  | 'gasUsed'
  | 'withdrawalsRoot'
  | 'blobGasUsed'
  | 'requestsHash'
>;

/** One block to execute: of a payload, which drops what is not valid, or a block that is to be what its header says. */
export interface BlockTask {
  kind: 'payload' | 'block';
  fields: KnownFields;
  /** Zero for a block. */
  payloadHash: Hash32;
  /** EIP-2718 encodings. */
  transactions: readonly Uint8Array[];
  /** One a transaction, when somebody trusted has recovered them; `undefined`: its signature is bad. */
  senders: readonly (Address | undefined)[] | undefined;
  withdrawals: Withdrawal[];
  /** Parent first, by falling height. */
  ancestors: Header[];
  /** Known hashes of ancestors, in the place of their headers: for a block that nobody has the chain of. */
  blockHash?: (number: bigint) => Uint8Array | undefined;
}

/** What executing a task came to. */
export interface BlockOutcome {
  /** Of what was included, in order. */
  transactions: Uint8Array[];
  receipts: Receipt[];
  dropped: DroppedTransaction[];
  blobGasUsed: bigint;
  /** EIP-7685: each its type and its data; `undefined` before Prague. */
  requests: Uint8Array[] | undefined;
}

/** @throws ChainError `CONFLICT` when the payload cannot come after the parent */
export function taskOfPayload(rules: ForkRules, input: ExecutePayloadInput): BlockTask {
  const { payload, payloadHash, parent, ancestors, senders } = input;
  const parentHash = headerHash(parent);
  checkPayload(rules, input, parentHash);
  return {
    kind: 'payload',
    fields: headerFields(input, parentHash),
    payloadHash,
    transactions: payload.transactions,
    senders,
    withdrawals: payload.deposits,
    ancestors: ancestors.length > 0 ? ancestors : [parent],
  };
}

/** What of a header follows from the transactions and their receipts alone. */
export type BodyFields = Pick<Header, 'transactionsRoot' | 'receiptsRoot' | 'logsBloom' | 'withdrawalsRoot'>;

/** `roots`: where they are known. */
export function bodyFields(
  { withdrawals }: BlockTask,
  { transactions, receipts }: BlockOutcome,
  roots: Partial<Pick<BodyFields, 'transactionsRoot' | 'receiptsRoot'>> = {},
): BodyFields {
  return {
    transactionsRoot: roots.transactionsRoot ?? transactionsRoot(transactions, keccakMany),
    receiptsRoot: roots.receiptsRoot ?? receiptsRoot(receipts, keccakMany),
    logsBloom: unionOfBlooms(receipts),
    withdrawalsRoot: withdrawalsRoot(withdrawals),
  };
}

/** The block with its header. */
export function completeBlock(
  task: BlockTask,
  outcome: BlockOutcome,
  stateRoot: Hash32,
  body: BodyFields = bodyFields(task, outcome),
): ExecutedBlock {
  const { fields, payloadHash, withdrawals } = task;
  const { transactions, receipts, dropped, blobGasUsed, requests } = outcome;
  const header: Header = {
    ...fields,
    ...body,
    stateRoot,
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    blobGasUsed,
    requestsHash: requests === undefined ? undefined : hashRequests(requests),
  };
  const block = { header, transactions, withdrawals };
  return { ...block, hash: headerHash(header), payloadHash, receipts, dropped, rlp: encodeBlock(block) };
}

/** @throws ChainError when the payload cannot come after the parent */
function checkPayload(rules: ForkRules, { payload, parent }: ExecutePayloadInput, parentHash: Hash32): void {
  const refuse = (message: string) =>
    new ChainError({ code: 'CONFLICT', message: `payload ${payload.height} ${message}` });
  if (payload.chainId !== rules.chainId) throw refuse(`is of chain ${payload.chainId}, not of ${rules.chainId}`);
  if (payload.height !== parent.number + 1n) throw refuse(`does not follow block ${parent.number}`);
  // A header's extra data is the hash of its payload.
  const parentPayload = payload.height === 1n ? parentHash : bytesToHex(parent.extraData);
  if (payload.parentHash !== parentPayload) throw refuse(`has parent ${payload.parentHash}, not ${parentPayload}`);
  if (payload.timestamp < parent.timestamp) throw refuse(`is older than its parent`);
  const baseFee = nextBaseFee(parent);
  if (payload.baseFeePerGas !== baseFee) throw refuse(`has base fee ${payload.baseFeePerGas}, not ${baseFee}`);
  if (payload.gasLimit < 5_000n || payload.gasLimit >= 2n ** 63n) throw refuse(`has gas limit ${payload.gasLimit}`);
}

/** What of the header is known before execution. */
function headerFields({ payload, payloadHash }: ExecutePayloadInput, parentHash: Hash32) {
  return {
    parentHash,
    ommersHash: emptyOmmersHash,
    coinbase: payload.feeRecipient,
    difficulty: 0n,
    number: payload.height,
    gasLimit: payload.gasLimit,
    timestamp: payload.timestamp,
    extraData: hexToBytes(payloadHash),
    prevRandao: payload.prevRandao,
    nonce: new Uint8Array(8),
    baseFeePerGas: payload.baseFeePerGas,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: payload.parentHash,
  };
}
