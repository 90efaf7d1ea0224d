// What the runs that count left of each account, for its owner: the last of each field, the sum of what was added to the
// balance, which slots were asked for. The owner puts together what all members say, and has the changes of the block.
import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, equalBytes, type Hash32 } from '@sheaf/primitives';
import {
  ByteMap,
  emptyCodeHashBytes,
  type AccessList,
  type AccountAccess as ListedAccount,
  type AccountChange,
  type BlockChanges,
  type StateReader,
} from '@sheaf/state';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { lastWipe, type AccountCell, type SlotCell } from './memory.ts';
import type { PositionRun } from './position-run.ts';

/** Positions are -1 where there is none. */
export interface FinalSlot {
  slot: Uint8Array;
  /** The last position that asked for what it was before the block. */
  asked: number;
  /** The last position that wrote it. */
  written: number;
  value: Uint8Array | undefined;
}

export interface FinalAccount {
  address: Uint8Array;
  /** The last position that did away with its storage. */
  wiped: number;
  coded: number;
  codeHash: Uint8Array;
  code: Uint8Array | undefined;
  nonced: number;
  nonce: bigint;
  delta: bigint;
  slots: FinalSlot[];
}

/** Of all accounts that the runs touched, by owner. */
export function finalAccounts(runs: readonly (PositionRun | undefined)[], members: number): FinalAccount[][] {
  const known = new Map<AccountCell, FinalAccount>();
  const slots = new Map<SlotCell, FinalSlot>();
  const byOwner: FinalAccount[][] = Array.from({ length: members }, () => []);
  const accountOf = (cell: AccountCell): FinalAccount => {
    let account = known.get(cell);
    if (account === undefined) {
      known.set(cell, (account = finalAccount(cell)));
      byOwner[cell.owner]!.push(account);
    }
    return account;
  };
  for (const run of runs) {
    if (run === undefined) continue;
    for (const { cell } of run.accounts) accountOf(cell);
    for (const { account, slot, cell, mask, listed } of run.slots) {
      if (!listed && (mask & 2) === 0) continue;
      let final = slots.get(cell);
      if (final === undefined) {
        slots.set(cell, (final = { slot, asked: -1, written: -1, value: undefined }));
        accountOf(account).slots.push(final);
      }
      if (listed && run.position > final.asked) final.asked = run.position;
      if ((mask & 2) !== 0 && run.position > final.written) final.written = run.position;
    }
  }
  for (const [{ versions }, final] of slots) {
    if (final.written >= 0) final.value = versions.findLast(({ position }) => position === final.written)!.value;
  }
  return byOwner;
}

function finalAccount(cell: AccountCell): FinalAccount {
  const own = <V extends { round: number }>(versions: readonly V[]): V | undefined =>
    versions.findLast(({ round }) => round > 0);
  const codes = cell.codes.filter(({ round }) => round > 0);
  const code = codes.at(-1);
  const nonce = own(cell.nonces);
  let delta = 0n;
  for (const credit of cell.credits.list()) if (credit.round > 0) delta += credit.delta;
  return {
    address: cell.address,
    wiped: lastWipe(codes, Number.MAX_SAFE_INTEGER),
    coded: code?.position ?? -1,
    codeHash: code?.codeHash ?? emptyCodeHashBytes,
    code: code?.code,
    nonced: nonce?.position ?? -1,
    nonce: nonce?.nonce ?? 0n,
    delta,
    slots: [],
  };
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
    const account: FinalAccount = {
      address,
      wiped: -1,
      coded: -1,
      codeHash: emptyCodeHashBytes,
      code: undefined,
      nonced: -1,
      nonce: 0n,
      delta: 0n,
      slots: [],
    };
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

/** `sources`: of every member. `state`: the owner's, before the block. */
export function mergeFinals(sources: readonly (readonly FinalAccount[])[], state: StateReader): OwnedChanges {
  const merged = new ByteMap<FinalAccount[]>(20, 256);
  for (const source of sources) {
    for (const account of source) {
      const known = merged.get(account.address);
      if (known === undefined) merged.set(account.address, [account]);
      else known.push(account);
    }
  }
  const changes: BlockChanges = { accounts: [], codes: new Map() };
  const accounts: ListedAccount[] = [];
  for (const parts of merged.values()) {
    const listed = mergeAccount(parts.length === 1 ? parts[0]! : joined(parts), state, changes.codes);
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

function joined(parts: readonly FinalAccount[]): FinalAccount {
  const last = (field: 'coded' | 'nonced') => parts.reduce((a, b) => (b[field] > a[field] ? b : a));
  const { coded, codeHash, code } = last('coded');
  const { nonced, nonce } = last('nonced');
  const slots = new ByteMap<FinalSlot>(32, 8);
  for (const part of parts) {
    for (const slot of part.slots) {
      const known = slots.get(slot.slot);
      if (known === undefined) slots.set(slot.slot, { ...slot });
      else {
        known.asked = Math.max(known.asked, slot.asked);
        if (slot.written > known.written) {
          known.written = slot.written;
          known.value = slot.value;
        }
      }
    }
  }
  return {
    address: parts[0]!.address,
    wiped: Math.max(...parts.map(({ wiped }) => wiped)),
    coded,
    codeHash,
    code,
    nonced,
    nonce,
    delta: parts.reduce((sum, { delta }) => sum + delta, 0n),
    slots: [...slots.values()],
  };
}

const zeroWord = new Uint8Array(32);

function mergeAccount(final: FinalAccount, state: StateReader, codes: Map<Hash32, Uint8Array>): ListedAccount {
  const { address, wiped, coded, nonced, delta } = final;
  const base = state.account(address);
  if (typeof base === 'symbol') throw malformed(`has an account of another owner: ${bytesToHex(address)}`);
  const now = accountAfter(final, base);
  const slots: AccountChange['slots'] = [];
  const reads: Uint8Array[] = [];
  for (const { slot, asked, written, value } of final.slots) {
    const counts = written >= 0 && written >= wiped;
    if (asked <= wiped && !counts) continue;
    const before = wiped >= 0 ? undefined : (state.storage(address, slot) as Uint8Array | undefined);
    const after = counts ? value : before;
    const same = after === undefined || before === undefined ? after === before : equalBytes(before, after);
    if (same || now === undefined) reads.push(slot);
    else slots.push({ slot, value: after ?? zeroWord });
  }
  const storageWiped = wiped >= 0 && base?.hasStorage === true;
  const touched = coded >= 0 || nonced >= 0 || delta !== 0n || slots.length > 0;
  if (!touched || (base === undefined && now === undefined)) return { address, reads, change: undefined };
  if (sameAccount(base, now) && !storageWiped && slots.length === 0) return { address, reads, change: undefined };
  const account = now && { nonce: now.nonce, balance: now.balance, codeHash: now.codeHash };
  if (now !== undefined && final.code !== undefined && final.code.length > 0) {
    if (base === undefined || !equalBytes(base.codeHash, now.codeHash)) {
      codes.set(bytesToHex(now.codeHash) as Hash32, final.code.slice());
    }
  }
  return { address, reads, change: { address, account, storageWiped, slots } };
}

function accountAfter(final: FinalAccount, base: HostAccount | undefined): HostAccount | undefined {
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
