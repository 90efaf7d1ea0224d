// What an executor tells the coordinator after a round: for each position what it came to, for each key which positions
// read and wrote it.
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { accountKeyId, slotKeyId } from './key-id.ts';
import type { AccountCell } from './memory.ts';
import { BALANCE_READ, CODE_READ, NONCE_READ, SLOT_READ, gasLimitOf, type PositionRun } from './position-run.ts';

/** What became of a position, as far as the coordinator needs it to validate. */
export interface ReportedPosition {
  position: number;
  included: boolean;
  /** `undefined`: there is no such thing. */
  gasLimit: bigint | undefined;
  gasUsed: bigint;
  blobGasUsed: bigint;
}

/** One access to one key. Of an account: seen are the code's, the nonce's and the credits'; of a slot the first only. */
export interface ReportedAccess {
  position: number;
  mask: number;
  seen: number;
  seenNonce: number;
  seenCredits: number;
}

export interface ReportedKey {
  id: number;
  isSlot: boolean;
  /** By rising position. */
  accesses: ReportedAccess[];
}

export interface Report {
  positions: ReportedPosition[];
  keys: ReportedKey[];
}

/** `runs`: those of this round, by rising position. */
export function encodeReport(runs: readonly PositionRun[], salt: number): Uint8Array {
  const writer = new ByteWriter(64 * runs.length + 64);
  writer.number(runs.length);
  let last = 0;
  for (const run of runs) {
    const { position, outcome, gas } = run;
    writer.number(position - last);
    last = position;
    const gasLimit = gasLimitOf(run);
    const included = outcome.kind === 'included';
    writer.byte((included ? 1 : 0) | (gasLimit === undefined ? 0 : 2));
    if (gasLimit !== undefined) writer.natural(gasLimit);
    if (included) {
      writer.natural(gas);
      writer.natural(outcome.applied.blobGasUsed);
    }
  }
  const accounts = new Map<AccountCell, ByteWriter>();
  const slots = new Map<object, { account: AccountCell; slot: Uint8Array; writer: ByteWriter; count: number }>();
  const counts = new Map<AccountCell, number>();
  for (const run of runs) {
    for (const { cell, mask, code, nonce, credits } of run.accounts) {
      if (mask === 0) continue;
      let log = accounts.get(cell);
      if (log === undefined) accounts.set(cell, (log = new ByteWriter(16)));
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
      log.number(run.position);
      log.byte(mask);
      if ((mask & CODE_READ) !== 0) log.number((code?.position ?? -1) + 1);
      if ((mask & NONCE_READ) !== 0) log.number((nonce?.position ?? -1) + 1);
      if ((mask & BALANCE_READ) !== 0) log.number(credits);
    }
    for (const { account, slot, cell, mask, version } of run.slots) {
      if (mask === 0) continue;
      let log = slots.get(cell);
      if (log === undefined) slots.set(cell, (log = { account, slot, writer: new ByteWriter(8), count: 0 }));
      log.count += 1;
      log.writer.number(run.position);
      log.writer.byte(mask);
      if ((mask & SLOT_READ) !== 0) log.writer.number((version?.position ?? -1) + 1);
    }
  }
  writer.number(accounts.size);
  for (const [cell, log] of accounts) {
    writer.double(accountKeyId(cell.address, salt));
    writer.number(counts.get(cell)!);
    writer.fixed(log.finish());
  }
  writer.number(slots.size);
  for (const { account, slot, writer: log, count } of slots.values()) {
    writer.double(slotKeyId(accountKeyId(account.address, salt), slot));
    writer.number(count);
    writer.fixed(log.finish());
  }
  return writer.finish();
}

/** `end`: positions of the block. @throws ChainError `INVALID_ARGUMENT` */
export function decodeReport(bytes: Uint8Array, end: number): Report {
  const reader = new ByteReader(bytes);
  const positions: ReportedPosition[] = [];
  let position = 0;
  for (let left = reader.count(2); left > 0; left--) {
    position += reader.number();
    if (position >= end) throw malformed(`has position ${position} of ${end}`);
    const flags = reader.byte();
    const gasLimit = (flags & 2) === 0 ? undefined : reader.natural();
    const included = (flags & 1) !== 0;
    const [gasUsed, blobGasUsed] = included ? [reader.natural(), reader.natural()] : [0n, 0n];
    positions.push({ position, included, gasLimit, gasUsed, blobGasUsed });
  }
  const keys: ReportedKey[] = [];
  for (let left = reader.count(10); left > 0; left--) keys.push(readKey(reader, false, end));
  for (let left = reader.count(10); left > 0; left--) keys.push(readKey(reader, true, end));
  reader.end();
  return { positions, keys };
}

function readKey(reader: ByteReader, isSlot: boolean, end: number): ReportedKey {
  const id = reader.double();
  const accesses: ReportedAccess[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    const position = reader.below(end, 'position');
    const mask = reader.byte();
    const seen = (mask & CODE_READ) !== 0 ? reader.number() - 1 : -1;
    const seenNonce = !isSlot && (mask & NONCE_READ) !== 0 ? reader.number() - 1 : -1;
    const seenCredits = !isSlot && (mask & BALANCE_READ) !== 0 ? reader.number() : 0;
    accesses.push({ position, mask, seen, seenNonce, seenCredits });
  }
  return { id, isSlot, accesses };
}
