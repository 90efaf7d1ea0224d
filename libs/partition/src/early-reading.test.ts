// Goal: what is read early is what the member's own senders sent, all of it, each once, and before the block is placed.
import { toAddress, toHash32, type Address } from '@sheaf/primitives';
import { createForkRules, type BlockTask } from '@sheaf/state-transition';
import { keccak256 } from '@sheaf/trie';
import { ownersOf } from './buckets.ts';
import { EarlyReading } from './early-reading.ts';
import { LaneMember } from './lane-member.ts';
import { partitionLimits } from './limits.ts';
import { Owners } from './owners.ts';
import type { Step } from './steps.ts';

const rules = createForkRules({ fork: 'cancun', chainId: 1n });
const hash = toHash32(new Uint8Array(32).fill(7));
const members = 2;
const senderOf = (n: number): Uint8Array => new Uint8Array(20).fill(n + 1);
const addressOf = (n: number): Address => toAddress(senderOf(n));

test('own senders', () => {
  const count = 300;
  const steps: Step[] = [
    { kind: 'system', to: addressOf(0), data: new Uint8Array(0) },
    ...Array.from({ length: count }, (_, index) => ({ kind: 'transaction' as const, index })),
    { kind: 'withdrawals' },
  ];
  const senders = Array.from({ length: count }, (_, n) => (n % 7 === 3 ? undefined : addressOf(n % 250)));
  const owners = ownersOf(members);
  const read = [0, 1].map((member) => {
    const positions: number[] = [];
    const reader = { steps, read: (list: readonly number[]) => void positions.push(...list) };
    const reading = new EarlyReading({
      member,
      owners: new Owners(members),
      senders,
      reader,
    });
    while (reading.step());
    expect(reading.step()).toBe(false);
    return positions;
  });
  const expected = [0, 1].map((member) =>
    senders.flatMap((sender, n) =>
      sender !== undefined && owners[keccak256(senderOf(n % 250))[0]!] === member ? [n + 1] : [],
    ),
  );
  expect(read).toEqual(expected);
});

test('a member reads before it is told of an attempt, in a small lane', () => {
  const fields = { number: 1n, parentBeaconBlockRoot: hash, parentHash: hash };
  const transactions = Array.from({ length: 300 }, (_, n) => Uint8Array.of(2, n));
  const senders = transactions.map((_, n) => addressOf(n % 250));
  const task = { kind: 'payload', fields, transactions, senders, withdrawals: [] } as unknown as BlockTask;
  const stepsOf = (members: number): number => {
    const nothing = () => undefined;
    const dependencies = { state: { unstage: nothing } as never, send: nothing, decided: nothing };
    const member = new LaneMember({ member: 1, members, rules, evm: {} as never }, dependencies);
    member.begin(task);
    let steps = 0;
    while (member.step()) steps += 1;
    return steps;
  };
  // 302 positions, 128 at a time.
  expect(stepsOf(2)).toBe(3);
  expect(stepsOf(partitionLimits.earlyReadingMembersMax + 1)).toBe(0);
});
