import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { JSONRPCBlock } from '@ethereumjs/block';
import { devToken } from '@sheaf/contracts';
import { limits, type Address, type Hex } from '@sheaf/primitives';
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import type { Devnet, DevnetProcess } from '../devnet/devnet.ts';
import { readHeads } from '../devnet/heads.ts';
import type { Member } from '../devnet/lanes.ts';
import { CliError } from '../errors.ts';
import { createJsonRpcClient, JsonRpcError, quantity, type JsonRpcCall, type JsonRpcClient } from '../json-rpc.ts';
import { watchHeadLags, type HeadLags } from './head-lags.ts';
import { equalParts, titleOf, victims } from './kills.ts';
import { replayChain, type GenesisJson, type OracleResult } from './oracle.ts';
import { awaitReceipts, chunks, submitAll, type RpcReceipt } from './submit.ts';
import { createWorkload, type SignedTransaction, type Workload } from './workload.ts';

export interface DemoOptions {
  senders: number;
  transfers: number;
  /** For everything together: a demo that hangs fails. */
  timeoutMs: number;
}

export interface DemoResult {
  transactions: number;
  blocks: number;
  /** From the first transfer sent to the last receipt, the restarts of execution within. */
  transfersMs: number;
  lags: HeadLags;
  /** Every execution member that was killed, in order, and how often it was started again. */
  killed: { title: string; restarts: number }[];
  /** Of all processes. */
  restarts: number;
  oracle: OracleResult;
}

interface Run {
  devnet: Devnet;
  rpc: JsonRpcClient;
  work: Workload;
  deadlineMs: number;
  progress: (sentence: string) => void;
}

/**
 * Sends the workload, kills members of execution in the middle of it, and checks everything that must hold then.
 * @throws CliError in one sentence at the first thing that does not hold, but for the comparison, which is in the result
 */
export async function runDemo(
  options: DemoOptions,
  deps: { devnet: Devnet; chainSpecFile: string; progress: (sentence: string) => void },
): Promise<DemoResult> {
  const { devnet, progress } = deps;
  const rpc = createJsonRpcClient({ url: devnet.rpcUrl, timeoutMs: 10_000 });
  const deadlineMs = performance.now() + options.timeoutMs;
  const { accounts, spec } = devnet.chain;
  const work = createWorkload({ ...options, chainId: spec.chainId, owner: accounts[0]! });
  const run: Run = { devnet, rpc, work, deadlineMs, progress };
  const lags = watchHeadLags(devnet.rpcUrl);
  try {
    await prepare(run);
    const startedMs = performance.now();
    const receipts = await sendTransfers(run);
    const transfersMs = performance.now() - startedMs;
    const head = await untilFinal(run, Math.max(...receipts.map(({ blockNumber }) => Number(blockNumber))));
    await checkBalances(run, receipts);
    progress('re-executing every block with @ethereumjs/vm');
    const oracle = await compare(run, deps.chainSpecFile, head);
    return {
      transactions: oracle.transactions,
      blocks: head,
      transfersMs,
      lags: await lags.stop(),
      killed: victims(devnet.members).map((victim) => ({
        title: titleOf(victim, devnet.members),
        restarts: processOf(devnet, victim).restarts(),
      })),
      restarts: devnet.processes.reduce((sum, process) => sum + process.restarts(), 0),
      oracle,
    };
  } finally {
    await lags.stop();
  }
}

/** Afterwards the token is deployed and every sender has ether and tokens. */
async function prepare({ rpc, work, deadlineMs, progress }: Run): Promise<void> {
  progress(`deploying the token and funding ${work.senders.length} senders`);
  const setup = [work.deploy, ...work.funding];
  await submitAll(rpc, setup, deadlineMs);
  const receipts = await awaitReceipts(
    rpc,
    setup.map(({ hash }) => hash),
    deadlineMs,
  );
  requireSuccess(receipts);
  if (receipts[0]!.contractAddress?.toLowerCase() !== work.token)
    throw new CliError(`the token is at ${receipts[0]!.contractAddress}, not at ${work.token}`);
}

/**
 * Sends the transfers in as many parts as there are kills and one more, and kills a member of execution after each part but the
 * last, when some of that part are not executed yet: the next part is sent while it is away. A further kill waits until
 * execution is back, which it shows by executing what was sent while it was away.
 */
async function sendTransfers({ rpc, work, deadlineMs, progress, devnet }: Run): Promise<RpcReceipt[]> {
  const { transfers } = work;
  const killing = victims(devnet.members);
  const [firstPart = [], ...parts] = equalParts(transfers, killing.length + 1);
  progress(`sending ${transfers.length} transfers from ${work.senders.length} senders`);
  await submitAll(rpc, firstPart, deadlineMs);
  for (const [i, part] of parts.entries()) {
    const victim = killing[i]!;
    if (i > 0) await awaitReceipts(rpc, [parts[i - 1]![0]!.hash], deadlineMs);
    kill(processOf(devnet, victim));
    progress(`killed ${titleOf(victim, devnet.members)} (kill -9) in the middle; sending on`);
    await submitAll(rpc, part, deadlineMs);
  }
  let shownMs = performance.now();
  const receipts = await awaitReceipts(
    rpc,
    transfers.map(({ hash }) => hash),
    deadlineMs,
    (received) => {
      if (performance.now() - shownMs < 2_000) return;
      shownMs = performance.now();
      progress(`${received} of ${transfers.length} receipts`);
    },
  );
  requireSuccess(receipts);
  return receipts;
}

function processOf({ processes }: Devnet, member: Member): DevnetProcess {
  const found = processes.find(({ name }) => name === member.name);
  if (!found) throw new CliError(`the devnet has no process ${member.name}`);
  return found;
}

function kill({ name, pid }: DevnetProcess): void {
  const running = pid();
  if (running === undefined) throw new CliError(`${name} does not run`);
  process.kill(running, 'SIGKILL');
}

function requireSuccess(receipts: RpcReceipt[]): void {
  const failed = receipts.filter(({ status }) => status !== '0x1');
  if (failed.length > 0)
    throw new CliError(`${failed.length} transactions failed, the first is ${failed[0]!.transactionHash}`);
}

/** Resolves with the latest height when everything up to it is finalized. */
async function untilFinal({ rpc, deadlineMs, progress }: Run, last: number): Promise<number> {
  progress(`waiting for block ${last} to be finalized`);
  let shownMs = performance.now();
  for (;;) {
    const heads = await readHeads(rpc).catch(() => undefined);
    if (heads && heads.finalized >= last && heads.finalized === heads.latest) return heads.latest;
    if (performance.now() > deadlineMs) {
      throw new CliError(
        `not finalized in time: latest ${heads?.latest}, safe ${heads?.safe}, finalized ${heads?.finalized}, wanted ${last}`,
      );
    }
    if (heads && performance.now() - shownMs > 2_000) {
      shownMs = performance.now();
      progress(`latest ${heads.latest}, safe ${heads.safe}, finalized ${heads.finalized}`);
    }
    await pause(100);
  }
}

/** Token balances must be what the transfers say; ether must be what was given less the fees of the receipts. */
async function checkBalances({ rpc, work }: Run, receipts: RpcReceipt[]): Promise<void> {
  const tokens = [...work.tokenBalances];
  const balanceOf = (address: Address): JsonRpcCall => {
    const data = encodeFunctionData({ abi: devToken.abi, functionName: 'balanceOf', args: [address] });
    return { method: 'eth_call', params: [{ to: work.token, data }, 'finalized'] };
  };
  const outputs = await batches<Hex>(
    rpc,
    tokens.map(([address]) => balanceOf(address)),
  );
  for (const [i, [address, expected]] of tokens.entries()) {
    const actual = decodeFunctionResult({ abi: devToken.abi, functionName: 'balanceOf', data: outputs[i]! });
    if (actual !== expected) throw new CliError(`${address} has ${actual} tokens, expected ${expected}`);
  }
  const fees = feesOf(work.transfers, receipts);
  const ether = await batches<Hex>(
    rpc,
    work.senders.map(({ address }) => ({ method: 'eth_getBalance', params: [address, 'finalized'] })),
  );
  for (const [i, { address }] of work.senders.entries()) {
    const expected = work.etherPerSender - (fees.get(address) ?? 0n);
    if (BigInt(ether[i]!) !== expected)
      throw new CliError(`${address} has ${BigInt(ether[i]!)} wei, expected ${expected}`);
  }
}

function feesOf(transactions: SignedTransaction[], receipts: RpcReceipt[]): Map<Address, bigint> {
  const fees = new Map<Address, bigint>();
  for (const [i, { sender }] of transactions.entries()) {
    const { gasUsed, effectiveGasPrice } = receipts[i]!;
    fees.set(sender, (fees.get(sender) ?? 0n) + BigInt(gasUsed) * BigInt(effectiveGasPrice));
  }
  return fees;
}

async function batches<T>(rpc: JsonRpcClient, calls: JsonRpcCall[]): Promise<T[]> {
  const results: T[] = [];
  for (const batch of chunks(calls, limits.jsonRpcBatchMax)) {
    for (const answer of await rpc.batch<T>(batch)) {
      if (answer instanceof JsonRpcError) throw answer;
      results.push(answer);
    }
  }
  return results;
}

function compare({ rpc, progress }: Run, chainSpecFile: string, head: number): Promise<OracleResult> {
  const genesis = JSON.parse(readFileSync(chainSpecFile, 'utf8')) as GenesisJson;
  const source = {
    block: (height: number) => rpc.call<JSONRPCBlock>('eth_getBlockByNumber', quantity(height), true),
    code: (address: Hex) => rpc.call<Hex>('eth_getCode', address, '0x0'),
  };
  let shownMs = performance.now();
  return replayChain(genesis, head, source, (height) => {
    if (performance.now() - shownMs < 2_000) return;
    shownMs = performance.now();
    progress(`re-executed ${height} of ${head} blocks`);
  });
}
