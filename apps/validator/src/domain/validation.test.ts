// Goal: heights are verified and handed in in order; nothing wrong is signed; an attestation is never lost, and refused ones end the signing.
// Method: peers in memory that answer as scripted; every pause is a condition waited for.
import type { Header } from '@sheaf/ethereum';
import { ChainError, toHash32, toHeight, zeroHash, type Height } from '@sheaf/primitives';
import type { Attestation, ChainSpec, Finality } from '@sheaf/protocol';
import { waitFor } from '@sheaf/testing';
import type { AttestationSink, Journal, JournalState, VerifiedBlock } from '../ports.ts';
import { wrong } from './fault.ts';
import { createSigner } from './signer.ts';
import { createValidation } from './validation.ts';
import type { BlockVerifier } from './verify-block.ts';

const hashAt = (height: bigint) => toHash32(new Uint8Array(32).fill(Number(height)));
const blockAt = (height: bigint): VerifiedBlock => ({
  header: { number: height } as Header,
  hash: hashAt(height),
  payloadHash: hashAt(height),
});
const genesis = blockAt(0n);
const spec = { chainId: 7n, validators: [{ publicKey: new Uint8Array(48), stakeGwei: 1n }] } as unknown as ChainSpec;
const unavailable = () => new ChainError({ code: 'UNAVAILABLE', message: 'down' });

function setUp(
  options: {
    executed?: bigint;
    verify?: (height: Height) => void;
    submit?: (attestation: Attestation) => void | Promise<void>;
    journal?: JournalState;
    attested?: bigint;
    finality?: Finality;
    pruned?: boolean;
  } = {},
) {
  const submitted: Attestation[] = [];
  const alarms: bigint[] = [];
  const waits: bigint[] = [];
  let state: JournalState = options.journal ?? { signed: undefined, head: undefined };
  const journal: Journal = {
    state: () => state,
    write(next) {
      state = next;
      return Promise.resolve();
    },
  };
  const blocks: BlockVerifier = {
    prefetch: () => undefined,
    forget: () => undefined,
    isPruned: () => Promise.resolve(options.pruned ?? false),
    async next(parent) {
      const height = toHeight(parent.header.number + 1n);
      options.verify?.(height);
      const block = blockAt(height);
      const opinion = { height, blockHash: block.hash, payloadHash: block.hash, commitmentsHash: zeroHash };
      return Promise.resolve({ block, opinion });
    },
  };
  const settlement: AttestationSink = {
    async submit(attestation) {
      await options.submit?.(attestation);
      submitted.push(attestation);
    },
    attestedHeight: () => Promise.resolve(toHeight(options.attested ?? 0n)),
    finality: () => Promise.resolve(options.finality),
  };
  const validation = createValidation(
    { spec, genesis, aheadMax: 2, pollMs: 50 },
    {
      execution: {
        head: () => Promise.resolve(toHeight(options.executed ?? 3n)),
        announcedHash: () => undefined,
        blockHash: () => Promise.reject(unavailable()),
        header: (height) => Promise.resolve(blockAt(height).header),
        witness: () => Promise.reject(unavailable()),
      },
      blocks,
      settlement,
      verifier: {
        blobToCommitment: () => Promise.reject(unavailable()),
        verifyCells: () => Promise.reject(unavailable()),
        blsFastAggregateVerify: () => Promise.resolve(true),
      },
      journal,
      signer: createSigner({ chainId: 7n, validatorIndex: 0, secretKey: new Uint8Array(32).fill(3) }, { journal }),
      events: {
        verified: () => undefined,
        submitted: () => undefined,
        adopted: () => undefined,
        waiting: (height) => waits.push(height),
        alarmed: (height) => alarms.push(height),
        halted: () => undefined,
      },
    },
  );
  const running = validation.run();
  const heights = () => submitted.map(({ height }) => height);
  return { validation, running, submitted, heights, alarms, waits, journal };
}

test('hands in every height in order and then waits for more', async () => {
  const { validation, heights } = setUp();
  await waitFor(() => heights().length === 3);
  expect(heights()).toEqual([1n, 2n, 3n]);
  expect(validation.condition()).toMatchObject({ state: 'following', verifiedHeight: 3n });
  await validation.stop();
});

test('does not sign the next height before settlement has this one', async () => {
  let down = true;
  const { validation, heights, journal } = setUp({
    submit() {
      if (down) throw unavailable();
    },
  });
  await waitFor(() => validation.condition().submitFault === 'down');
  expect(journal.state().signed?.height).toBe(1n);
  expect(heights()).toEqual([]);
  down = false;
  await waitFor(() => heights().length === 3);
  expect(validation.condition().submitFault).toBeUndefined();
  await validation.stop();
});

test('hands in again what was signed last, and signs nothing below what settlement knows', async () => {
  const signed = { height: toHeight(1), blockHash: hashAt(1n), payloadHash: hashAt(1n), commitmentsHash: zeroHash };
  const restarted = setUp({ journal: { signed, head: blockAt(1n) } });
  await waitFor(() => restarted.heights().length === 3);
  expect(restarted.heights()).toEqual([1n, 2n, 3n]);
  await restarted.validation.stop();
  const restored = setUp({ attested: 2n });
  await waitFor(() => restored.validation.condition().submittedHeight === 3n);
  expect(restored.heights()).toEqual([3n]);
  await restored.validation.stop();
});

test('what is wrong raises an alarm, is not signed, and is tried again', async () => {
  let served = 'wrong';
  const { validation, heights, alarms, waits } = setUp({
    verify(height) {
      if (height === 2n && served === 'wrong') throw wrong('another state root');
      if (height === 2n && served === 'away') throw unavailable();
    },
  });
  await waitFor(() => alarms.length >= 2);
  expect(validation.condition()).toMatchObject({ state: 'alarmed', detail: 'height 2: another state root' });
  served = 'away';
  await waitFor(() => waits.includes(2n));
  expect(validation.condition().state).toBe('alarmed');
  expect(heights()).toEqual([1n]);
  served = 'right';
  await waitFor(() => heights().length === 3);
  expect(validation.condition().state).toBe('following');
  await validation.stop();
});

test('what is not there yet is no alarm', async () => {
  let there = false;
  const { validation, heights, alarms } = setUp({
    verify() {
      if (!there) throw new ChainError({ code: 'NOT_FOUND', message: 'no certificate' });
    },
  });
  await waitFor(() => validation.condition().state === 'waiting');
  there = true;
  await waitFor(() => heights().length === 3);
  expect(alarms).toEqual([]);
  await validation.stop();
});

test.each(['CONFLICT', 'REJECTED'] as const)('%s from settlement ends the signing', async (code) => {
  const { validation, running, journal } = setUp({
    submit() {
      throw new ChainError({ code, reason: 'VALIDATOR_SLASHED', message: 'refused' });
    },
  });
  await running;
  expect(validation.condition()).toMatchObject({ state: 'halted', detail: 'refused' });
  expect(journal.state().signed?.height).toBe(1n);
  await validation.stop();
});

test('after an absence too long it goes on from a finalized block and signs what comes after', async () => {
  const hash = hashAt(5n);
  const finality: Finality = {
    height: toHeight(5),
    blockHash: hash,
    payloadHash: hash,
    commitmentsHash: zeroHash,
    signers: [0],
    signature: new Uint8Array(96),
    signedStakeGwei: 1n,
    totalStakeGwei: 1n,
  };
  const { validation, heights } = setUp({
    executed: 6n,
    pruned: true,
    finality,
    verify(height) {
      if (height <= 5n) throw new ChainError({ code: 'NOT_FOUND', message: 'no witness' });
    },
  });
  await waitFor(() => heights().length === 1);
  expect(heights()).toEqual([6n]);
  await validation.stop();
});

test('a journal that cannot be written ends the run before anything is handed in', async () => {
  const { running, journal, heights } = setUp();
  journal.write = () => Promise.reject(new ChainError({ code: 'CONFLICT', message: 'another process' }));
  await expect(running).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(heights()).toEqual([]);
});
