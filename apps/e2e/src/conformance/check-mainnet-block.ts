import { Logs, receiptsRoot, type ConsensusReceipt, type Log } from '@sheaf/ethereum';
import { bytesToHex } from '@sheaf/primitives';
import type { Executor } from './executor.ts';
import { hashLogs } from './logs-hash.ts';
import type { MainnetBlock } from './mainnet-block.ts';
import { differ, type Facts, type Observation } from './verdict.ts';

/** Runs the block's transactions and compares the receipts with its header, when the header is of this fork. */
export async function checkMainnetBlock(executor: Executor, block: MainnetBlock): Promise<Observation> {
  const facts: Facts = {};
  const differences: string[] = [];
  const receipts: ConsensusReceipt[] = [];
  const logs: Log[] = [];
  let cumulativeGasUsed = 0n;
  const run = await executor.start(block.setting);
  for (const [place, { transaction, sender, hash }] of block.transactions.entries()) {
    const outcome = await run.apply(transaction, sender);
    const name = `transactions[${place}]`;
    if (outcome.kind !== 'included') {
      const reason = outcome.kind === 'refused' ? outcome.reason : outcome.message;
      facts[name] = outcome.kind;
      if (block.expected || outcome.kind === 'stopped') differences.push(`${name} ${hash}: ${outcome.kind}, ${reason}`);
      continue;
    }
    const { success, gasUsed } = outcome;
    facts[name] = `${success ? 'success' : 'failure'}, ${gasUsed} gas, logs ${hashLogs(outcome.logs)}`;
    cumulativeGasUsed += gasUsed;
    logs.push(...outcome.logs);
    const own = Logs.of(outcome.logs);
    receipts.push({ type: transaction.type, status: success, cumulativeGasUsed, logsBloom: own.bloom(), logs: own });
  }
  facts['state root'] = await run.stateRoot();
  const got = {
    gasUsed: cumulativeGasUsed,
    receiptsRoot: receiptsRoot(receipts),
    logsBloom: bytesToHex(Logs.of(logs).bloom()),
  };
  if (block.expected) {
    for (const field of ['gasUsed', 'receiptsRoot', 'logsBloom'] as const) {
      if (got[field] !== block.expected[field]) differences.push(differ(field, block.expected[field], got[field]));
    }
  }
  return { executor: executor.name, differences, facts };
}
