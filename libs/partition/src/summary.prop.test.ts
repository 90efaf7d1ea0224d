// Goal: summaries agree only where the whole reports find nothing wrong, and always where no two members touch one account.
// Method: fast-check; random accesses of members to accounts and slots, asked for before or after the owner has summed up, with the
// conflict graph over the whole reports as the oracle.
import fc from 'fast-check';
import { ConflictGraph } from './conflict-graph.ts';
import { slotCell, VersionedMemory, type AccountCell, type Sharing, type SlotCell } from './memory.ts';
import { Owners } from './owners.ts';
import {
  BALANCE_READ,
  BALANCE_WRITE,
  CODE_READ,
  CODE_WRITE,
  NONCE_READ,
  NONCE_WRITE,
  SLOT_READ,
  SLOT_WRITE,
  type AccountAccess,
  type PositionRun,
  type SlotAccess,
} from './position-run.ts';
import { decodeReport, encodeReport } from './report.ts';
import { agree, decodeSummary, encodeSummary, summaryOf, type Summary } from './summary.ts';

const members = 3;
const positions = 8;
const accounts = 3;
const salt = 7;
const slot = new Uint8Array(32).fill(1);
const addressOf = (account: number) => new Uint8Array(20).fill(account + 1);

interface Touch {
  position: number;
  account: number;
  mask: number;
  slotMask: number;
}

const masks = [CODE_READ, CODE_WRITE, NONCE_READ, NONCE_WRITE, BALANCE_READ, BALANCE_WRITE];
const touch: fc.Arbitrary<Touch> = fc.record({
  position: fc.nat(positions - 1),
  account: fc.nat(accounts - 1),
  mask: fc.subarray(masks).map((bits) => bits.reduce((sum, bit) => sum | bit, 0)),
  slotMask: fc.constantFrom(0, SLOT_READ, SLOT_WRITE, SLOT_READ | SLOT_WRITE),
});

interface Lane {
  placed: number[];
  owners: number[];
  touches: Touch[];
  /** Who sums up first. */
  order: number[];
  /** Whether a member asks before the owner sums up, by member and account. */
  early: boolean[];
  /** Whether a member has it from somebody else than its owner, likewise. */
  heard: boolean[];
  hasStorage: boolean[];
  /** Whether slots were asked for. */
  asksSlots: boolean;
  open: boolean;
}

const lane: fc.Arbitrary<Lane> = fc.record({
  placed: fc.array(fc.nat(members - 1), { minLength: positions, maxLength: positions }),
  owners: fc.array(fc.nat(members - 1), { minLength: accounts, maxLength: accounts }),
  touches: fc.uniqueArray(touch, { maxLength: 10, selector: ({ position, account }) => `${position} ${account}` }),
  order: fc.shuffledSubarray([0, 1, 2], { minLength: members }),
  early: fc.array(fc.boolean(), { minLength: members * accounts, maxLength: members * accounts }),
  heard: fc.array(
    fc.nat(7).map((n) => n === 0),
    { minLength: members * accounts, maxLength: members * accounts },
  ),
  hasStorage: fc.array(fc.boolean(), { minLength: accounts, maxLength: accounts }),
  asksSlots: fc.boolean(),
  open: fc.boolean(),
});

const base = (hasStorage: boolean) => ({ nonce: 1n, balance: 1n, codeHash: new Uint8Array(32), hasStorage });
const last = <T>(list: readonly T[]): T | undefined => list.at(-1);

function play({ placed, owners, touches, order, early, heard, hasStorage, asksSlots, open }: Lane) {
  const memories = Array.from({ length: members }, () => new VersionedMemory(new Owners(1)));
  const cellAt = (member: number, account: number): AccountCell => {
    const cell = memories[member]!.cell(addressOf(account));
    cell.owner = owners[account]!;
    cell.base ??= base(hasStorage[account]!);
    return cell;
  };
  // The first account may be the coinbase: it is credited by whoever likes, and never asked for.
  const isOpen = (account: number) => open && account === 0;
  const counted = touches.map((each) => (isOpen(each.account) ? { ...each, mask: BALANCE_WRITE, slotMask: 0 } : each));
  const runs: PositionRun[][] = Array.from({ length: members }, (_, member) => {
    const seen = new Map<number, { code: number[]; nonce: number[]; credits: number; slot: number[] }>();
    return placed.flatMap((of, position) => {
      if (of !== member) return [];
      const run: PositionRun = {
        position,
        round: 1,
        outcome: { kind: 'withdrawals' },
        accounts: [],
        slots: [],
        codeReads: [],
        ancestors: 0,
        gas: 1n,
      };
      for (const { account, mask, slotMask } of counted.filter((each) => each.position === position)) {
        const cell = cellAt(member, account);
        const known = seen.get(account) ?? { code: [], nonce: [], credits: 0, slot: [] };
        seen.set(account, known);
        const version = (list: number[]) =>
          last(list) === undefined ? undefined : ({ position: last(list)!, round: 1 } as never);
        const access: AccountAccess = {
          stamp: 0,
          cell,
          mask,
          code: version(known.code),
          nonce: version(known.nonce),
          credits: known.credits,
          sum: 0n,
        };
        run.accounts.push(access);
        if ((mask & CODE_WRITE) !== 0) known.code.push(position);
        if ((mask & NONCE_WRITE) !== 0) known.nonce.push(position);
        if ((mask & BALANCE_WRITE) !== 0) known.credits += 1;
        if (slotMask === 0) continue;
        const part: SlotCell = slotCell(cell, slot);
        const slotAccess: SlotAccess = {
          stamp: 0,
          account: cell,
          slot,
          cell: part,
          mask: slotMask,
          version: version(known.slot),
          listed: true,
        };
        run.slots.push(slotAccess);
        if ((slotMask & SLOT_WRITE) !== 0) known.slot.push(position);
      }
      return [run];
    });
  });
  const ask = (member: number, account: number) => {
    const owner = owners[account]!;
    const looks = runs[member]!.some((run) => run.accounts.some(({ cell }) => cell === cellAt(member, account)));
    if (!looks || owner === member || isOpen(account) || heard[member * accounts + account] === true) return;
    const give = (from: Sharing, to: Sharing) => {
      from.given = true;
      to.told = true;
      to.ownerTouched |= from.touched;
    };
    const [from, to] = [cellAt(owner, account), cellAt(member, account)];
    give(from, to);
    // A member that knows of no storage asks for no slot.
    if (hasStorage[account]! && asksSlots) give(slotCell(from, slot), slotCell(to, slot));
  };
  const each = (then: (member: number, account: number) => void) => {
    for (let member = 0; member < members; member++)
      for (let account = 0; account < accounts; account++) then(member, account);
  };
  const isEarly = (member: number, account: number) =>
    early[member * accounts + account]! || order.indexOf(member) < order.indexOf(owners[account]!);
  each((member, account) => isEarly(member, account) && ask(member, account));
  const summaries: Summary[] = [];
  for (const member of order) {
    each((asker, account) => asker === member && !isEarly(asker, account) && ask(asker, account));
    const opened = new Set(open ? [cellAt(member, 0)] : []);
    const summary = summaryOf(runs[member]!, { member, salt, open: opened });
    expect(decodeSummary(encodeSummary(summary))).toEqual(summary);
    summaries[member] = summary;
  }
  const graph = new ConflictGraph();
  runs.forEach((own, member) => graph.add(member, decodeReport(encodeReport(own, salt), positions), false));
  return { summaries, wrong: graph.wrong(), touches: counted };
}

test('who agrees has nothing wrong', () => {
  fc.assert(
    fc.property(lane, (each) => {
      const { summaries, wrong } = play(each);
      if (agree(summaries, 1_000n)) expect(wrong.size).toBe(0);
    }),
    { numRuns: 3_000 },
  );
});

test('members that touch different accounts agree, and all credit one', () => {
  fc.assert(
    fc.property(lane, (each) => {
      const touches = each.touches.filter(
        ({ position, account }) =>
          (each.open && account === 0) || each.placed[position]! === (account + each.owners[0]!) % members,
      );
      const { summaries } = play({ ...each, asksSlots: true, heard: [], touches });
      expect(agree(summaries, 1_000n)).toBe(true);
    }),
  );
});

test('where gas may not suffice they do not agree', () => {
  const summary = { positions: 1, uncertain: false, gasUsed: 5n, gasLimitMax: 6n, keys: [] };
  expect(agree([summary, summary], 16n)).toBe(true);
  expect(agree([summary, summary], 15n)).toBe(false);
});
