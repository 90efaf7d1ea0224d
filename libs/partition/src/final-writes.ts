// What the runs that count left of each account, for its owner: the last of each field, the sum of what was added to the
// balance, which slots were asked for. The owner puts together what all members say, and has the changes of the block.
import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, equalBytes, type Hash32 } from '@sheaf/primitives';
import {
  emptyCodeHashBytes,
  type AccessList,
  type AccountAccess as ListedAccount,
  type AccountChange,
  type BlockChanges,
  type StateReader,
} from '@sheaf/state';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { noSlots, slotCell, type AccountCell, type SlotCell, type VersionedMemory } from './memory.ts';
import { SLOT_WRITE, type PositionRun } from './position-run.ts';

/** Positions are -1 where there is none. */
export interface FinalSlot {
  slot: Uint8Array;
  /** The last position that asked for what it was before the block. */
  asked: number;
  /** The last position that wrote it. */
  written: number;
  value: Uint8Array | undefined;
}

/** But for its slots. */
export interface AccountLeft {
  /** The last position that did away with its storage. */
  wiped: number;
  coded: number;
  codeHash: Uint8Array;
  code: Uint8Array | undefined;
  nonced: number;
  nonce: bigint;
  delta: bigint;
}

export interface FinalAccount extends AccountLeft {
  address: Uint8Array;
  slots: FinalSlot[];
}

/** The accounts that the runs touched, by owner; each has the slots that count, and those what the runs did with them. `round`: the last one. */
export function touchedAccounts(
  runs: readonly (PositionRun | undefined)[],
  members: number,
  round: number,
): AccountCell[][] {
  const byOwner: AccountCell[][] = Array.from({ length: members }, () => []);
  for (const run of runs) {
    if (run === undefined) continue;
    for (const { cell } of run.accounts) touchAccount(cell, round, byOwner[cell.owner]!);
    for (const { account, cell, mask, listed } of run.slots) {
      const writes = (mask & SLOT_WRITE) !== 0;
      if (!listed && !writes) continue;
      if (cell.touchedIn !== round) {
        touchAccount(account, round, byOwner[account.owner]!);
        touchSlot(account, cell, round);
      }
      if (listed) cell.asked = run.position;
      if (writes) cell.written = run.position;
    }
  }
  for (const cells of byOwner) {
    for (const { slotsTouched } of cells) {
      for (const slot of slotsTouched) {
        if (slot.written >= 0) slot.left = slot.versions.findLast(({ position }) => position === slot.written)!.value;
      }
    }
  }
  return byOwner;
}

function touchAccount(cell: AccountCell, round: number, touched: AccountCell[]): void {
  if (cell.touchedIn === round) return;
  cell.touchedIn = round;
  cell.slotsTouched = noSlots;
  touched.push(cell);
}

function touchSlot(account: AccountCell, cell: SlotCell, round: number): void {
  cell.touchedIn = round;
  cell.asked = -1;
  cell.written = -1;
  cell.left = undefined;
  if (account.slotsTouched.length === 0) account.slotsTouched = [cell];
  else account.slotsTouched.push(cell);
}

/** What this member's runs left of the account, for its owner. */
export function finalAccount(cell: AccountCell): FinalAccount {
  const slots = cell.slotsTouched.map(({ slot, asked, written, left }) => ({ slot, asked, written, value: left }));
  return { address: cell.address, ...accountLeft(cell), slots };
}

const nothingLeft: Readonly<AccountLeft> = {
  wiped: -1,
  coded: -1,
  codeHash: emptyCodeHashBytes,
  code: undefined,
  nonced: -1,
  nonce: 0n,
  delta: 0n,
};

function accountLeft({ codes, nonces, credits }: AccountCell): AccountLeft {
  const left = { ...nothingLeft };
  for (const { position, round, codeHash, code, wipes } of codes) {
    if (round <= 0) continue;
    left.coded = position;
    left.codeHash = codeHash;
    left.code = code;
    if (wipes) left.wiped = position;
  }
  for (const { position, round, nonce } of nonces) {
    if (round <= 0) continue;
    left.nonced = position;
    left.nonce = nonce;
  }
  for (const { round, delta } of credits.list()) if (round > 0) left.delta += delta;
  return left;
}

/** What one member's runs left of the accounts of another one. */
export interface Finals {
  /** The round that the runs were the last of: they count if there is none after it. */
  round: number;
  accounts: FinalAccount[];
}

export function encodeFinals({ round, accounts }: Finals): Uint8Array {
  const writer = new ByteWriter(64 * accounts.length + 16);
  writer.number(round);
  writer.number(accounts.length);
  for (const { address, wiped, coded, codeHash, code, nonced, nonce, delta, slots } of accounts) {
    writer.fixed(address);
    writer.byte((coded < 0 ? 0 : 1) | (nonced < 0 ? 0 : 2) | (delta === 0n ? 0 : 4) | (code === undefined ? 0 : 8));
    if (coded >= 0) {
      writer.number(coded);
      writer.number(wiped + 1);
      writer.fixed(codeHash);
      if (code !== undefined) writer.bytes(code);
    }
    if (nonced >= 0) {
      writer.number(nonced);
      writer.natural(nonce);
    }
    if (delta !== 0n) writer.integer(delta);
    writer.number(slots.length);
    for (const { slot, asked, written, value } of slots) {
      writer.fixed(slot);
      writer.number(asked + 1);
      writer.number(written + 1);
      if (written < 0) continue;
      writer.byte(value === undefined ? 0 : 1);
      if (value !== undefined) writer.fixed(value);
    }
  }
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeFinals(bytes: Uint8Array): Finals {
  const reader = new ByteReader(bytes);
  const round = reader.number();
  const accounts: FinalAccount[] = [];
  for (let left = reader.count(22); left > 0; left--) {
    const address = reader.fixed(20);
    const flags = reader.byte();
    const account: FinalAccount = { address, ...nothingLeft, slots: [] };
    if ((flags & 1) !== 0) {
      account.coded = reader.number();
      account.wiped = reader.number() - 1;
      account.codeHash = reader.fixed(32);
      if ((flags & 8) !== 0) account.code = reader.bytes();
    } else if ((flags & 8) !== 0) throw malformed('has a code without its hash');
    if ((flags & 2) !== 0) {
      account.nonced = reader.number();
      account.nonce = reader.natural();
    }
    if ((flags & 4) !== 0) account.delta = reader.integer();
    for (let slots = reader.count(34); slots > 0; slots--) {
      const slot = reader.fixed(32);
      const asked = reader.number() - 1;
      const written = reader.number() - 1;
      const value = written >= 0 && reader.byte() === 1 ? reader.fixed(32) : undefined;
      account.slots.push({ slot, asked, written, value });
    }
    accounts.push(account);
  }
  reader.end();
  return { round, accounts };
}

/** What the block leaves of the accounts of one owner, and its part of the access list. */
export interface OwnedChanges {
  changes: BlockChanges;
  accounts: ListedAccount[];
}

export interface FinalSources {
  /** As `touchedAccounts` found them in the last round. */
  own: readonly AccountCell[];
  /** Of every other member. */
  others: readonly (readonly FinalAccount[])[];
  round: number;
  memory: VersionedMemory;
  member: number;
  /** The owner's, before the block. */
  state: StateReader;
}

/** @throws ChainError `INVALID_ARGUMENT` when another member tells of what is not this one's */
export function mergeFinals({ own, others, round, memory, member, state }: FinalSources): OwnedChanges {
  const cells = [...own];
  /** Of the accounts that others have left something of. */
  const merged = new Map<AccountCell, AccountLeft>();
  for (const final of others.flat()) {
    const cell = memory.cell(final.address);
    if (cell.owner !== member) throw malformed(`has an account of another owner: ${bytesToHex(final.address)}`);
    touchAccount(cell, round, cells);
    merged.set(cell, later(merged.get(cell) ?? accountLeft(cell), final));
    for (const slot of final.slots) mergeSlot(cell, slot, round);
  }
  const changes: BlockChanges = { accounts: [], codes: new Map() };
  const accounts: ListedAccount[] = [];
  for (const cell of cells) {
    const listed = listAccount(cell, merged.get(cell) ?? accountLeft(cell), state, changes.codes);
    accounts.push(listed);
    if (listed.change !== undefined) changes.accounts.push(listed.change);
  }
  return { changes, accounts };
}

/** The parts of one access list, one an owner, as one. */
export function joinAccessLists(parts: readonly AccessList[], codeReads: Hash32[]): AccessList {
  return {
    accounts: parts.flatMap(({ accounts }) => accounts),
    codes: new Map(parts.flatMap(({ codes }) => [...codes])),
    codeReads,
  };
}

function later(a: AccountLeft, b: AccountLeft): AccountLeft {
  const { coded, codeHash, code } = b.coded > a.coded ? b : a;
  const { nonced, nonce } = b.nonced > a.nonced ? b : a;
  return { wiped: Math.max(a.wiped, b.wiped), coded, codeHash, code, nonced, nonce, delta: a.delta + b.delta };
}

function mergeSlot(account: AccountCell, { slot, asked, written, value }: FinalSlot, round: number): void {
  const cell = slotCell(account, slot);
  if (cell.touchedIn !== round) touchSlot(account, cell, round);
  if (asked > cell.asked) cell.asked = asked;
  if (written > cell.written) {
    cell.written = written;
    cell.left = value;
  }
}

const zeroWord = new Uint8Array(32);

function listAccount(
  cell: AccountCell,
  final: AccountLeft,
  state: StateReader,
  codes: Map<Hash32, Uint8Array>,
): ListedAccount {
  const { address, slotsTouched } = cell;
  const { wiped, coded, nonced, delta } = final;
  const base = cell.base === undefined ? (state.account(address) as HostAccount | undefined) : (cell.base ?? undefined);
  const now = accountAfter(final, base);
  const slots: AccountChange['slots'] = [];
  const reads: Uint8Array[] = [];
  for (const each of slotsTouched) {
    const { slot, asked, written, left } = each;
    const counts = written >= 0 && written >= wiped;
    if (asked <= wiped && !counts) continue;
    const before = wiped >= 0 ? undefined : slotBefore(address, each, state);
    const after = counts ? left : before;
    const same = after === undefined || before === undefined ? after === before : equalBytes(before, after);
    if (same || now === undefined) reads.push(slot);
    else slots.push({ slot, value: after ?? zeroWord });
  }
  const storageWiped = wiped >= 0 && base?.hasStorage === true;
  const written = coded >= 0 || nonced >= 0 || delta !== 0n || slots.length > 0;
  if (!written || (base === undefined && now === undefined)) return { address, reads, change: undefined };
  if (sameAccount(base, now) && !storageWiped && slots.length === 0) return { address, reads, change: undefined };
  const account = now && { nonce: now.nonce, balance: now.balance, codeHash: now.codeHash };
  if (now !== undefined && final.code !== undefined && final.code.length > 0) {
    if (base === undefined || !equalBytes(base.codeHash, now.codeHash)) {
      codes.set(bytesToHex(now.codeHash) as Hash32, final.code.slice());
    }
  }
  return { address, reads, change: { address, account, storageWiped, slots } };
}

function slotBefore(address: Uint8Array, { slot, base }: SlotCell, state: StateReader): Uint8Array | undefined {
  return base === undefined ? (state.storage(address, slot) as Uint8Array | undefined) : (base ?? undefined);
}

function accountAfter(final: AccountLeft, base: HostAccount | undefined): HostAccount | undefined {
  const { coded, nonced, delta } = final;
  if (coded < 0 && nonced < 0 && delta === 0n) return base;
  const nonce = nonced < 0 ? (base?.nonce ?? 0n) : final.nonce;
  const balance = (base?.balance ?? 0n) + delta;
  const codeHash = coded < 0 ? (base?.codeHash ?? emptyCodeHashBytes) : final.codeHash.slice();
  if (nonce === 0n && balance === 0n && equalBytes(codeHash, emptyCodeHashBytes)) return undefined;
  return { nonce, balance, codeHash, hasStorage: false };
}

function sameAccount(a: HostAccount | undefined, b: HostAccount | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.nonce === b.nonce && a.balance === b.balance && equalBytes(a.codeHash, b.codeHash);
}
