import type { Evm } from '@sheaf/evm';
import type { BlockState } from '@sheaf/state';
import { keccakMany } from '@sheaf/trie';
import { environmentOf } from './block-environment.ts';
import { BlockHashes } from './block-hashes.ts';
import { BlockOverlay } from './block-overlay.ts';
import { BlockRun } from './block-run.ts';
import { completeBlock, taskOfPayload, type BlockTask } from './block-task.ts';
import type { ForkRules } from './fork-rules.ts';
import { dropReasons, readPayloadTransaction } from './payload-transaction.ts';
import type { DroppedTransaction, ExecutePayloadInput, ExecutePayloadResult } from './ports.ts';
import { ReadGuard } from './read-guard.ts';

/** One payload on one pre-state, from the system calls before the transactions to the header. */
export function executePayload(
  evm: Evm,
  rules: ForkRules,
  input: ExecutePayloadInput,
  before: BlockState,
): ExecutePayloadResult {
  const task = taskOfPayload(rules, input);
  const { fields } = task;
  const reader = new ReadGuard(before);
  const hashes = new BlockHashes(fields.number, fields.parentHash, task.ancestors, reader);
  const state = new BlockOverlay(reader, (number) => hashes.hash(number));
  const run = new BlockRun(evm, rules, state, environmentOf(fields, rules));
  run.start(fields);
  const { transactions, dropped } = runAll(run, rules, task);
  run.payWithdrawals(task.withdrawals);
  const requests = rules.prague ? run.requests().requests : undefined;
  reader.check();
  const { changes, accesses } = state.touched();
  const { receipts, blobGasUsed } = run;
  const outcome = { transactions, receipts, dropped, blobGasUsed, requests };
  return {
    block: completeBlock(task, outcome, before.rootAfter(changes)),
    changes,
    accessList: { accounts: accesses, codes: changes.codes, codeReads: reader.codesRead() },
    headers: hashes.reads(),
  };
}

function runAll(run: BlockRun, rules: ForkRules, { transactions: raws, senders }: BlockTask) {
  const transactions: Uint8Array[] = [];
  const dropped: DroppedTransaction[] = [];
  const hashes = keccakMany(raws);
  for (const [payloadIndex, raw] of raws.entries()) {
    const known = senders && { sender: senders[payloadIndex] };
    const read = readPayloadTransaction(raw, known, rules, hashes[payloadIndex]);
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
