// Goal: an answer leaves only after the write; gaps wait and resolve; what one group does to itself is written consistently;
// a failed write answers nobody and ends the term.
// Method: the real flow over in-memory ports whose writes are held and released by the test.
import { ChainError, toEpoch, toHeight, zeroHash, type Address, type Hash32 } from '@sheaf/primitives';
import { Mempool } from '../domain/mempool.ts';
import type { AccountSnapshot } from '../domain/admission.ts';
import { richAccount, testRules, testSender, testTransaction } from '../domain/testing.ts';
import { stages, type AdmissionWrite } from '../ports.ts';
import { startAdmitting, type AdmittingOptions, type Outcome } from './admitting.ts';
import type { ChainView } from './chain-view.ts';
import { Section } from './section.ts';
import { Signal } from './signal.ts';

const sender = testSender(0);

function harness(change: Partial<AdmittingOptions> = {}, mempoolOptions = { transactionsMax: 100, bytesMax: 1e6 }) {
  const mempool = new Mempool(mempoolOptions);
  const writes: AdmissionWrite[] = [];
  const broken: unknown[] = [];
  const accounts = new Map<Address, AccountSnapshot>([[sender, richAccount]]);
  const state = { write: async () => undefined as void, ordered: new Set<Hash32>(), reads: 0, height: 3n };
  const view: ChainView = {
    sealed: { height: toHeight(3), hash: zeroHash },
    sealedAtElapsedMs: 0,
    executed: { height: toHeight(3), header: undefined as never },
    safe: 3n,
    finalized: 3n,
    diverged: undefined,
    changed: new Signal(),
  };
  const options: AdmittingOptions = {
    epoch: toEpoch(1),
    rules: testRules,
    lagBounds: { safeLagMax: 64n, finalizedLagMax: 128n },
    gapWaitMs: 0,
    gapWaitingMax: 10,
    admissionQueueMax: 1_000,
    nextArrival: 1n,
    ...change,
  };
  const admitting = startAdmitting(options, {
    mempool,
    view,
    section: new Section(),
    ledger: {
      async admit(_epoch, write) {
        await state.write();
        writes.push(write);
      },
      ordered: async () => state.ordered,
    },
    execution: {
      async accounts() {
        state.reads += 1;
        return { height: toHeight(state.height), accounts };
      },
    },
    crypto: { recoverSenders: async (items) => items.map(() => sender) },
    clock: { now: () => 5, elapsed: () => 5 },
    onOutcome: () => undefined,
    onBroken: (error) => broken.push(error),
  });
  return { admitting, mempool, writes, broken, accounts, state, view };
}

const raw = (nonce: bigint, fee = 100n) =>
  testTransaction({ nonce, maxFeePerGas: fee, maxPriorityFeePerGas: fee / 10n }).raw;
const words = (outcomes: Outcome[]) =>
  outcomes.map((outcome) => (outcome.accepted ? (outcome.known ? 'KNOWN' : 'ACCEPTED') : outcome.refusal.reason));

test('answers only when the write is done', async () => {
  const { admitting, state, writes } = harness();
  let release = (): void => undefined;
  const begun = new Promise<void>((begin) => {
    state.write = () => new Promise<void>((resolve) => begin(void (release = resolve)));
  });
  let answered = false;
  const submitted = admitting.submit([raw(0n)]).then((outcomes) => {
    answered = true;
    return outcomes;
  });
  await begun;
  const again = admitting.submit([raw(0n)]);
  await new Promise(setImmediate);
  expect(answered).toBe(false);
  release();
  expect(words(await submitted)).toEqual(['ACCEPTED']);
  expect(words(await again)).toEqual(['KNOWN']);
  expect(writes).toHaveLength(1);
});

test('one group: order does not matter, the same one twice is known, a replacement in the group is written as such', async () => {
  const { admitting, writes, mempool } = harness({ gapWaitMs: 10_000 });
  const outcomes = await admitting.submit([raw(2n), raw(1n), raw(0n), raw(0n), raw(1n, 200n)]);
  expect(words(outcomes)).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'KNOWN', 'ACCEPTED']);
  expect(mempool.queue(sender).entries.map((entry) => [entry.nonce, entry.maxFeePerGas])).toEqual([
    [0n, 100n],
    [1n, 200n],
    [2n, 100n],
  ]);
  const [write] = writes;
  expect(writes).toHaveLength(1);
  expect(write!.ended).toEqual([]);
  const replaced = write!.added.filter(({ stage }) => stage === stages.replaced);
  expect(replaced.map(({ transaction }) => transaction.nonce)).toEqual([1n]);
});

test('a gap waits until the missing nonce comes with another request', async () => {
  const { admitting } = harness({ gapWaitMs: 10_000 });
  const early = admitting.submit([raw(1n)]);
  expect(words(await admitting.submit([raw(0n)]))).toEqual(['ACCEPTED']);
  expect(words(await early)).toEqual(['ACCEPTED']);
});

test('a gap that stays is refused with the expected nonce; with no room at once', async () => {
  const { admitting, writes } = harness({ gapWaitMs: 1 });
  const [outcome] = await admitting.submit([raw(5n)]);
  expect(outcome).toMatchObject({
    accepted: false,
    refusal: { reason: 'NONCE_GAP', message: 'nonce gap: next nonce 0, tx nonce 5' },
  });
  expect(writes).toEqual([]);
  const full = harness({ gapWaitMs: 60_000, gapWaitingMax: 0 });
  expect(words(await full.admitting.submit([raw(5n)]))).toEqual(['NONCE_GAP']);
});

test('a used nonce is known when it was this transaction, else too low', async () => {
  const { admitting, accounts, state } = harness();
  accounts.set(sender, { ...richAccount, nonce: 1n });
  state.ordered = new Set([testTransaction({ nonce: 0n, maxFeePerGas: 100n, maxPriorityFeePerGas: 10n }).hash]);
  expect(words(await admitting.submit([raw(0n), raw(0n, 200n)]))).toEqual(['KNOWN', 'NONCE_TOO_LOW']);
});

test('a full mempool evicts what pays less, durably, and refuses what does not pay more', async () => {
  const { admitting, mempool, writes } = harness({}, { transactionsMax: 1, bytesMax: 1e6 });
  const poor = testTransaction({ maxFeePerGas: 50n, maxPriorityFeePerGas: 1n });
  mempool.add({ ...mempoolEntry(poor), sender: testSender(7) });
  expect(words(await admitting.submit([raw(0n, 40n)]))).toEqual(['MEMPOOL_FULL']);
  expect(words(await admitting.submit([raw(0n, 60n)]))).toEqual(['ACCEPTED']);
  expect(writes[0]!.ended).toMatchObject([{ hash: poor.hash, stage: stages.dropped }]);
  expect(writes[0]!.ended[0]!.reason).toMatch(/^MEMPOOL_FULL: displaced by 0x/);
});

function mempoolEntry(tx: ReturnType<typeof testTransaction>) {
  const { hash, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value } = tx;
  return {
    ...{ hash, raw: tx.raw, sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value },
    ...{ arrival: 0n, receivedAtMs: 0, sealedHeight: undefined },
  };
}

test('lagging refuses new ones with a time, known ones are still known', async () => {
  const { admitting, view } = harness();
  await admitting.submit([raw(0n)]);
  view.safe = -61n;
  const [known, refused] = await admitting.submit([raw(0n), raw(1n)]);
  expect(known).toMatchObject({ accepted: true, known: true });
  expect(refused).toMatchObject({ accepted: false, refusal: { reason: 'LAGGING', retryAfterMs: 1_000 } });
});

test('a failed write answers nobody and breaks the term', async () => {
  const { admitting, state, broken } = harness({ gapWaitMs: 60_000 });
  const waitingForGap = admitting.submit([raw(1n)]);
  state.write = () => Promise.reject(new ChainError({ code: 'UNAVAILABLE', message: 'gone' }));
  await expect(admitting.submit([raw(0n)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(waitingForGap).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(broken).toHaveLength(1);
});

test('execution behind the applied head is no ground to judge on', async () => {
  const { admitting, state, broken } = harness();
  state.height = 2n;
  await expect(admitting.submit([raw(0n)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(broken).toEqual([]);
});

test('stopping answers who waits, and refuses who comes', async () => {
  const { admitting } = harness({ gapWaitMs: 60_000 });
  const early = admitting.submit([raw(1n)]);
  await admitting.submit([raw(0n, 100n)].slice(1).concat(new Uint8Array(1)));
  admitting.stop();
  await expect(early).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(admitting.submit([raw(0n)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('more than the queue holds is a limit', async () => {
  const { admitting } = harness({ admissionQueueMax: 1 });
  await expect(admitting.submit([raw(0n), raw(1n)])).rejects.toMatchObject({ code: 'LIMIT' });
});
