// Goal: whatever is added, removed, sealed and evicted in whatever order, the mempool agrees with a plain list.
// Method: fast-check commands against an array model; bounds, sums, tails and next nonces are compared after each.
import { toHeight } from '@sheaf/primitives';
import fc from 'fast-check';
import { Mempool, nextNonce, paysLess } from './mempool.ts';
import { worstCost, type PendingTransaction } from './pending-transaction.ts';
import { testPending, testSender } from './testing.ts';

const senders = 4;

type Step =
  | { kind: 'append'; sender: number; fee: number; bytes: number }
  | { kind: 'remove'; pick: number }
  | { kind: 'seal'; pick: number }
  | { kind: 'makeRoom'; fee: number; bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    sender: fc.nat(senders - 1),
    fee: fc.integer({ min: 1, max: 8 }),
    bytes: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('seal' as const), pick: fc.nat() }),
  fc.record({
    kind: fc.constant('makeRoom' as const),
    fee: fc.integer({ min: 1, max: 9 }),
    bytes: fc.integer({ min: 1, max: 60 }),
  }),
);

const options = { transactionsMax: 12, bytesMax: 200 };

test('agrees with a list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const mempool = new Mempool(options);
      let model: PendingTransaction[] = [];
      for (const one of steps) {
        model = apply(mempool, model, one);
        expectAgreement(mempool, model);
      }
    }),
    { numRuns: 300 },
  );
});

function apply(mempool: Mempool, model: PendingTransaction[], one: Step): PendingTransaction[] {
  switch (one.kind) {
    case 'append': {
      const sender = testSender(one.sender);
      const tx = pending(nextNonce(mempool.queue(sender).entries, 0n), one, sender);
      if (!mempool.hasRoom(tx.raw.length)) return model;
      mempool.add(tx);
      return [...model, tx];
    }
    case 'remove': {
      const tx = model[one.pick % Math.max(1, model.length)];
      if (!tx) return model;
      expect(mempool.remove(tx.hash)).toBe(tx);
      return model.filter((entry) => entry !== tx);
    }
    case 'seal': {
      const tx = model[one.pick % Math.max(1, model.length)];
      if (tx) mempool.markSealed([tx.hash], toHeight(1));
      return model;
    }
    case 'makeRoom': {
      const tx = pending(0n, one, testSender(senders));
      const evicted = mempool.makeRoom(tx);
      expectEviction(model, tx, evicted);
      return model.filter((entry) => !evicted?.includes(entry));
    }
  }
}

function pending(nonce: bigint, { fee, bytes }: { fee: number; bytes: number }, sender: PendingTransaction['sender']) {
  const maxFeePerGas = BigInt(fee);
  return testPending({ sender, nonce, maxFeePerGas, maxPriorityFeePerGas: 1n, raw: new Uint8Array(bytes) });
}

/** What went paid less, was a tail when it went, and no more than needed went. */
function expectEviction(
  model: PendingTransaction[],
  tx: PendingTransaction,
  evicted: PendingTransaction[] | undefined,
) {
  if (!evicted) return;
  let left = model;
  for (const victim of evicted) {
    expect(fits(left, tx)).toBe(false);
    expect(paysLess(victim, tx)).toBe(true);
    expect(victim.sealedHeight).toBeUndefined();
    const tails = left.filter((a) => !left.some((b) => b.sender === a.sender && b.nonce > a.nonce));
    const free = tails.filter((tail) => tail.sealedHeight === undefined);
    expect(free.every((tail) => tail === victim || paysLess(victim, tail))).toBe(true);
    left = left.filter((entry) => entry !== victim);
  }
  expect(fits(left, tx)).toBe(true);
}

function fits(model: PendingTransaction[], tx: PendingTransaction): boolean {
  const bytes = model.reduce((sum, entry) => sum + entry.raw.length, tx.raw.length);
  return model.length < options.transactionsMax && bytes <= options.bytesMax;
}

function expectAgreement(mempool: Mempool, model: PendingTransaction[]): void {
  expect(mempool.size).toBe(model.length);
  expect(mempool.bytes).toBe(model.reduce((sum, entry) => sum + entry.raw.length, 0));
  expect(new Set(mempool.sealedHashes())).toEqual(
    new Set(model.filter((entry) => entry.sealedHeight !== undefined).map((entry) => entry.hash)),
  );
  for (let n = 0; n < senders; n++) {
    const queue = mempool.queue(testSender(n));
    const own = model.filter((entry) => entry.sender === testSender(n)).sort((a, b) => Number(a.nonce - b.nonce));
    expect(queue.entries).toEqual(own);
    expect(queue.costTotal).toBe(own.reduce((sum, entry) => sum + worstCost(entry), 0n));
    for (const stateNonce of [0n, 1n, 3n, 20n]) {
      let next = stateNonce;
      while (own.some((entry) => entry.nonce === next)) next += 1n;
      expect(nextNonce(queue.entries, stateNonce)).toBe(next);
    }
  }
}

test('executable senders: best tip first, then earliest, only who pays the base fee', () => {
  const mempool = new Mempool({ transactionsMax: 10, bytesMax: 10_000 });
  const cheap = testPending({ sender: testSender(1), maxFeePerGas: 9n });
  const early = testPending({ sender: testSender(2), maxFeePerGas: 50n, maxPriorityFeePerGas: 5n });
  const best = testPending({ sender: testSender(3), maxFeePerGas: 50n, maxPriorityFeePerGas: 6n });
  const late = testPending({ sender: testSender(4), maxFeePerGas: 15n, maxPriorityFeePerGas: 9n });
  for (const tx of [late, best, cheap, early]) mempool.add(tx);
  expect(mempool.executableSenders(10n, 9)).toEqual([testSender(3), testSender(2), testSender(4)]);
  expect(mempool.executableSenders(10n, 1)).toEqual([testSender(3)]);
  expect(mempool.hasExecutable(10n)).toBe(true);
  expect(mempool.hasExecutable(51n)).toBe(false);
});

test('a sender does not make room for its own next transaction', () => {
  const mempool = new Mempool({ transactionsMax: 1, bytesMax: 10_000 });
  const first = testPending({ maxFeePerGas: 1n });
  mempool.add(first);
  expect(mempool.makeRoom(testPending({ nonce: 1n, maxFeePerGas: 99n }))).toBeUndefined();
  expect(mempool.get(first.hash)).toBe(first);
});

test('what waited too long is found in order of arrival, sealed ones are not', () => {
  const mempool = new Mempool({ transactionsMax: 10, bytesMax: 10_000 });
  const sealed = testPending({ nonce: 0n, receivedAtMs: 1 });
  const old = testPending({ nonce: 1n, receivedAtMs: 2 });
  const young = testPending({ nonce: 2n, receivedAtMs: 9 });
  for (const tx of [young, old, sealed]) mempool.add(tx);
  mempool.markSealed([sealed.hash], toHeight(1));
  expect(mempool.receivedBefore(5)).toEqual([old]);
  expect(mempool.above(old.sender, old.nonce)).toEqual([young]);
});
