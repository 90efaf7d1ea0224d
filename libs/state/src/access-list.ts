// What one block read and wrote (the idea of EIP-7928, with what is there after the whole block): enough to bring a state
// over the block without executing it, and to know which part of the state before it a witness needs.
//
//   RLP of [account…], by rising address:
//     [address, flags, [[slot, value]…], [slot…], nonce, balance, code hash]
//       flags  bit 0: changed · bit 1: there is none afterwards · bit 2: its slots of before are gone
//       slots that changed, with their value afterwards; slots that were read alone; both by rising slot
//       nonce, balance, code hash: as they are afterwards; nothing unless changed
//   and then [code…]: those that accounts have anew, and [code hash…] that were read, both by rising hash
import {
  bytesToBigint,
  bytesToHex,
  ChainError,
  compareBytes,
  decodeRlp,
  RlpBackWriter,
  type Hash32,
  type RlpItem,
} from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { accessListBytesMax } from './limits.ts';
import { padSlot, trimSlot } from './slot-value.ts';
import { sortByBytes } from './sort-by-bytes.ts';

const noBytes = new Uint8Array(0);
/** About what an account without slots takes. */
const accountBytes = 80;

/** One account that a block touched. */
export interface AccountAccess {
  /** 20 bytes. */
  address: Uint8Array;
  /** Slots that were read and are what they were: 32 bytes each. */
  reads: Uint8Array[];
  /** `undefined`: it is what it was. */
  change: AccountChange | undefined;
}

export interface AccessList {
  /** In no order, each address once. */
  accounts: AccountAccess[];
  /** Codes that accounts have anew, by their hash. */
  codes: ReadonlyMap<Hash32, Uint8Array>;
  /** Hashes of codes that were read. */
  codeReads: Hash32[];
}

export function encodeAccessList({ accounts, codes, codeReads }: AccessList): Uint8Array {
  const writer = new RlpBackWriter(accountBytes * accounts.length + 1_024);
  for (const hash of codeReads.toSorted().reverse()) writer.hex(hash);
  writer.list(0);
  const codesEnd = writer.length;
  for (const hash of [...codes.keys()].sort().reverse()) writer.bytes(codes.get(hash)!);
  writer.list(codesEnd);
  const accountsEnd = writer.length;
  const sorted = sortByBytes(accounts, ({ address }) => address);
  for (let i = sorted.length - 1; i >= 0; i--) writeAccount(writer, sorted[i]!);
  writer.list(accountsEnd);
  writer.list(0);
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` naming the part unless the bytes are the one encoding of a list */
export function decodeAccessList(bytes: Uint8Array, field = 'accessList'): AccessList {
  if (bytes.length > accessListBytesMax) throw invalid(field, `has more than ${accessListBytesMax} bytes`);
  const [accounts, codes, codeReads] = list(decodeRlp(bytes, field), field, 3);
  const decoded = list(accounts, `${field}.accounts`).map((item, i) => decodeAccount(item, `${field}.accounts.${i}`));
  checkOrder(
    decoded.map(({ address }) => address),
    `${field}.accounts`,
  );
  const entries = list(codes, `${field}.codes`).map((item, i) => {
    const code = string(item, `${field}.codes.${i}`);
    return { hash: keccak256(code), code };
  });
  checkOrder(
    entries.map(({ hash }) => hash),
    `${field}.codes`,
  );
  const reads = list(codeReads, `${field}.codeReads`).map((item, i) => string(item, `${field}.codeReads.${i}`, 32));
  checkOrder(reads, `${field}.codeReads`);
  return {
    accounts: decoded,
    codes: new Map(entries.map(({ hash, code }) => [nameOf(hash), code])),
    codeReads: reads.map(nameOf),
  };
}

/** What the block left other than it found it: `prepare` of a store brings its state over the block. */
export function changesOf({ accounts, codes }: AccessList): BlockChanges {
  return {
    accounts: accounts.flatMap(({ change }) => (change === undefined ? [] : [change])),
    codes: new Map(codes),
  };
}

/** From its last field to its first. */
function writeAccount(writer: RlpBackWriter, { address, reads, change }: AccountAccess): void {
  const account = change?.account;
  const flags = (change ? 1 : 0) | (change && !account ? 2 : 0) | (change?.storageWiped === true ? 4 : 0);
  const end = writer.length;
  writer.bytes(account?.codeHash ?? noBytes);
  writer.natural(account?.balance ?? 0n);
  writer.natural(account?.nonce ?? 0n);
  const readsEnd = writer.length;
  const sortedReads = sortByBytes(reads, (slot) => slot);
  for (let i = sortedReads.length - 1; i >= 0; i--) writer.bytes(sortedReads[i]!);
  writer.list(readsEnd);
  const slotsEnd = writer.length;
  const sortedSlots = sortByBytes(change?.slots ?? [], ({ slot }) => slot);
  for (let i = sortedSlots.length - 1; i >= 0; i--) {
    const { slot, value } = sortedSlots[i]!;
    const slotEnd = writer.length;
    writer.bytes(trimSlot(value) ?? noBytes);
    writer.bytes(slot);
    writer.list(slotEnd);
  }
  writer.list(slotsEnd);
  writer.natural(BigInt(flags));
  writer.bytes(address);
  writer.list(end);
}

function decodeAccount(item: RlpItem, field: string): AccountAccess {
  const [who, flagBytes, changed, read, nonce, balance, codeHash] = list(item, field, 7);
  const address = string(who, `${field}.address`, 20);
  const flags = Number(decodeNumber(flagBytes, `${field}.flags`, 1));
  const slots = list(changed, `${field}.slots`).map((entry, i) => {
    const [slot, value] = list(entry, `${field}.slots.${i}`, 2);
    const trimmed = string(value, `${field}.slots.${i}.value`);
    if (trimmed.length > 32 || trimmed[0] === 0) throw invalid(`${field}.slots.${i}.value`, 'is no word');
    return { slot: string(slot, `${field}.slots.${i}`, 32), value: padSlot(trimmed) };
  });
  checkOrder(
    slots.map(({ slot }) => slot),
    `${field}.slots`,
  );
  const reads = list(read, `${field}.reads`).map((slot, i) => string(slot, `${field}.reads.${i}`, 32));
  checkOrder(reads, `${field}.reads`);
  const fields = {
    nonce: decodeNumber(nonce, `${field}.nonce`, 8),
    balance: decodeNumber(balance, `${field}.balance`, 32),
    codeHash: string(codeHash, `${field}.codeHash`),
  };
  const is = (flag: number) => (flags & flag) !== 0;
  const exists = is(1) && !is(2);
  if (flags > 7 || (flags > 1 && !is(1)) || (!exists && slots.length > 0)) throw invalid(`${field}.flags`, 'cannot be');
  if (fields.codeHash.length !== (exists ? 32 : 0)) throw invalid(`${field}.codeHash`, 'has a wrong size');
  if (!exists && (fields.nonce !== 0n || fields.balance !== 0n)) throw invalid(field, 'has fields that nobody has');
  const change = { address, account: exists ? fields : undefined, storageWiped: is(4), slots };
  return { address, reads, change: is(1) ? change : undefined };
}

function checkOrder(keys: readonly Uint8Array[], field: string): void {
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1]!, keys[i]!) >= 0) throw invalid(`${field}.${i}`, 'is not above the one before');
  }
}

function decodeNumber(item: RlpItem | undefined, field: string, bytesMax: number): bigint {
  const bytes = string(item, field);
  if (bytes.length > bytesMax || bytes[0] === 0) throw invalid(field, 'is no number of its size');
  return bytesToBigint(bytes);
}

function list(item: RlpItem | undefined, field: string, count?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw invalid(field, 'is no list');
  if (count !== undefined && item.length !== count) throw invalid(field, `has ${item.length} items, not ${count}`);
  return item;
}

function string(item: RlpItem | undefined, field: string, bytes?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw invalid(field, 'is no string of bytes');
  if (bytes !== undefined && item.length !== bytes) throw invalid(field, `has ${item.length} bytes, not ${bytes}`);
  return item;
}

function nameOf(hash: Uint8Array): Hash32 {
  return bytesToHex(hash) as Hash32;
}

function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}
