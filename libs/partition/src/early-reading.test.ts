// Goal: what is read early is what the member's own senders sent, all of it, each once.
import { toAddress, type Address } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { ownersOf } from './buckets.ts';
import { EarlyReading } from './early-reading.ts';
import { Owners } from './owners.ts';
import type { Step } from './steps.ts';

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
