import { blsAggregate } from '@sheaf/crypto';
import { ChainError, equalBytes, toHeight, type Height } from '@sheaf/primitives';
import { attestationDigest, type Attestation, type Finality } from '@sheaf/protocol';
import type { Head, Ledger, LedgerTransaction, SignatureVerifier } from '../ports.ts';
import { findFinal, hasDiverged, sameOpinion, tally, type Opinion } from './tally.ts';

/** Heights made final in one transaction: bounds how long the head stays locked. */
const heightsPerTransaction = 32;

/** What became of a submitted attestation. */
export type Outcome = 'accepted' | 'known' | 'refused' | 'equivocation';

/** What happened, for metrics and logs. */
export interface SettlementEvents {
  submitted(outcome: Outcome, attestation: Attestation): void;
  diverged(height: Height): void;
  finalized(finality: Finality): void;
}

/** Attestations in, finality out. Any number of replicas may do this over one ledger. */
export interface Settlement {
  /**
   * Verifies and records an attestation, then makes final what can be. Durable when it resolves. Idempotent.
   * @returns whether the attestation's height is final now
   * @throws ChainError `INVALID_ARGUMENT` for an unknown validator or a signature that is not theirs; `REJECTED` (WRONG_CHAIN,
   * VALIDATOR_SLASHED); `LIMIT` too far above the finalized head; `CONFLICT` for a second opinion on a height, which is kept as evidence
   * and slashes the validator
   */
  submit(attestation: Attestation): Promise<{ finalized: boolean }>;
  /**
   * Makes final, in order, every height that has its two thirds: for what a replica that died left undone.
   * @throws ChainError `DATA_LOSS` when recorded signatures do not verify any more; nothing above that becomes final
   */
  advance(): Promise<void>;
}

/** Settlement for the validators of the chain `chainId`, by index. */
export function createSettlement(
  options: {
    chainId: bigint;
    validators: readonly { publicKey: Uint8Array; stakeGwei: bigint }[];
    windowHeights: bigint;
  },
  dependencies: { ledger: Ledger; verifier: SignatureVerifier; events: SettlementEvents },
): Settlement {
  const { ledger, verifier, events } = dependencies;
  const stakes = options.validators.map(({ stakeGwei }) => stakeGwei);
  const total = stakes.reduce((sum, stake) => sum + stake, 0n);

  async function submit(attestation: Attestation): Promise<{ finalized: boolean }> {
    const { publicKey } = requireValidator(attestation);
    requireWindow(attestation, await ledger.head());
    const before = await ledger.attestation(attestation.height, attestation.validatorIndex);
    let outcome: Outcome = 'known';
    if (!before || !identical(before, attestation)) {
      if (!(await verifier.blsVerify(publicKey, attestationDigest(attestation), attestation.signature))) {
        events.submitted('refused', attestation);
        throw invalid('attestation.signature', 'is not a signature of this validator over this attestation');
      }
      outcome = await ledger.transact((transaction) => record(transaction, attestation));
    }
    events.submitted(outcome, attestation);
    if (outcome === 'refused') throw slashedError(attestation);
    if (outcome === 'equivocation') throw equivocationError(attestation);
    await advance();
    return { finalized: (await ledger.head()).finalizedHeight >= attestation.height };
  }

  /** A refusal is an outcome and no throw: the evidence must be committed. */
  async function record(transaction: LedgerTransaction, attestation: Attestation): Promise<Outcome> {
    const first = await transaction.attestation(attestation.height, attestation.validatorIndex);
    if (first && sameOpinion(first, attestation)) return 'known';
    if (first) {
      await transaction.addEvidence(attestation);
      return 'equivocation';
    }
    const slashed = await transaction.slashed();
    if (slashed.has(attestation.validatorIndex)) return 'refused';
    requireWindow(attestation, transaction.head);
    await transaction.addAttestation(attestation);
    const opinions = tally(await transaction.attestationsAt(attestation.height), stakes, slashed);
    if (hasDiverged(opinions, total)) {
      await transaction.markDiverged(attestation.height);
      events.diverged(attestation.height);
    }
    return 'accepted';
  }

  async function finalizeSome(transaction: LedgerTransaction): Promise<Finality[]> {
    const slashed = await transaction.slashed();
    const done: Finality[] = [];
    for (let next = transaction.head.finalizedHeight + 1n; done.length < heightsPerTransaction; next += 1n) {
      const opinions = tally(await transaction.attestationsAt(toHeight(next)), stakes, slashed);
      const final = findFinal(opinions, total);
      if (!final) break;
      const finality = await aggregate(final, slashed);
      await transaction.finalize(finality);
      done.push(finality);
    }
    return done;
  }

  async function aggregate(opinion: Opinion, slashed: ReadonlySet<number>): Promise<Finality> {
    const signed = opinion.attestations.filter(({ validatorIndex }) => !slashed.has(validatorIndex));
    const { height, blockHash, payloadHash, commitmentsHash } = signed[0]!;
    const signature = blsAggregate(signed.map((attestation) => attestation.signature));
    const keys = signed.map(({ validatorIndex }) => options.validators[validatorIndex]!.publicKey);
    // Each signature was verified when it came; this guards the record itself, before anyone is told.
    if (!(await verifier.blsFastAggregateVerify(keys, attestationDigest(signed[0]!), signature))) {
      throw new ChainError({ code: 'DATA_LOSS', message: `the recorded signatures of height ${height} do not verify` });
    }
    const signers = signed.map(({ validatorIndex }) => validatorIndex);
    return {
      height,
      blockHash,
      payloadHash,
      commitmentsHash,
      signers,
      signature,
      signedStakeGwei: opinion.countedGwei,
      totalStakeGwei: total,
    };
  }

  async function advanceAll(): Promise<void> {
    for (;;) {
      const head = await ledger.head();
      // Without a lock first: most of the time there is nothing to do.
      if (head.attestedHeight <= head.finalizedHeight) return;
      const finalities = await ledger.transact(finalizeSome);
      finalities.forEach(events.finalized);
      if (finalities.length < heightsPerTransaction) return;
    }
  }

  const advance = coalesce(advanceAll);

  function requireValidator(attestation: Attestation): { publicKey: Uint8Array } {
    if (attestation.chainId !== options.chainId) {
      const message = `the attestation is for chain ${attestation.chainId}, this is settlement of ${options.chainId}`;
      throw new ChainError({ code: 'REJECTED', reason: 'WRONG_CHAIN', message });
    }
    const validator = options.validators[attestation.validatorIndex];
    if (!validator) throw invalid('attestation.validatorIndex', `must be below ${options.validators.length}`);
    return validator;
  }

  function requireWindow({ height }: Attestation, head: Head): void {
    const highest = head.finalizedHeight + options.windowHeights;
    if (height <= highest) return;
    const message = `height ${height} is above ${highest}: at most ${options.windowHeights} above the finalized head`;
    throw new ChainError({ code: 'LIMIT', message, retryAfterMs: 1000 });
  }

  return { submit, advance };
}

/** Callers during a run share the next one: what they wait for may have come after the run looked. */
function coalesce(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const started = run().finally(() => {
      if (current === started) current = undefined;
    });
    current = started;
    return started;
  };
  return () => {
    if (!current) return start();
    following ??= current
      .catch(() => undefined)
      .then(() => {
        following = undefined;
        return start();
      });
    return following;
  };
}

function identical(a: Attestation, b: Attestation): boolean {
  return sameOpinion(a, b) && equalBytes(a.signature, b.signature);
}

function invalid(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}

function slashedError({ validatorIndex }: Attestation): ChainError {
  return new ChainError({
    code: 'REJECTED',
    reason: 'VALIDATOR_SLASHED',
    message: `validator ${validatorIndex} is slashed`,
  });
}

function equivocationError({ validatorIndex, height }: Attestation): ChainError {
  const message = `validator ${validatorIndex} attested another block at height ${height}: kept as evidence, the validator is slashed`;
  return new ChainError({ code: 'CONFLICT', message });
}
