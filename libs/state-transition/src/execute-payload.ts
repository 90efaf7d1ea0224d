import type { Evm } from '@sheaf/evm';
import {
  emptyOmmersHash,
  encodeBlock,
  headerHash,
  nextBaseFee,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
} from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, type Hash32 } from '@sheaf/primitives';
import { environmentOf } from './block-environment.ts';
import type { BlockState } from '@sheaf/state';
import { BlockHashes } from './block-hashes.ts';
import { BlockOverlay } from './block-overlay.ts';
import { BlockRun } from './block-run.ts';
import { dropReasons, readPayloadTransaction } from './payload-transaction.ts';
import type { ForkRules } from './fork-rules.ts';
import type { DroppedTransaction, ExecutePayloadInput, ExecutePayloadResult } from './ports.ts';
import { ReadGuard } from './read-guard.ts';
import { hashRequests } from './requests.ts';

/** One payload on one pre-state, from the system calls before the transactions to the header. */
export function executePayload(
  evm: Evm,
  rules: ForkRules,
  input: ExecutePayloadInput,
  before: BlockState,
): ExecutePayloadResult {
  const { payload, parent } = input;
  const parentHash = headerHash(parent);
  checkPayload(rules, input, parentHash);
  const reader = new ReadGuard(before);
  const ancestors = input.ancestors.length > 0 ? input.ancestors : [parent];
  const hashes = new BlockHashes(payload.height, parentHash, ancestors, reader);
  const state = new BlockOverlay(reader, (number) => hashes.hash(number));
  const fields = headerFields(input, parentHash);
  const run = new BlockRun(evm, rules, state, environmentOf(fields, rules));
  run.start(fields);
  const { transactions, dropped } = runAll(run, rules, input);
  run.payWithdrawals(payload.deposits);
  const requestsHash = rules.prague ? hashRequests(run.requests().requests) : undefined;
  reader.check();
  const changes = state.changes();
  const stateRoot = before.rootAfter(changes);
  const { receipts } = run;
  const header: Header = {
    ...fields,
    stateRoot,
    transactionsRoot: transactionsRoot(transactions),
    receiptsRoot: receiptsRoot(receipts),
    logsBloom: run.logsBloom(),
    gasUsed: run.gasUsed,
    withdrawalsRoot: withdrawalsRoot(payload.deposits),
    blobGasUsed: run.blobGasUsed,
    requestsHash,
  };
  const block = { header, transactions, withdrawals: payload.deposits };
  const { payloadHash } = input;
  return {
    block: { ...block, hash: headerHash(header), payloadHash, receipts, dropped, rlp: encodeBlock(block) },
    changes,
    accessList: { accounts: state.accesses(changes), codes: changes.codes, codeReads: reader.codesRead() },
    headers: hashes.reads(),
  };
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

function runAll(run: BlockRun, rules: ForkRules, { payload, senders }: ExecutePayloadInput) {
  const transactions: Uint8Array[] = [];
  const dropped: DroppedTransaction[] = [];
  for (const [payloadIndex, raw] of payload.transactions.entries()) {
    const read = readPayloadTransaction(raw, senders && { sender: senders[payloadIndex] }, rules);
    if (read.transaction === undefined) {
      dropped.push({ payloadIndex, hash: read.hash, reason: read.reason });
      continue;
    }
    const outcome = run.transaction(read.transaction, read.sender);
    const { hash } = read.transaction;
    if (outcome.status === 'included') transactions.push(raw);
    else if (outcome.status === 'invalid') dropped.push({ payloadIndex, hash, reason: dropReasons[outcome.reason] });
    else if (outcome.status === 'missing') throw new Error('a trie has its state or throws');
    // What this engine cannot run must not stop the chain: it is left out by everyone, since everyone runs this engine.
    else dropped.push({ payloadIndex, hash, reason: 'UNSUPPORTED', cause: outcome.cause });
  }
  return { transactions, dropped };
}
