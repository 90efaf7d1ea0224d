// Goal: attestations are verified, kept once, made final in height order at two thirds, and a double vote slashes; refusals change nothing.
// Method: real BLS keys over a ledger in memory that rolls back as the database does; every rule is driven to both of its sides.
import { blsFastAggregateVerify, blsPublicKey, blsSign, blsVerify } from '@sheaf/crypto';
import { toHash32, toHeight, zeroHash } from '@sheaf/primitives';
import { attestationDigest, type Attestation, type Finality } from '@sheaf/protocol';
import type { Head, Ledger, LedgerTransaction, SignatureVerifier } from '../ports.ts';
import { createSettlement, type Outcome } from './settlement.ts';

const chainId = 7n;
const secrets = [1, 2, 3].map((value) => {
  const secret = new Uint8Array(32);
  secret[31] = value;
  return secret;
});
const validators = secrets.map((secret) => ({ publicKey: blsPublicKey(secret), stakeGwei: 32n }));

function attest(validatorIndex: number, height: number, block = height): Attestation {
  const hash = toHash32(new Uint8Array(32).fill(block));
  const unsigned = { chainId, height: toHeight(height), blockHash: hash, payloadHash: hash, commitmentsHash: hash };
  return { ...unsigned, validatorIndex, signature: blsSign(secrets[validatorIndex]!, attestationDigest(unsigned)) };
}

interface Contents {
  head: Head;
  attestations: Attestation[];
  evidence: Attestation[];
  slashed: Set<number>;
  finality: Finality[];
}

/** A ledger in memory: transactions one after another, changes kept only when they resolve. */
function memoryLedger() {
  const emptyHead = {
    finalizedHeight: toHeight(0),
    finalizedHash: zeroHash,
    attestedHeight: toHeight(0),
    divergedHeight: undefined,
  };
  let contents: Contents = { head: emptyHead, attestations: [], evidence: [], slashed: new Set(), finality: [] };
  let queue: Promise<unknown> = Promise.resolve();
  const find = (c: Contents, height: bigint, index: number) =>
    c.attestations.find((each) => each.height === height && each.validatorIndex === index);
  const begin = (draft: Contents): LedgerTransaction => ({
    head: { ...draft.head },
    attestation: (height, index) => Promise.resolve(find(draft, height, index)),
    attestationsAt: (height) =>
      Promise.resolve(
        draft.attestations.filter((each) => each.height === height).sort((a, b) => a.validatorIndex - b.validatorIndex),
      ),
    slashed: () => Promise.resolve(draft.slashed),
    addAttestation(attestation) {
      draft.attestations.push(attestation);
      if (attestation.height > draft.head.attestedHeight) draft.head.attestedHeight = attestation.height;
      return Promise.resolve();
    },
    addEvidence(second) {
      draft.evidence.push(second);
      draft.slashed.add(second.validatorIndex);
      return Promise.resolve();
    },
    markDiverged(height) {
      draft.head.divergedHeight ??= height;
      return Promise.resolve();
    },
    finalize(finality) {
      draft.finality.push(finality);
      Object.assign(draft.head, { finalizedHeight: finality.height, finalizedHash: finality.blockHash });
      return Promise.resolve();
    },
  });
  const ledger: Ledger = {
    head: () => Promise.resolve({ ...contents.head }),
    attestation: (height, index) => Promise.resolve(find(contents, height, index)),
    finality: (height) => Promise.resolve(contents.finality.find((each) => each.height === height)),
    validators: () => Promise.resolve([]),
    transact(run) {
      const work = queue.then(async () => {
        const draft: Contents = {
          head: { ...contents.head },
          attestations: [...contents.attestations],
          evidence: [...contents.evidence],
          slashed: new Set(contents.slashed),
          finality: [...contents.finality],
        };
        const result = await run(begin(draft));
        contents = draft;
        return result;
      });
      queue = work.catch(() => undefined);
      return work;
    },
  };
  return { ledger, contents: () => contents };
}

const verifier: SignatureVerifier = {
  blsVerify: (key, message, signature) => Promise.resolve(blsVerify(key, message, signature)),
  blsFastAggregateVerify: (keys, message, signature) =>
    Promise.resolve(blsFastAggregateVerify(keys, message, signature)),
};

function setUp(overrides: Partial<SignatureVerifier> = {}) {
  const { ledger, contents } = memoryLedger();
  const outcomes: Outcome[] = [];
  const finalized: Finality[] = [];
  const settlement = createSettlement(
    { chainId, validators, windowHeights: 4n },
    {
      ledger,
      verifier: { ...verifier, ...overrides },
      events: {
        submitted: (outcome) => outcomes.push(outcome),
        diverged: () => undefined,
        finalized: (each) => finalized.push(each),
      },
    },
  );
  return { settlement, contents, outcomes, finalized };
}

test('two of three make a height final, with an aggregate that anyone can verify', async () => {
  const { settlement, finalized } = setUp();
  expect(await settlement.submit(attest(0, 1))).toEqual({ finalized: false });
  expect(await settlement.submit(attest(2, 1))).toEqual({ finalized: true });
  expect(await settlement.submit(attest(1, 1))).toEqual({ finalized: true });
  expect(finalized).toHaveLength(1);
  const [finality] = finalized;
  expect(finality).toMatchObject({ height: 1n, signers: [0, 2], signedStakeGwei: 64n, totalStakeGwei: 96n });
  const keys = [validators[0]!.publicKey, validators[2]!.publicKey];
  expect(blsFastAggregateVerify(keys, attestationDigest({ chainId, ...finality! }), finality!.signature)).toBe(true);
});

test('finality has no holes: a later height waits for the ones before', async () => {
  const { settlement, finalized } = setUp();
  for (const height of [3, 2])
    for (const index of [0, 1]) expect(await settlement.submit(attest(index, height))).toEqual({ finalized: false });
  await settlement.submit(attest(0, 1));
  expect(await settlement.submit(attest(1, 1))).toEqual({ finalized: true });
  expect(finalized.map(({ height }) => height)).toEqual([1n, 2n, 3n]);
});

test('the same again changes nothing', async () => {
  const { settlement, contents, outcomes } = setUp();
  await settlement.submit(attest(0, 1));
  await settlement.submit(attest(0, 1));
  expect(outcomes).toEqual(['accepted', 'known']);
  expect(contents().attestations).toHaveLength(1);
});

test('a second opinion is kept as evidence, slashes, and takes the stake out of what is not final yet', async () => {
  const { settlement, contents } = setUp();
  await settlement.submit(attest(0, 1));
  await expect(settlement.submit(attest(0, 1, 99))).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(contents().evidence).toEqual([attest(0, 1, 99)]);
  expect(contents().slashed).toEqual(new Set([0]));
  expect(await settlement.submit(attest(1, 1))).toEqual({ finalized: false });
  // Known again is still an answer; a new height is not taken.
  await settlement.submit(attest(0, 1));
  await expect(settlement.submit(attest(0, 2))).rejects.toMatchObject({
    detail: { code: 'REJECTED', reason: 'VALIDATOR_SLASHED' },
  });
  expect(await settlement.submit(attest(2, 1))).toEqual({ finalized: true });
  expect(contents().finality[0]!.signers).toEqual([1, 2]);
});

test.each([
  ['another chain', { ...attest(0, 1), chainId: 8n }, { code: 'REJECTED', reason: 'WRONG_CHAIN' }],
  [
    'an unknown validator',
    { ...attest(0, 1), validatorIndex: 3 },
    { code: 'INVALID_ARGUMENT', field: 'attestation.validatorIndex' },
  ],
  [
    "another validator's signature",
    { ...attest(0, 1), validatorIndex: 1 },
    { code: 'INVALID_ARGUMENT', field: 'attestation.signature' },
  ],
  ['a height above the window', attest(0, 5), { code: 'LIMIT' }],
])('refuses %s and keeps nothing', async (_what, attestation, detail) => {
  const { settlement, contents } = setUp();
  await expect(settlement.submit(attestation)).rejects.toMatchObject({ detail });
  expect(contents().attestations).toEqual([]);
});

test('signatures that do not verify any more stop finality and announce nothing', async () => {
  const { settlement, finalized, contents } = setUp({ blsFastAggregateVerify: () => Promise.resolve(false) });
  await settlement.submit(attest(0, 1));
  await expect(settlement.submit(attest(1, 1))).rejects.toMatchObject({ code: 'DATA_LOSS' });
  expect(finalized).toEqual([]);
  expect(contents().attestations).toHaveLength(2);
});
