// What a member tells the coordinator of its first round when all may have gone well: only keys that another member may have touched
// too, and of each all that was done with it in one mask. A key that its owner has given to nobody is nobody else's.
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { accountKeyId, slotKeyId } from './key-id.ts';
import type { AccountCell, Sharing, SlotCell } from './memory.ts';
import { CODE_READ, gasLimitOf, type PositionRun } from './position-run.ts';

export interface SummaryKey {
  id: number;
  /** Bits as of an access: what all runs of the member did. */
  mask: number;
  /** What the owner had done, as it told this member when its own summary was written. */
  ownerMask: number;
}

export interface Summary {
  /** How many positions it is of. */
  positions: number;
  /** Something was looked at whose owner does not know it: only the whole report will do. */
  uncertain: boolean;
  gasUsed: bigint;
  /** The greatest gas limit of a transaction; 0: there is none. */
  gasLimitMax: bigint;
  keys: SummaryKey[];
}

export interface SummaryOptions {
  member: number;
  salt: number;
  /** Accounts that are credited without being looked at: whoever touched them says so. */
  open: ReadonlySet<AccountCell>;
}

/** `runs`: those of the first round. Afterwards each cell that they touched says what they did with it. */
export function summaryOf(runs: readonly PositionRun[], { member, salt, open }: SummaryOptions): Summary {
  const accounts: AccountCell[] = [];
  const slots: { account: AccountCell; slot: Uint8Array; cell: SlotCell }[] = [];
  let gasUsed = 0n;
  let gasLimitMax = 0n;
  const touch = (cell: AccountCell, mask: number) => {
    if (cell.touched === 0 && mask !== 0) accounts.push(cell);
    cell.touched |= mask;
  };
  for (const run of runs) {
    const gasLimit = gasLimitOf(run) ?? 0n;
    gasUsed += run.gas;
    if (gasLimit > gasLimitMax) gasLimitMax = gasLimit;
    for (const { cell, mask } of run.accounts) touch(cell, mask);
    for (const { account, slot, cell, mask } of run.slots) {
      if (mask === 0) continue;
      if (cell.touched === 0) slots.push({ account, slot, cell });
      cell.touched |= mask;
      // Whatever a slot has been, it is gone when its account is.
      touch(account, CODE_READ);
    }
  }
  let uncertain = false;
  const keys: SummaryKey[] = [];
  const tell = (id: number, { touched, ownerTouched }: Sharing) =>
    keys.push({ id, mask: touched, ownerMask: ownerTouched });
  for (const cell of accounts) {
    const { owner, given, told, address } = cell;
    const shared = open.has(cell);
    if (owner === member && !given && !shared) continue;
    if (owner !== member && !told && !shared) uncertain = true;
    tell(accountKeyId(address, salt), cell);
  }
  for (const { account, slot, cell } of slots) {
    // Where there was no storage nobody asks for a slot: then having asked for the account counts.
    const bare = account.base?.hasStorage !== true;
    if (account.owner === member) {
      if (!cell.given && !(bare && account.given)) continue;
    } else if (!cell.told && !(bare && account.told && account.ownerTouched === 0)) {
      uncertain = true;
    }
    tell(slotKeyId(accountKeyId(account.address, salt), slot), cell);
  }
  return { positions: runs.length, uncertain, gasUsed, gasLimitMax, keys };
}

/**
 * Whether no run can have seen anything but what the sequential run of the block would have shown it: nothing that one member looked
 * at has another one written, and there was gas for all. By member, all of them.
 */
export function agree(summaries: readonly Summary[], gasLimit: bigint): boolean {
  let gas = 0n;
  let greatest = 0n;
  for (const { uncertain, gasUsed, gasLimitMax } of summaries) {
    if (uncertain) return false;
    gas += gasUsed;
    if (gasLimitMax > greatest) greatest = gasLimitMax;
  }
  if (gas + greatest > gasLimit) return false;
  const seen = new Map<number, number>();
  for (const { keys } of summaries) {
    for (const { id, mask, ownerMask } of keys) {
      const others = (seen.get(id) ?? 0) | ownerMask;
      if (meet(others, mask)) return false;
      seen.set(id, others | mask);
    }
  }
  return true;
}

/** The bits of a mask that look at something, and those that change it, are pairs, of an account and of a slot. */
function meet(a: number, b: number): boolean {
  const reads = 0b010101;
  return ((((a & reads) << 1) & b) | (((b & reads) << 1) & a)) !== 0;
}

export function encodeSummary({ positions, uncertain, gasUsed, gasLimitMax, keys }: Summary): Uint8Array {
  const writer = new ByteWriter(10 * keys.length + 32);
  writer.number(positions);
  writer.byte(uncertain ? 1 : 0);
  writer.natural(gasUsed);
  writer.natural(gasLimitMax);
  writer.number(keys.length);
  for (const { id, mask, ownerMask } of keys) {
    writer.double(id);
    writer.byte(mask);
    writer.byte(ownerMask);
  }
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeSummary(bytes: Uint8Array): Summary {
  const reader = new ByteReader(bytes);
  const positions = reader.number();
  const flags = reader.byte();
  if (flags > 1) throw malformed(`has flags ${flags}`);
  const gasUsed = reader.natural();
  const gasLimitMax = reader.natural();
  const keys: SummaryKey[] = [];
  for (let left = reader.count(10); left > 0; left--) {
    keys.push({ id: reader.double(), mask: reader.byte(), ownerMask: reader.byte() });
  }
  reader.end();
  return { positions, uncertain: flags === 1, gasUsed, gasLimitMax, keys };
}
