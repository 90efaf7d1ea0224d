import { ChainError, isChainError, toHeight, type Height } from '@sheaf/primitives';
import type { Attestation, ChainSpec, Finality } from '@sheaf/protocol';
import type { AttestationSink, ExecutionSource, Journal, ProofVerifier, VerifiedBlock } from '../ports.ts';
import { checkFinality } from './check-finality.ts';
import { faultKind, requireRight } from './fault.ts';
import type { Signer } from './signer.ts';
import type { BlockVerifier } from './verify-block.ts';
import { createWaiter } from './waiter.ts';

/** Where the validator stands. */
export interface Condition {
  /**
   * `starting`: settlement was not asked yet · `following` · `waiting`: something is not there yet · `alarmed`: something is wrong, it is tried
   * again · `halted`: settlement refuses this validator, which needs an operator
   */
  state: 'starting' | 'following' | 'waiting' | 'alarmed' | 'halted';
  verifiedHeight: Height;
  /** Highest height whose attestation settlement took in this run; 0 for none. */
  submittedHeight: Height;
  /** Why it is waiting, alarmed or halted. */
  detail: string | undefined;
  /** Why the last attestation is not handed in yet. */
  submitFault: string | undefined;
}

/** What happened, for metrics and logs. */
export interface ValidationEvents {
  verified(block: VerifiedBlock, seconds: number): void;
  submitted(attestation: Attestation): void;
  adopted(finality: Finality): void;
  waiting(height: Height, error: unknown): void;
  alarmed(height: Height, error: unknown): void;
  halted(error: unknown): void;
}

/** The validator's life: verify the next height, sign it, hand it in, for ever. */
export interface Validation {
  /** Runs until `stop`. @throws only what makes it unsafe to go on: the journal cannot be written, or someone else wrote it */
  run(): Promise<void>;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
  /** There may be something new: this height is executed, or, without one, something else happened. */
  wake(executed?: Height): void;
  condition(): Condition;
}

export interface ValidationOptions {
  spec: ChainSpec;
  genesis: VerifiedBlock;
  /** Heights fetched ahead of the one that is verified. */
  aheadMax: number;
  /** Longest pause before peers are asked again. */
  pollMs: number;
}

export interface ValidationDependencies {
  execution: ExecutionSource;
  blocks: BlockVerifier;
  settlement: AttestationSink;
  verifier: ProofVerifier;
  journal: Journal;
  signer: Signer;
  events: ValidationEvents;
  now?: () => number;
}

const submitPauseMsMax = 2_000;
/** Tries in a row without success, about 5 s, before an absence longer than witnesses are kept is thought of. */
const failuresToCatchUp = 8;

/** A validation that begins where the journal left off. */
export function createValidation(options: ValidationOptions, dependencies: ValidationDependencies): Validation {
  const { execution, blocks, settlement, journal, signer, events } = dependencies;
  const now = dependencies.now ?? (() => performance.now());
  const waiter = createWaiter();
  const submitWaiter = createWaiter();
  const alarmWaiter = createWaiter();
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let head = journal.state().head ?? options.genesis;
  let executed = toHeight(0);
  const condition: Condition = {
    state: 'starting',
    verifiedHeight: head.header.number,
    submittedHeight: toHeight(0),
    detail: undefined,
    submitFault: undefined,
  };
  /** Of the attestation signed last: the next height is signed only when settlement has this one, so that none is ever lost. */
  let submission: Promise<void> = Promise.resolve();
  let failures = 0;

  const stopped = () => stopping.signal.aborted;
  const halted = () => condition.state === 'halted';
  const nextHeight = () => toHeight(head.header.number + 1n);

  async function run(): Promise<void> {
    while (!stopped() && !halted()) {
      try {
        if (condition.state === 'starting') await begin();
        await step();
      } catch (error) {
        if (stopped()) return;
        if (isJournalError(error)) throw error.cause;
        await rest(error);
      }
    }
  }

  /** Learns from settlement what was signed with this key, then hands in again what may not have arrived. */
  async function begin(): Promise<void> {
    signer.raiseFloor(await settlement.attestedHeight());
    const last = signer.last();
    if (last) submission = submit(last);
    show('following', undefined);
  }

  async function step(): Promise<void> {
    const height = nextHeight();
    if (executed < height) executed = await execution.head();
    if (executed < height) return idle();
    const ahead = Array.from({ length: options.aheadMax + 1 }, (_, i) => toHeight(height + BigInt(i)));
    blocks.prefetch(ahead.filter((each) => each <= executed));
    const started = now();
    const { block, opinion } = await blocks.next(head);
    events.verified(block, (now() - started) / 1000);
    await submission;
    if (halted() || stopped()) return;
    const attestation = await journaled(() => signer.attest(opinion, block));
    moveTo(block);
    if (attestation) submission = submit(attestation);
  }

  /** Halted is for good. */
  function show(state: Condition['state'], detail: string | undefined): void {
    if (!halted()) Object.assign(condition, { state, detail });
  }

  function moveTo(block: VerifiedBlock): void {
    head = block;
    failures = 0;
    condition.verifiedHeight = block.header.number;
    show('following', undefined);
  }

  /** Everything executed is verified. */
  async function idle(): Promise<void> {
    if (condition.state !== 'alarmed') show('following', undefined);
    await waiter.pause(options.pollMs);
  }

  async function rest(error: unknown): Promise<void> {
    const height = nextHeight();
    const kind = faultKind(error);
    if (kind === 'wrong') {
      // What was fetched is worthless now: the next try sees what is served then.
      blocks.forget();
      events.alarmed(height, error);
    } else {
      // Seldom: most of what is not found is only not there yet.
      if (failures % failuresToCatchUp === failuresToCatchUp - 1 && (await catchUp(height))) return;
      events.waiting(height, error);
    }
    if (kind === 'wrong') show('alarmed', describe(height, error));
    else if (condition.state === 'following' || condition.state === 'waiting') show('waiting', describe(height, error));
    // An alarm stays until the height verifies, also while peers are away.
    failures += 1;
    // A certificate comes soon after its block; what is wrong is looked at more seldom.
    if (kind === 'wrong') await alarmWaiter.pause(options.pollMs);
    else await waiter.pause(Math.min(options.pollMs, 25 * 2 ** Math.min(failures, 6)));
  }

  /**
   * After an absence longer than witnesses are kept, takes a finalized block as its head without verifying what led there, on the word of two
   * thirds of the stake. Nothing is signed for the heights passed over.
   */
  async function catchUp(height: Height): Promise<boolean> {
    try {
      if (condition.state === 'starting' || !(await blocks.isPruned(height))) return false;
      const finality = await settlement.finality();
      if (!finality || finality.height < height) return false;
      await checkFinality(finality, options.spec, dependencies.verifier);
      const header = await execution.header(finality.height);
      const block = { header, hash: finality.blockHash, payloadHash: finality.payloadHash };
      requireRight(
        header.number === finality.height,
        () => `execution serves header ${header.number} for ${finality.height}`,
      );
      await journaled(() => journal.write({ ...journal.state(), head: block }));
      moveTo(block);
      events.adopted(finality);
      return true;
    } catch (error) {
      if (isJournalError(error)) throw error.cause;
      return false;
    }
  }

  async function submit(attestation: Attestation): Promise<void> {
    for (let pauseMs = 50; !stopped(); pauseMs = Math.min(2 * pauseMs, submitPauseMsMax)) {
      try {
        await settlement.submit(attestation);
        Object.assign(condition, { submittedHeight: attestation.height, submitFault: undefined });
        events.submitted(attestation);
        return;
      } catch (error) {
        if (faultKind(error) === 'wrong') return halt(error);
        condition.submitFault = error instanceof Error ? error.message : String(error);
        events.waiting(attestation.height, error);
      }
      await submitWaiter.pause(pauseMs);
    }
  }

  /** Settlement has another signature of this key, has slashed it, or does not know it: to sign on would do harm. */
  function halt(error: unknown): void {
    if (stopped()) return;
    show('halted', error instanceof Error ? error.message : String(error));
    events.halted(error);
  }

  return {
    run: () => (running = run()),
    async stop() {
      stopping.abort();
      waiter.wake();
      submitWaiter.wake();
      alarmWaiter.wake();
      await Promise.allSettled([running, submission]);
    },
    wake(height) {
      if (height !== undefined && height > executed) executed = height;
      waiter.wake();
    },
    condition: () => ({ ...condition }),
  };
}

/** Marks what happened to the journal, so that it is not taken for a fault of a peer. */
async function journaled<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw new ChainError({ code: 'INTERNAL', message: journalFailed }, { cause });
  }
}

function describe(height: Height, error: unknown): string {
  return `height ${height}: ${error instanceof Error ? error.message : String(error)}`;
}

const journalFailed = 'the slashing-protection record could not be written';

function isJournalError(error: unknown): error is ChainError {
  return isChainError(error, 'INTERNAL') && error.message === journalFailed;
}
