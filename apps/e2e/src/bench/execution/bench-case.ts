import type { Header } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';
import { payloadHash, type ChainSpec } from '@sheaf/protocol';
import type { BlockChanges } from '@sheaf/state';
import { genesis, type ExecutedBlock, type ExecutePayloadInput } from '@sheaf/state-transition';
import type { BenchName } from '../../workloads/bench-workload.ts';
import { openMemoryChain } from '../../workloads/memory-chain.ts';
import { keptBenchWorkload } from '../../workloads/signature-tape.ts';

/** Consecutive blocks on one state, to be executed again and again, each time on a fresh store. */
export interface BenchCase {
  name: string;
  /** Without accounts: `start` has them. */
  spec: ChainSpec;
  /** What makes the state before the first block of nothing. */
  start: BlockChanges;
  /** How many of the blocks come first and are not measured. */
  warmUp: number;
  blocks: CaseBlock[];
}

/** One block as it comes from the sequencer, senders recovered, and what it must come to. */
export interface CaseBlock {
  input: ExecutePayloadInput;
  header: Header;
  /** What the block has of the payload, and who sent it. */
  included: { raw: Uint8Array; sender: Address }[];
  /** Payload's transactions that are not in the block. */
  dropped: number;
  /** Of the block's hash: all that executes it must come to the same. */
  hash: string;
}

/** The workload's chain: the warm-up and as many blocks as asked for, executed once in memory to know what they come to. */
export async function workloadCase(
  name: BenchName,
  options: { blocks: number; transactions: number; warmUpTransactions: number; accounts?: number },
): Promise<BenchCase> {
  const { spec, warmUp, blocks } = keptBenchWorkload(name, options);
  const chain = await openMemoryChain(spec);
  const made: CaseBlock[] = [];
  for (const block of [warmUp, ...blocks]) {
    const payload = chain.payload(block);
    const { senders } = block;
    const hash = payloadHash(payload);
    const input = { payload, payloadHash: hash, parent: chain.header(), ancestors: chain.ancestors(), senders };
    made.push(caseBlock(input, (await chain.execute(payload, senders)).block));
  }
  const { changes } = await genesis(spec);
  return { name, spec: withoutAccounts(spec), start: changes, warmUp: 1, blocks: made };
}

export function caseBlock(
  input: ExecutePayloadInput,
  { header, hash, transactions, receipts, dropped }: ExecutedBlock,
) {
  const included = transactions.map((raw, index) => ({ raw, sender: receipts[index]!.sender }));
  return { input, header, hash, included, dropped: dropped.length };
}

export function withoutAccounts(spec: ChainSpec): ChainSpec {
  return { ...spec, genesis: { ...spec.genesis, alloc: new Map() } };
}

/** What a member is sent of a block. */
export type MemberBlock = Pick<CaseBlock, 'input' | 'hash'>;

/** @throws Error when a block is not the one that everybody else makes */
export function checkHash({ hash }: Pick<ExecutedBlock, 'hash'>, expected: string, who: string): void {
  if (hash !== expected) throw new Error(`${who} came to block ${hash} where ${expected} is right`);
}
