import type { Bus } from '@sheaf/bus';
import type { CryptoWorker } from '@sheaf/crypto';
import { isChainError, toHeight, type Address, type Epoch } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { pause, type Logger } from '@sheaf/service';
import { lowestBaseFee, type AdmissionRules } from '../domain/admission.ts';
import type { BatchBounds } from '../domain/batch.ts';
import type { LagBounds } from '../domain/lags.ts';
import { Mempool, nextNonce, type MempoolOptions } from '../domain/mempool.ts';
import type { SealTiming } from '../domain/seal-timing.ts';
import type { Clock, DaNodePort, ExecutionPort, Ledger, LogHeads, SettlementPort } from '../ports.ts';
import { startAdmitting, type Admitting, type Outcome } from './admitting.ts';
import type { ChainView } from './chain-view.ts';
import { followBlocks } from './following.ts';
import { runPublishing } from './publishing.ts';
import { runSealing } from './sealing.ts';
import { Section } from './section.ts';
import { Signal } from './signal.ts';
import { watchFinality } from './watching-finality.ts';

export interface TermOptions {
  readonly epoch: Epoch;
  readonly chain: ChainSpec;
  readonly mempool: MempoolOptions & { senderTransactionsMax: number };
  readonly tipMin: bigint;
  readonly gapWaitMs: number;
  readonly gapWaitingMax: number;
  readonly admissionQueueMax: number;
  readonly expiryMs: number;
  readonly timing: SealTiming;
  readonly lagBounds: LagBounds;
  readonly batch: BatchBounds & { intervalMs: number; batchesKept: number };
  readonly finalityPollMs: number;
}

/** What happened, for metrics. */
export interface TermEvents {
  outcome(outcome: Outcome): void;
  sealed(sealed: { transactions: number; durationMs: number }): void;
  certified(certified: { payloads: number; blobs: number; durationMs: number }): void;
}

export interface TermDependencies {
  readonly ledger: Ledger;
  readonly execution: ExecutionPort;
  readonly settlement: SettlementPort;
  readonly daNodes: readonly DaNodePort[];
  readonly bus: Bus;
  /** Recovers senders. */
  readonly signatures: CryptoWorker;
  /** Computes cells; still warming up when the first term begins. */
  readonly cells: Promise<CryptoWorker>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: TermEvents;
}

/** One leadership at work. */
export interface Term {
  readonly epoch: Epoch;
  readonly view: ChainView;
  readonly mempool: Mempool;
  readonly admitting: Admitting;
  /** The lowest nonce neither in the state nor in an unbroken run of the mempool. */
  pendingNonce(sender: Address): Promise<bigint>;
  /** Resolves when the term is over and nothing of it runs any more; with the error that ended it, if one did. */
  readonly over: Promise<unknown>;
  /** Ends it. Idempotent. */
  end(error?: unknown): void;
}

const retryMs = 500;

/**
 * Reads the log and starts leading. Waits for execution when the chain is new: its genesis block is the parent of all.
 * @throws ChainError `CONFLICT` when the database belongs to another chain; undefined when aborted before it began
 */
export async function startTerm(
  options: TermOptions,
  deps: TermDependencies,
  abort: AbortSignal,
): Promise<Term | undefined> {
  const heads = await boundHeads(options, deps, abort);
  if (!heads?.progress) return undefined;
  const { transactions, nextArrival } = await deps.ledger.loadMempool();
  const mempool = new Mempool(options.mempool);
  for (const tx of transactions) mempool.add(tx);
  return beginTerm(options, deps, { view: viewOf(heads, heads.progress, deps.clock), mempool, nextArrival });
}

function beginTerm(
  options: TermOptions,
  deps: TermDependencies,
  state: { view: ChainView; mempool: Mempool; nextArrival: bigint },
): Term {
  const { epoch } = options;
  const { view, mempool } = state;
  const { ledger, execution, bus, log, clock } = deps;
  const section = new Section();
  const ending = new AbortController();
  let failure: unknown;
  const end = (error?: unknown): void => {
    if (ending.signal.aborted) return;
    failure = error;
    ending.abort();
    admitting.stop();
  };
  const shared = { mempool, view, section, ledger, execution, clock, log, onBroken: end };
  const admitting = startAdmitting(
    { ...options, rules: rulesOf(options, view), nextArrival: state.nextArrival },
    { ...shared, crypto: deps.signatures, onOutcome: deps.events.outcome },
  );
  const follower = followBlocks({ epoch }, { ...shared, bus });
  const run = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!ending.signal.aborted) log.error({ err: error }, `${name} failed; this term ends`);
      end(error);
    }
  };
  const flows = [
    run('following blocks', async () => {
      await follower.start();
      await aborted(ending.signal);
      await follower.stop();
    }),
    run('watching finality', () => watchFinality({ pollMs: options.finalityPollMs }, { ...deps, view }, ending.signal)),
    run('sealing', () =>
      runSealing(
        { ...options, chainId: options.chain.chainId, feeRecipient: options.chain.feeRecipient },
        { ...shared, onSealed: deps.events.sealed },
        ending.signal,
      ),
    ),
    run('publishing', () => publish(options, deps, view, ending.signal)),
  ];
  return {
    epoch,
    view,
    mempool,
    admitting,
    async pendingNonce(sender) {
      const { accounts } = await execution.accounts([sender]);
      return nextNonce(mempool.queue(sender).entries, accounts.get(sender)?.nonce ?? 0n);
    },
    over: Promise.all(flows).then(() => failure),
    end,
  };
}

async function publish(
  options: TermOptions,
  deps: TermDependencies,
  view: ChainView,
  abort: AbortSignal,
): Promise<void> {
  const { chain, batch, epoch } = options;
  const crypto = await Promise.race([deps.cells, aborted(abort)]);
  if (!crypto) return;
  await runPublishing(
    {
      epoch,
      chainId: chain.chainId,
      committee: chain.da,
      bounds: batch,
      intervalMs: batch.intervalMs,
      batchesKept: batch.batchesKept,
      retryMs: { min: 100, max: 5_000 },
    },
    { ...deps, view, nodes: deps.daNodes, crypto, onCertified: deps.events.certified },
    abort,
  );
}

/** The heads of a database that is bound to this chain; binds a new one to execution's genesis. */
async function boundHeads(
  { chain, epoch }: TermOptions,
  { ledger, execution, log }: TermDependencies,
  abort: AbortSignal,
): Promise<LogHeads | undefined> {
  for (let warned = false; !abort.aborted;) {
    const heads = await ledger.heads();
    if (heads.progress) return heads;
    try {
      const { hash, header } = await execution.genesis();
      await ledger.bindChain(epoch, chain.chainId, hash, header);
    } catch (error) {
      if (isChainError(error, 'CONFLICT')) throw error;
      if (!warned)
        log.warn({ err: error }, 'a new chain begins with the genesis block, which execution does not give yet');
      warned = true;
      await pause(retryMs, abort);
    }
  }
  return undefined;
}

function viewOf(heads: LogHeads, progress: NonNullable<LogHeads['progress']>, clock: Clock): ChainView {
  const sinceSealMs = heads.sealed ? Math.max(0, clock.now() - heads.sealed.sealedAtMs) : 0;
  return {
    sealed: heads.sealed ?? { height: toHeight(0), hash: progress.genesisHash },
    sealedAtElapsedMs: clock.elapsed() - sinceSealMs,
    executed: { height: progress.executedHeight, header: progress.executedHeader },
    safe: heads.safe,
    finalized: progress.finalizedHeight,
    diverged: undefined,
    changed: new Signal(),
  };
}

function rulesOf({ chain, tipMin, mempool }: TermOptions, view: ChainView): AdmissionRules {
  return {
    chainId: chain.chainId,
    fork: chain.fork,
    blockGasLimit: view.executed.header.gasLimit,
    tipMin,
    baseFeeMin: lowestBaseFee(chain.genesis.baseFeePerGas),
    senderTransactionsMax: mempool.senderTransactionsMax,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
