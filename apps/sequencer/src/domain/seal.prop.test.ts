// Goal: a sealed payload is valid by construction, ordered by tip and arrival, within every bound, and the same for equal inputs.
// Method: random queues and accounts; the result is replayed naively and compared with a second run over shuffled maps.
import { toAddress, toEpoch, toHash32, toHeight, zeroAddress, type Address } from '@sheaf/primitives';
import { encodePayload } from '@sheaf/protocol';
import fc from 'fast-check';
import type { AccountSnapshot } from './admission.ts';
import { effectiveTip, worstCost, type PendingTransaction } from './pending-transaction.ts';
import { sealPayload, type SealInput } from './seal.ts';
import { testPending, testSender } from './testing.ts';

const baseFeePerGas = 10n;
const gasLimit = 210_000n;

const base: Omit<SealInput, 'queues' | 'accounts'> = {
  chainId: 7n,
  height: toHeight(5),
  epoch: toEpoch(2),
  parentHash: toHash32(new Uint8Array(32).fill(3)),
  parentTimestamp: 1_000n,
  now: 900n,
  baseFeePerGas,
  gasLimit,
  feeRecipient: toAddress(zeroAddress),
};

const senderPlan = fc.record({
  stateNonce: fc.integer({ min: 0, max: 2 }),
  firstNonce: fc.integer({ min: 0, max: 3 }),
  hole: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  balance: fc.integer({ min: 0, max: 20_000_000 }),
  fees: fc.array(
    fc.record({
      max: fc.integer({ min: 5, max: 60 }),
      tip: fc.integer({ min: 0, max: 5 }),
      gas: fc.integer({ min: 21_000, max: 90_000 }),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
});

type Plan = typeof senderPlan extends fc.Arbitrary<infer T> ? T : never;

function build(plans: readonly Plan[]): Pick<SealInput, 'queues' | 'accounts'> {
  const queues = new Map<Address, PendingTransaction[]>();
  const accounts = new Map<Address, AccountSnapshot>();
  plans.forEach((plan, n) => {
    const sender = testSender(n);
    accounts.set(sender, { nonce: BigInt(plan.stateNonce), balance: BigInt(plan.balance), code: 'none' });
    queues.set(
      sender,
      plan.fees.map(({ max, tip, gas }, i) =>
        testPending({
          sender,
          nonce: BigInt(plan.firstNonce + i + (plan.hole !== undefined && i >= plan.hole ? 1 : 0)),
          maxFeePerGas: BigInt(max),
          maxPriorityFeePerGas: BigInt(Math.min(tip, max)),
          gasLimit: BigInt(gas),
        }),
      ),
    );
  });
  return { queues, accounts };
}

test('is valid, bounded, ordered and deterministic', () => {
  fc.assert(
    fc.property(fc.array(senderPlan, { maxLength: 8 }), (plans) => {
      const state = build(plans);
      const result = sealPayload({ ...base, ...state });
      expectValid(result.included, state.accounts);
      expectOrdered(result.included);
      expect(result.included.reduce((sum, tx) => sum + tx.gasLimit, 0n)).toBeLessThanOrEqual(gasLimit);
      for (const { transaction } of result.drops) expect(result.included).not.toContain(transaction);
      const shuffled = sealPayload({
        ...base,
        queues: new Map([...state.queues].reverse()),
        accounts: new Map([...state.accounts].reverse()),
      });
      expect(shuffled).toEqual(result);
    }),
    { numRuns: 300 },
  );
});

/** Every candidate whose first transaction pays gets in, is dropped, or did not fit: sealing never spins on nothing. */
test('an executable first transaction is included or dropped, unless it does not fit', () => {
  fc.assert(
    fc.property(senderPlan, (plan) => {
      const state = build([plan]);
      const [first] = state.queues.get(testSender(0))!;
      fc.pre(first!.maxFeePerGas >= baseFeePerGas);
      const { included, drops } = sealPayload({ ...base, ...state });
      expect(included.includes(first!) || drops.some(({ transaction }) => transaction === first)).toBe(true);
    }),
  );
});

function expectValid(included: readonly PendingTransaction[], accounts: SealInput['accounts']): void {
  const nonces = new Map([...accounts].map(([sender, { nonce }]) => [sender, nonce]));
  const balances = new Map([...accounts].map(([sender, { balance }]) => [sender, balance]));
  for (const tx of included) {
    expect(tx.nonce).toBe(nonces.get(tx.sender));
    expect(tx.maxFeePerGas).toBeGreaterThanOrEqual(baseFeePerGas);
    const balance = balances.get(tx.sender)!;
    expect(worstCost(tx)).toBeLessThanOrEqual(balance);
    nonces.set(tx.sender, tx.nonce + 1n);
    // At most this is taken: execution may use less gas, never more.
    balances.set(tx.sender, balance - tx.value - tx.gasLimit * (baseFeePerGas + effectiveTip(tx, baseFeePerGas)));
  }
}

/** No transaction stands behind one that pays less, unless its own sender's lower nonce held it back. */
function expectOrdered(included: readonly PendingTransaction[]): void {
  included.forEach((tx, i) => {
    const before = included.slice(0, i).findLast((other) => other.sender === tx.sender);
    const from = before ? included.indexOf(before) + 1 : 0;
    for (const other of included.slice(from, i)) {
      const [mine, theirs] = [effectiveTip(tx, baseFeePerGas), effectiveTip(other, baseFeePerGas)];
      expect(theirs > mine || (theirs === mine && other.arrival < tx.arrival)).toBe(true);
    }
  });
}

test('time never goes back and follows the clock', () => {
  const empty = { queues: new Map(), accounts: new Map() };
  expect(sealPayload({ ...base, ...empty }).payload.timestamp).toBe(1_000n);
  expect(sealPayload({ ...base, ...empty, now: 1_001n }).payload.timestamp).toBe(1_001n);
});

test('what can never run is dropped with its reason: used nonce, poor, behind the poor, behind a hole', () => {
  const at = (n: number, nonce: bigint, value = 1n) => testPending({ sender: testSender(n), nonce, value });
  const queues = new Map([
    [testSender(0), [at(0, 0n), at(0, 1n)]],
    [testSender(1), [at(1, 0n, 10n ** 18n), at(1, 1n)]],
    [testSender(2), [at(2, 0n), at(2, 2n)]],
  ]);
  const accounts = new Map<Address, AccountSnapshot>(
    [1n, 0n, 0n].map((nonce, n) => [testSender(n), { nonce, balance: 10n ** 17n, code: 'none' }]),
  );
  const { included, drops } = sealPayload({ ...base, queues, accounts });
  expect(included.map((tx) => [tx.sender, tx.nonce])).toEqual([
    [testSender(0), 1n],
    [testSender(2), 0n],
  ]);
  expect(drops.map(({ refusal }) => refusal.reason)).toEqual([
    'NONCE_TOO_LOW',
    'INSUFFICIENT_FUNDS',
    'NONCE_GAP',
    'NONCE_GAP',
  ]);
});

test('a payload stays within its bytes', () => {
  const large = Array.from({ length: 20 }, (_, n) =>
    testPending({ sender: testSender(n), raw: new Uint8Array(131_072), gasLimit: 21_000n }),
  );
  const queues = new Map(large.map((tx) => [tx.sender, [tx]]));
  const accounts = new Map<Address, AccountSnapshot>(
    large.map((tx) => [tx.sender, { nonce: 0n, balance: 10n ** 18n, code: 'none' }]),
  );
  const { payload, included } = sealPayload({ ...base, gasLimit: 30_000_000n, queues, accounts });
  expect(included).toHaveLength(15);
  expect(encodePayload(payload).length).toBeLessThanOrEqual(2_097_152);
});
