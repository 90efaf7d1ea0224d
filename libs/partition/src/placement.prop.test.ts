// Goal: every position is placed on a member that there is, the same everywhere, all of one sender together; groups that run
// again stay whole.
import { encodeTransaction } from '@sheaf/ethereum';
import { hexToBytes, toAddress, type Address } from '@sheaf/primitives';
import type { BlockTask } from '@sheaf/state-transition';
import fc from 'fast-check';
import { Owners } from './owners.ts';
import { place, placeAgain } from './placement.ts';
import type { Step } from './steps.ts';

const addressOf = (n: number): Address => toAddress(`0x${n.toString(16).padStart(2, '0').repeat(20)}`);

function encoded(fields: { nonce: number; to: Address | undefined; data: Uint8Array; gasLimit: bigint }): Uint8Array {
  const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 0n };
  const none = { accessList: [], authorizationList: [], blobVersionedHashes: [] };
  const rest = { type: 2 as const, chainId: 1n, value: 1n };
  const signature = { r: 1n, s: 1n, yParity: 0 } as const;
  return encodeTransaction({ ...rest, ...fields, nonce: BigInt(fields.nonce), ...fees, ...none }, signature);
}

const transaction = fc.record({
  sender: fc.option(fc.nat({ max: 5 }), { nil: undefined, freq: 8 }),
  to: fc.option(fc.integer({ min: 20, max: 24 }), { nil: undefined, freq: 8 }),
  data: fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc.uint8Array({ maxLength: 100 }),
    fc.nat({ max: 3 }).map((n) => {
      const data = new Uint8Array(68);
      data.set([0xa9, 0x05, 0x9c, 0xbb]);
      data.fill(n, 16, 36);
      return data;
    }),
  ),
  gasLimit: fc.bigInt({ min: 21_000n, max: 30_000_000n }),
  garbage: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined, freq: 8 }),
});

test('positions', () => {
  fc.assert(
    fc.property(
      fc.array(transaction, { maxLength: 40 }),
      fc.integer({ min: 1, max: 256 }),
      fc.constantFrom(0, 0.3, 1),
      (list, members, coordinatorShare) => {
        const transactions = list.map(({ to, data, gasLimit, garbage }, nonce) => {
          const toAddress = to === undefined ? undefined : addressOf(to);
          return garbage ?? encoded({ nonce, to: toAddress, data, gasLimit });
        });
        const senders = list.map(({ sender }) => (sender === undefined ? undefined : addressOf(sender)));
        const steps: Step[] = [
          { kind: 'system', to: addressOf(99), data: new Uint8Array(0) },
          ...transactions.map((_, index) => ({ kind: 'transaction' as const, index })),
          { kind: 'withdrawals' },
        ];
        const task = { transactions } as unknown as BlockTask;
        const input = {
          task,
          steps,
          senders,
          members,
          owners: new Owners(members),
          coordinatorShare,
          serial: new Set<string>(),
        };
        const placed = place(input);
        expect(place(input)).toEqual(placed);
        expect(placed.length).toBe(steps.length);
        expect(placed.every((member) => member < members)).toBe(true);
        expect([placed[0], placed.at(-1)]).toEqual([0, 0]);
        const ofSender = new Map<Address, number>();
        senders.forEach((sender, index) => {
          if (sender === undefined || list[index]!.garbage !== undefined) return;
          const member = placed[index + 1]!;
          expect(ofSender.get(sender) ?? member).toBe(member);
          ofSender.set(sender, member);
        });
      },
    ),
  );
});

test('the coordinator gets less for its other work', () => {
  const senders = Array.from({ length: 100 }, (_, n) => addressOf(n + 100));
  const fields = { nonce: 0, to: addressOf(20), data: new Uint8Array(0), gasLimit: 21_000n };
  const task = { transactions: senders.map(() => encoded(fields)) } as unknown as BlockTask;
  const steps = senders.map((_, index) => ({ kind: 'transaction' as const, index }));
  const members = 2;
  const shareOf = (coordinatorShare: number): number => {
    const owners = new Owners(members);
    const placed = place({ task, steps, senders, members, owners, coordinatorShare, serial: new Set<string>() });
    return placed.filter((member) => member === 0).length;
  };
  expect(shareOf(0)).toBeCloseTo(50, -1);
  expect(shareOf(0.4)).toBe(30);
  expect(shareOf(1)).toBe(0);
});

test('calls that all meet stay with their owner, however much else the coordinator does', () => {
  const members = 2;
  const owners = new Owners(members);
  const contracts = Array.from({ length: 30 }, (_, n) => addressOf(n));
  for (const contract of contracts) {
    const fields = { nonce: 0, to: contract, data: Uint8Array.of(1, 2, 3, 4), gasLimit: 100_000n };
    const senders = Array.from({ length: 10 }, (_, n) => addressOf(n + 100));
    const task = { transactions: senders.map(() => encoded(fields)) } as unknown as BlockTask;
    const steps = senders.map((_, index) => ({ kind: 'transaction' as const, index }));
    for (const coordinatorShare of [0, 0.25, 0.75]) {
      const placed = place({ task, steps, senders, members, owners, coordinatorShare, serial: new Set<string>() });
      expect(new Set(placed)).toEqual(new Set([owners.of(hexToBytes(contract))]));
    }
  }
});

test('groups that run again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.record({ gas: fc.nat({ max: 100 }), before: fc.nat() }), { minLength: 1, maxLength: 5 })),
      fc.integer({ min: 1, max: 16 }),
      (shapes, members) => {
        const gas: number[] = [];
        const before: number[] = [];
        const groups = shapes.map((shape) =>
          shape.map((each) => {
            gas.push(each.gas + 1);
            before.push(each.before % members);
            return gas.length - 1;
          }),
        );
        const again = () =>
          placeAgain(
            groups,
            (position) => gas[position]!,
            (position) => before[position]!,
            members,
          );
        const placed = again();
        expect(again()).toEqual(placed);
        expect([...placed.keys()].sort((a, b) => a - b)).toEqual(gas.map((_, position) => position));
        const loads = new Array<number>(members).fill(0);
        for (const group of groups) {
          const member = placed.get(group[0]!)!;
          expect(member < members && group.every((position) => placed.get(position) === member)).toBe(true);
          for (const position of group) loads[member]! += gas[position]!;
        }
        // Nobody has more than its share and one group.
        const largest = Math.max(0, ...groups.map((group) => group.reduce((sum, position) => sum + gas[position]!, 0)));
        const total = gas.reduce((sum, each) => sum + each, 0);
        expect(Math.max(...loads)).toBeLessThanOrEqual(total / members + largest);
      },
    ),
  );
});
