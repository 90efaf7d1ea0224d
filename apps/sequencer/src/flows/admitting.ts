import type { CryptoWorker } from '@sheaf/crypto';
import { decodeTransaction, signingDigest, type Transaction } from '@sheaf/ethereum';
import {
  bigintToFixedBytes,
  ChainError,
  isChainError,
  limits,
  type Address,
  type Epoch,
  type Hash32,
} from '@sheaf/primitives';
import { judge, refuseAlone, refuseGap, type AccountSnapshot, type AdmissionRules } from '../domain/admission.ts';
import { GapRoom } from '../domain/gap-room.ts';
import { refuseLag, type LagBounds } from '../domain/lags.ts';
import { nextNonce, type Mempool } from '../domain/mempool.ts';
import { pendingTransaction, type PendingTransaction } from '../domain/pending-transaction.ts';
import { refuse, refuseMalformed, type Refusal } from '../domain/reasons.ts';
import { stages, type Clock, type EndedTransaction, type ExecutionPort, type Ledger, type Stage } from '../ports.ts';
import { headsOf, type ChainView } from './chain-view.ts';
import type { Section } from './section.ts';

/** What became of one submitted transaction. Accepted means durable. */
export type Outcome =
  | { readonly accepted: true; readonly hash: Hash32; readonly known: boolean }
  | { readonly accepted: false; readonly hash: Hash32 | undefined; readonly refusal: Refusal };

export interface AdmittingOptions {
  readonly epoch: Epoch;
  readonly rules: AdmissionRules;
  readonly lagBounds: LagBounds;
  /** How long a transaction with a nonce gap waits for the missing ones, milliseconds. */
  readonly gapWaitMs: number;
  /** Transactions that wait so at a time. */
  readonly gapWaitingMax: number;
  /** Transactions submitted and not yet answered. */
  readonly admissionQueueMax: number;
  /** Next free place in the order of arrival. */
  readonly nextArrival: bigint;
}

export interface AdmittingDependencies {
  readonly mempool: Mempool;
  readonly view: ChainView;
  readonly section: Section;
  readonly ledger: Pick<Ledger, 'admit' | 'ordered'>;
  readonly execution: Pick<ExecutionPort, 'accounts'>;
  readonly crypto: Pick<CryptoWorker, 'recoverSenders'>;
  readonly clock: Clock;
  readonly onOutcome: (outcome: Outcome) => void;
  /** A write failed: what is durable is unknown, so the term has to end and be read again. */
  readonly onBroken: (error: unknown) => void;
}

export interface Admitting {
  /**
   * One outcome a transaction, in order. Resolves when every accepted one is durable.
   * @throws ChainError `LIMIT` when too many wait, `UNAVAILABLE` when the term ends or execution is away
   */
  submit(raws: readonly Uint8Array[]): Promise<Outcome[]>;
  /** Nothing is admitted afterwards; who still waits gets `UNAVAILABLE`. */
  stop(): void;
}

/** Transactions of one group commit; also the most accounts that execution answers at once. */
const groupMax = 1_000;
const retryAfterMs = 1_000;

interface Item {
  readonly tx: Transaction;
  sender: Address;
  stateNonce: bigint;
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly items: readonly Item[];
  readonly accounts: ReadonlyMap<Address, AccountSnapshot>;
  readonly height: bigint;
}

/** What one group changes; filled while judging, written once. */
interface Plan {
  /** Everybody judged, those that had waited for a gap included. */
  readonly judged: Item[];
  readonly added: Map<Hash32, { transaction: PendingTransaction; stage: Stage; reason: string }>;
  readonly ended: EndedTransaction[];
  readonly answers: (() => void)[];
  readonly tooLow: { item: Item; refusal: Refusal }[];
}

/**
 * Admission in groups: whatever was submitted while the last group was written is recovered in one job, read in one
 * call and written in one transaction. Recovery and reads of the next group overlap with the write of this one.
 */
export function startAdmitting(options: AdmittingOptions, deps: AdmittingDependencies): Admitting {
  const { mempool, view, section, ledger, execution, crypto, clock } = deps;
  const room = new GapRoom<Item>({ waitingMax: options.gapWaitingMax });
  const queue: Item[] = [];
  let unanswered = 0;
  let arrival = options.nextArrival;
  let running = false;
  let writing: Promise<void> = Promise.resolve();
  let stopped = false;

  const over = (): ChainError =>
    new ChainError({ code: 'UNAVAILABLE', message: 'this sequencer stopped leading; submit again' });

  async function submitOne(raw: Uint8Array): Promise<Outcome> {
    const read = readTransaction(raw, options.rules);
    if ('refusal' in read) return { accepted: false, ...read };
    const { tx } = read;
    if (mempool.get(tx.hash)) return answerKnown(tx.hash);
    const lagging = refuseLag(headsOf(view), options.lagBounds);
    if (lagging) return { accepted: false, hash: tx.hash, refusal: lagging };
    return enqueue(tx);
  }

  /** It may be in the group that is being written: once the section is ours, it is durable. */
  async function answerKnown(hash: Hash32): Promise<Outcome> {
    await section.run(() => Promise.resolve());
    if (stopped) throw over();
    return { accepted: true, hash, known: true };
  }

  function enqueue(tx: Transaction): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      queue.push({ tx, sender: '0x' as Address, stateNonce: 0n, timer: undefined, settled: false, resolve, reject });
      unanswered += 1;
      if (!running) void pump();
    });
  }

  async function pump(): Promise<void> {
    running = true;
    while (queue.length > 0 && !stopped) {
      const items = queue.splice(0, groupMax);
      try {
        const group = await prepare(items);
        await writing;
        writing = section.run(() => admitGroup(group)).catch((error: unknown) => failAll(group.items, error));
      } catch (error) {
        failAll(items, error);
      }
    }
    running = false;
  }

  async function prepare(items: readonly Item[]): Promise<Group> {
    const senders = await crypto.recoverSenders(items.map(({ tx }) => signatureOf(tx)));
    const recovered: Item[] = [];
    items.forEach((item, i) => {
      const sender = senders[i];
      if (sender === undefined) {
        answer(item, refused(item, refuse('INVALID_SIGNATURE', 'invalid transaction v, r, s values')));
      } else {
        item.sender = sender;
        recovered.push(item);
      }
    });
    return { items: recovered, ...(await readAccounts(recovered)) };
  }

  async function readAccounts(items: readonly Item[]): Promise<Pick<Group, 'accounts' | 'height'>> {
    if (items.length === 0) return { accounts: new Map(), height: view.executed.height };
    const answered = await execution.accounts([...new Set(items.map(({ sender }) => sender))]);
    if (answered.height < view.executed.height) {
      const message = `execution is at height ${answered.height}, behind ${view.executed.height}`;
      throw new ChainError({ code: 'UNAVAILABLE', message });
    }
    return answered;
  }

  /** In the section: nobody else changes mempool or heads until it is done. */
  async function admitGroup(group: Group): Promise<void> {
    if (stopped) throw over();
    // A block was applied since the accounts were read: its transactions left the mempool, so the accounts must follow.
    const fresh = group.height < view.executed.height ? await readAccounts(group.items) : group;
    const plan: Plan = { judged: [], added: new Map(), ended: [], answers: [], tooLow: [] };
    try {
      for (const item of group.items) judgeRun(item, accountOf(fresh, item), plan);
      await answerOrdered(plan);
      if (plan.added.size > 0 || plan.ended.length > 0) {
        await ledger.admit(options.epoch, { added: [...plan.added.values()], ended: plan.ended });
      }
    } catch (error) {
      // The mempool is ahead of the database now, or the other way round.
      deps.onBroken(error);
      failAll(plan.judged, error);
      throw error;
    }
    for (const settle of plan.answers) settle();
    if (plan.added.size > 0) view.changed.notify();
  }

  /** Judges the item and then those of its sender that waited for it. */
  function judgeRun(first: Item, account: AccountSnapshot, plan: Plan): void {
    for (let item: Item | undefined = first; item;) {
      const { sender } = item;
      judgeOne(item, account, plan);
      item = room.take(sender, nextNonce(mempool.queue(sender).entries, account.nonce));
      if (item) clearTimeout(item.timer);
    }
  }

  function judgeOne(item: Item, account: AccountSnapshot, plan: Plan): void {
    const { tx, sender } = item;
    plan.judged.push(item);
    item.stateNonce = account.nonce;
    const verdict = judge(tx, sender, account, mempool.queue(sender), options.rules);
    switch (verdict.kind) {
      case 'known':
        plan.answers.push(() => answer(item, { accepted: true, hash: tx.hash, known: true }));
        return;
      case 'gap':
        waitForGap(item, verdict.expectedNonce);
        return;
      case 'refuse':
        if (verdict.refusal.reason === 'NONCE_TOO_LOW') plan.tooLow.push({ item, refusal: verdict.refusal });
        else answer(item, refused(item, verdict.refusal));
        return;
      case 'accept':
        accept(item, verdict.replaces, plan);
    }
  }

  function accept(item: Item, replaces: PendingTransaction | undefined, plan: Plan): void {
    const waiting = pendingTransaction(item.tx, item.sender, arrival, clock.now());
    if (replaces) {
      mempool.remove(replaces.hash);
      end(plan, replaces, stages.replaced, `replaced by ${waiting.hash}`);
    } else {
      const victims = mempool.makeRoom(waiting);
      if (!victims) {
        const message = 'txpool is full: the waiting transactions pay as much or more';
        answer(item, refused(item, refuse('MEMPOOL_FULL', message, retryAfterMs)));
        return;
      }
      const reason = `MEMPOOL_FULL: displaced by ${waiting.hash}, which pays more`;
      for (const victim of victims) end(plan, victim, stages.dropped, reason);
    }
    arrival += 1n;
    mempool.add(waiting);
    plan.added.set(waiting.hash, { transaction: waiting, stage: stages.pending, reason: '' });
    plan.answers.push(() => answer(item, { accepted: true, hash: waiting.hash, known: false }));
  }

  function waitForGap(item: Item, expectedNonce: bigint): void {
    const { tx, sender } = item;
    const entered = options.gapWaitMs > 0 && room.enter({ sender, nonce: tx.nonce, item });
    if (!entered) {
      answer(item, refused(item, refuseGap(tx.nonce, expectedNonce)));
      return;
    }
    item.timer = setTimeout(() => {
      if (!room.leave(sender, item)) return;
      const expected = nextNonce(mempool.queue(sender).entries, item.stateNonce);
      answer(item, refused(item, refuseGap(tx.nonce, expected)));
    }, options.gapWaitMs);
  }

  /** A nonce that is used up may have been used by this very transaction: then it is answered as accepted again. */
  async function answerOrdered({ tooLow }: Plan): Promise<void> {
    if (tooLow.length === 0) return;
    const ordered = await ledger.ordered(tooLow.map(({ item }) => item.tx.hash));
    for (const { item, refusal } of tooLow) {
      const { hash } = item.tx;
      answer(item, ordered.has(hash) ? { accepted: true, hash, known: true } : refused(item, refusal));
    }
  }

  function answer(item: Item, outcome: Outcome): void {
    if (settle(item)) item.resolve(outcome);
  }

  function failAll(items: readonly Item[], error: unknown): void {
    for (const item of items) if (settle(item)) item.reject(error);
  }

  /** True the first time. */
  function settle(item: Item): boolean {
    if (item.settled) return false;
    item.settled = true;
    clearTimeout(item.timer);
    unanswered -= 1;
    return true;
  }

  return {
    async submit(raws) {
      if (stopped) throw over();
      if (unanswered + raws.length > options.admissionQueueMax) {
        const message = `${unanswered} transactions wait for admission already`;
        throw new ChainError({ code: 'LIMIT', message, retryAfterMs });
      }
      const outcomes = await Promise.all(raws.map(submitOne));
      outcomes.forEach(deps.onOutcome);
      return outcomes;
    },
    stop() {
      stopped = true;
      failAll([...room.empty(), ...queue.splice(0)], over());
    },
  };
}

function accountOf(group: Pick<Group, 'accounts'>, { sender }: Item): AccountSnapshot {
  const account = group.accounts.get(sender);
  if (!account) throw new ChainError({ code: 'UNAVAILABLE', message: `execution left out account ${sender}` });
  return account;
}

/** Records that a transaction leaves the mempool; one that came in the same group was never written as waiting. */
function end(plan: Plan, tx: PendingTransaction, stage: EndedTransaction['stage'], reason: string): void {
  const added = plan.added.get(tx.hash);
  if (added) plan.added.set(tx.hash, { ...added, stage, reason });
  else plan.ended.push({ hash: tx.hash, stage, reason });
}

function refused(item: Item, refusal: Refusal): Outcome {
  return { accepted: false, hash: item.tx.hash, refusal };
}

type Read = { readonly tx: Transaction } | { readonly hash: Hash32 | undefined; readonly refusal: Refusal };

/** Decodes and checks all that needs no state. */
function readTransaction(raw: Uint8Array, rules: AdmissionRules): Read {
  if (raw.length > limits.transactionBytesMax) {
    const message = `oversized data: transaction size ${raw.length}, limit ${limits.transactionBytesMax}`;
    return { hash: undefined, refusal: refuse('TRANSACTION_TOO_LARGE', message) };
  }
  try {
    const tx = decodeTransaction(raw);
    const refusal = refuseAlone(tx, rules);
    return refusal ? { hash: tx.hash, refusal } : { tx };
  } catch (error) {
    if (isChainError(error) && error.detail.code === 'INVALID_ARGUMENT') {
      return { hash: undefined, refusal: refuseMalformed(error.detail) };
    }
    throw error;
  }
}

function signatureOf(tx: Transaction) {
  return {
    digest: signingDigest(tx),
    r: bigintToFixedBytes(tx.r, 32),
    s: bigintToFixedBytes(tx.s, 32),
    yParity: tx.yParity,
  };
}
