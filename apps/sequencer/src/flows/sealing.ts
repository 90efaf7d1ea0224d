import { nextBaseFee } from '@sheaf/ethereum';
import type { Address, Epoch } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import type { AccountSnapshot } from '../domain/admission.ts';
import { refuseLag, type LagBounds } from '../domain/lags.ts';
import type { Mempool } from '../domain/mempool.ts';
import { sealPayload, type SealInput, type SealResult } from '../domain/seal.ts';
import { decideSeal, type SealDecision, type SealTiming } from '../domain/seal-timing.ts';
import { stages, type Clock, type ExecutionPort, type Ledger } from '../ports.ts';
import { headsOf, type ChainView } from './chain-view.ts';
import type { Section } from './section.ts';

export interface SealingOptions {
  readonly epoch: Epoch;
  readonly chainId: bigint;
  readonly feeRecipient: Address;
  readonly timing: SealTiming;
  readonly lagBounds: LagBounds;
  /** Drops what waited longer, milliseconds; 0 keeps everything. */
  readonly expiryMs: number;
}

export interface SealingDependencies {
  readonly mempool: Mempool;
  readonly view: ChainView;
  readonly section: Section;
  readonly ledger: Pick<Ledger, 'seal'>;
  readonly execution: Pick<ExecutionPort, 'accounts'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onSealed: (sealed: { transactions: number; durationMs: number }) => void;
}

/** The gas of the cheapest transaction there is: no payload holds more senders than fit its gas at this. */
const transferGas = 21_000n;
const retryMs = 200;

/**
 * Seals until aborted. A failed write rejects: what is durable is unknown then, so the term has to end. While execution
 * does not answer nothing is sealed.
 */
export async function runSealing(
  options: SealingOptions,
  deps: SealingDependencies,
  abort: AbortSignal,
): Promise<void> {
  while (!abort.aborted) {
    const decision = decide(options, deps);
    if (decision.kind === 'wait') await deps.view.changed.wait(decision.ms, abort);
    else await sealOnce(options, deps, decision.heartbeat, abort);
  }
}

function decide(options: SealingOptions, { view, mempool, clock }: SealingDependencies): SealDecision {
  const headExecuted = view.executed.height === view.sealed.height;
  const held = view.diverged !== undefined || refuseLag(headsOf(view), options.lagBounds) !== undefined;
  const sinceSealMs = clock.elapsed() - view.sealedAtElapsedMs;
  const executableWork = headExecuted && !held && mempool.hasExecutable(nextBaseFee(view.executed.header));
  return decideSeal({ headExecuted, executableWork, held, sinceSealMs }, options.timing);
}

async function sealOnce(
  options: SealingOptions,
  deps: SealingDependencies,
  heartbeat: boolean,
  abort: AbortSignal,
): Promise<void> {
  const { view, mempool, section, clock } = deps;
  const startedMs = clock.elapsed();
  const baseFeePerGas = nextBaseFee(view.executed.header);
  const senders = mempool.executableSenders(baseFeePerGas, Number(view.executed.header.gasLimit / transferGas));
  const accounts = await accountsOf(senders, deps);
  if (!accounts) {
    await view.changed.wait(retryMs, abort);
    return;
  }
  await section.run(async () => {
    if (abort.aborted) return;
    await dropExpired(options, deps);
    const result = sealPayload({ ...header(options, deps, baseFeePerGas), ...candidates(senders, mempool), accounts });
    await commit(options, deps, result, heartbeat);
    if (result.included.length > 0 || heartbeat) {
      deps.onSealed({ transactions: result.included.length, durationMs: clock.elapsed() - startedMs });
    }
  });
}

/** The candidates' accounts at the executed head; undefined while execution does not answer. */
async function accountsOf(
  senders: readonly Address[],
  { execution, view, log }: SealingDependencies,
): Promise<ReadonlyMap<Address, AccountSnapshot> | undefined> {
  if (senders.length === 0) return new Map();
  try {
    return (await execution.accounts(senders, view.executed.height)).accounts;
  } catch (error) {
    log.warn({ err: error, height: view.executed.height }, 'accounts for sealing are not to be had; trying again');
    return undefined;
  }
}

function header(
  options: SealingOptions,
  { view, clock }: SealingDependencies,
  baseFeePerGas: bigint,
): Omit<SealInput, 'queues' | 'accounts'> {
  const { header: parent } = view.executed;
  return {
    chainId: options.chainId,
    epoch: options.epoch,
    feeRecipient: options.feeRecipient,
    height: (view.sealed.height + 1n) as SealInput['height'],
    parentHash: view.sealed.hash,
    parentTimestamp: parent.timestamp,
    now: BigInt(Math.floor(clock.now() / 1_000)),
    baseFeePerGas,
    gasLimit: parent.gasLimit,
  };
}

function candidates(senders: readonly Address[], mempool: Mempool): Pick<SealInput, 'queues'> {
  // Nothing is sealed and unexecuted here: sealing waits for execution, so whole queues are candidates.
  return { queues: new Map(senders.map((sender) => [sender, mempool.queue(sender).entries])) };
}

/** Durable first, then in memory. */
async function commit(
  options: SealingOptions,
  { ledger, mempool, view, clock }: SealingDependencies,
  { payload, hash, included, drops }: SealResult,
  heartbeat: boolean,
): Promise<void> {
  const ended = drops.map(({ transaction, refusal }) => ({
    hash: transaction.hash,
    stage: stages.dropped,
    reason: `${refusal.reason}: ${refusal.message}`.slice(0, 512),
  }));
  const isSealed = included.length > 0 || heartbeat;
  if (!isSealed && ended.length === 0) return;
  const hashes = included.map((tx) => tx.hash);
  const senders = included.map((tx) => tx.sender);
  const sealed = isSealed ? { value: payload, hash, hashes, senders } : undefined;
  await ledger.seal(options.epoch, { payload: sealed, ended });
  for (const drop of ended) mempool.remove(drop.hash);
  if (!isSealed) return;
  mempool.markSealed(hashes, payload.height);
  view.sealed = { height: payload.height, hash };
  view.sealedAtElapsedMs = clock.elapsed();
  view.changed.notify();
}

/** An expired transaction takes the sender's later ones along: they could never run. */
async function dropExpired(options: SealingOptions, deps: SealingDependencies): Promise<void> {
  if (options.expiryMs === 0) return;
  const { mempool, ledger, clock } = deps;
  const reasons = new Map<`0x${string}`, { hash: (typeof expired)[number]['hash']; reason: string }>();
  const expired = mempool.receivedBefore(clock.now() - options.expiryMs);
  for (const tx of expired) {
    reasons.set(tx.hash, { hash: tx.hash, reason: `EXPIRED: waited more than ${options.expiryMs} ms` });
    for (const later of mempool.above(tx.sender, tx.nonce)) {
      if (!reasons.has(later.hash)) {
        reasons.set(later.hash, { hash: later.hash, reason: `NONCE_GAP: nonce ${tx.nonce} expired` });
      }
    }
  }
  if (reasons.size === 0) return;
  const ended = [...reasons.values()].map((drop) => ({ ...drop, stage: stages.dropped }));
  await ledger.seal(options.epoch, { payload: undefined, ended });
  for (const drop of ended) mempool.remove(drop.hash);
}
