import { ChainError, isChainError, type Epoch } from '@sheaf/primitives';
import { pause, type Logger } from '@sheaf/service';
import type { Clock, Ledger } from '../ports.ts';
import type { Term } from './term.ts';

export interface LeadingOptions {
  /** Name under which this process holds the lease: the same after a restart, unlike any other process's. */
  readonly holder: string;
  /** How long a lease runs without renewal, milliseconds. */
  readonly leaseMs: number;
}

export interface LeadingDependencies {
  readonly ledger: Pick<Ledger, 'acquireLease' | 'renewLease' | 'releaseLease'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined when aborted meanwhile. */
  readonly startTerm: (epoch: Epoch, abort: AbortSignal) => Promise<Term | undefined>;
  readonly onFatal: (error: unknown) => void;
}

/** This process's part in leadership. */
export interface Leading {
  /** The term at work; undefined while standing by. */
  term(): Term | undefined;
  /** True while the database says that another sequencer holds the lease. */
  readonly standingBy: boolean;
  /** Ends the term, gives the lease back, resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * Takes the lease whenever it is free, leads until it is lost or something fails, and tries again.
 *
 * After a start the own name takes the lease back at once: the process that held it is dead, since names are not shared.
 * Having lost it to the same name all the same (two processes were given one), it is only taken when it expired, so that
 * two such processes do not take turns for ever.
 */
export function startLeading(options: LeadingOptions, deps: LeadingDependencies): Leading {
  const { ledger, log } = deps;
  const stopping = new AbortController();
  let term: Term | undefined;
  let standingBy = false;
  let reclaim = true;

  const acquire = async (): Promise<Epoch | undefined> => {
    try {
      const epoch = await ledger.acquireLease({ holder: options.holder, ttlMs: options.leaseMs, reclaim });
      if (!standingBy && epoch === undefined) log.info('standing by: another sequencer leads');
      standingBy = epoch === undefined;
      return epoch;
    } catch (error) {
      log.warn({ err: error }, 'the lease could not be asked for');
      standingBy = false;
      return undefined;
    }
  };

  const lead = async (epoch: Epoch): Promise<void> => {
    log.info({ epoch }, 'leading');
    const lost = new AbortController();
    const abort = AbortSignal.any([stopping.signal, lost.signal]);
    let lostBy: unknown;
    const endTerm = (error: unknown): void => {
      lostBy = error;
      lost.abort();
      term?.end(error);
    };
    const renewing = renew(epoch, options, deps, abort, endTerm);
    try {
      term = await deps.startTerm(epoch, abort);
      if (abort.aborted) term?.end();
      const error = (await term?.over) ?? lostBy;
      if (error !== undefined) throw error;
    } catch (error) {
      reclaim = !isChainError(error, 'CONFLICT');
      log.warn({ err: error, epoch }, 'leadership ended');
    } finally {
      term = undefined;
      lost.abort();
      await renewing;
    }
    if (stopping.signal.aborted) await ledger.releaseLease(epoch).catch(() => undefined);
    else await pause(retryAfterFailureMs, stopping.signal);
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const epoch = await acquire();
      if (epoch !== undefined) await lead(epoch);
      else await pause(options.leaseMs / 5, stopping.signal);
    }
  })().catch(deps.onFatal);

  return {
    term: () => term,
    get standingBy() {
      return standingBy;
    },
    async stop() {
      stopping.abort();
      term?.end();
      await loop;
    },
  };
}

const retryAfterFailureMs = 250;

/** Renews until aborted, three times a lease; ends the term when the epoch is over or the lease ran out unrenewed. */
async function renew(
  epoch: Epoch,
  { leaseMs }: LeadingOptions,
  { ledger, clock, log }: LeadingDependencies,
  abort: AbortSignal,
  endTerm: (error: unknown) => void,
): Promise<void> {
  let renewedMs = clock.elapsed();
  for (;;) {
    await pause(leaseMs / 3, abort);
    if (abort.aborted) return;
    const askedMs = clock.elapsed();
    try {
      if (!(await ledger.renewLease(epoch, leaseMs))) {
        endTerm(new ChainError({ code: 'CONFLICT', message: `epoch ${epoch} is over: another sequencer leads` }));
        return;
      }
      renewedMs = askedMs;
    } catch (error) {
      log.warn({ err: error, epoch }, 'the lease could not be renewed');
      if (clock.elapsed() - renewedMs < leaseMs) continue;
      endTerm(new ChainError({ code: 'UNAVAILABLE', message: `the lease of epoch ${epoch} ran out unrenewed` }));
      return;
    }
  }
}
