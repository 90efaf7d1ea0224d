// Goal: receipts that are made while outcomes still come and change are those that come of the last ones alone.
// Method: outcomes in any order, some told twice and first another one, receipts made in between; beside one who is told all at once.
import { createForkRules, type BlockTask } from '@sheaf/state-transition';
import { Logs, receiptsRoot, transactionsRoot } from '@sheaf/ethereum';
import { toAddress, toHash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { BodyAssembly } from './assemble-block.ts';
import type { StepOutcome } from './position-run.ts';
import { stepsOf } from './steps.ts';

const rules = createForkRules({ fork: 'cancun', chainId: 1n });
const hash = toHash32(new Uint8Array(32).fill(7));
const address = toAddress(new Uint8Array(20).fill(8));

const included = fc
  .record({ success: fc.boolean(), gasUsed: fc.bigInt(21_000n, 90_000n), logged: fc.boolean() })
  .map(({ success, gasUsed, logged }): StepOutcome => {
    const logs = logged ? [{ address, topics: [hash], data: new Uint8Array(3) }] : [];
    return {
      kind: 'included',
      transaction: { hash, type: 2, to: address, gasLimit: 100_000n },
      sender: address,
      applied: {
        success,
        gasUsed,
        blobGasUsed: 0n,
        effectiveGasPrice: 1n,
        contractAddress: undefined,
        logs: Logs.of(logs),
      },
    };
  });
const noNonce: StepOutcome = { kind: 'dropped', hash, reason: 'NONCE_TOO_LOW', cause: undefined, gasLimit: undefined };
const dropped = fc.constant(noNonce);
const system = { kind: 'system', output: undefined, status: 'NO_CODE' } as const;

/** What is told of transactions, in that order; and after which of it receipts are made. */
const tellings = fc
  .array(fc.oneof({ weight: 8, arbitrary: included }, { weight: 1, arbitrary: dropped }), { maxLength: 12 })
  .chain((last) =>
    fc.record({
      last: fc.constant(last),
      first: fc.array(fc.tuple(fc.nat(Math.max(0, last.length - 1)), fc.oneof(included, dropped)), {
        maxLength: last.length === 0 ? 0 : 12,
      }),
      order: fc.shuffledSubarray([...last.keys()], { minLength: last.length }),
      advances: fc.array(fc.nat(3), { minLength: 30, maxLength: 30 }),
    }),
  );

function assembly(transactions: Uint8Array[]) {
  const fields = { parentBeaconBlockRoot: hash, parentHash: hash };
  const task = { kind: 'payload', fields, transactions, withdrawals: [] } as unknown as BlockTask;
  const making = new BodyAssembly(task, stepsOf(task, rules), rules);
  making.take(0, system);
  making.take(transactions.length + 1, { kind: 'withdrawals' });
  return making;
}

const figures = { runs: 0, gas: 0n, remoteReads: 0 };
const results = [{ round: 1, codeReads: new Map(), codesMade: new Map(), ancestors: 0, figures }];

test('whatever comes first, the last word on each counts', () => {
  fc.assert(
    fc.property(tellings, ({ last, first, order, advances }) => {
      const transactions = last.map((_, index) => Uint8Array.of(2, index));
      const making = assembly(transactions);
      const told = [...first, ...order.map((index) => [index, last[index]!] as const)];
      told.forEach(([index, outcome], at) => {
        making.take(index + 1, outcome);
        for (let steps = advances[at]!; steps > 0; steps--) making.step();
      });
      const plain = assembly(transactions);
      last.forEach((outcome, index) => plain.take(index + 1, outcome));
      const made = making.finish(results);
      expect(made).toEqual(plain.finish(results));
      const { outcome, body } = made;
      expect(body.receiptsRoot).toBe(receiptsRoot(outcome.receipts));
      expect(body.transactionsRoot).toBe(transactionsRoot(outcome.transactions));
      expect(outcome.receipts.length + outcome.dropped.length).toBe(last.length);
      let gas = 0n;
      for (const { cumulativeGasUsed, gasUsed } of outcome.receipts) expect(cumulativeGasUsed).toBe((gas += gasUsed));
    }),
  );
});

test('a position of which nothing is known', () => {
  const making = assembly([Uint8Array.of(1), Uint8Array.of(2)]);
  making.take(1, noNonce);
  expect(() => making.finish(results)).toThrow('leaves position 2 out');
});

test('what no such step comes to', () => {
  const making = assembly([Uint8Array.of(1)]);
  for (const [position, outcome] of [
    [1, system],
    [1, { kind: 'withdrawals' }],
    [0, { kind: 'withdrawals' }],
    [2, system],
  ] as const) {
    expect(() => making.take(position, outcome)).toThrow(`come to '${outcome.kind}'`);
  }
});
