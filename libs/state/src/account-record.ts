// An account as the flat table has it, and as the trie's leaf:
//
//   u8   bit 0: code, bit 1: storage, bits 2 to 5: bytes of the nonce
//        nonce, big-endian without leading zeros
//   32   with code: its keccak256
//   38   with storage: its id (u48), its root
//        balance, big-endian without leading zeros, to the end
//
// A storage's id is this store's own: a storage that is wiped goes on under no id, and one that comes after it has another.
// An account without code and storage takes 10 to 15 bytes; its leaf in the trie takes 75 to 80.
import type { HostAccount } from '@sheaf/evm';
import { ChainError, concatBytes, hexToBytes } from '@sheaf/primitives';

export interface StoredAccount {
  nonce: bigint;
  balance: bigint;
  /** 32 bytes. */
  codeHash: Uint8Array;
  /** 0: no slot is set. */
  storageId: number;
  /** 32 bytes. */
  storageRoot: Uint8Array;
}

/** keccak256 of nothing, and of the empty string's RLP. */
export const emptyCodeHashBytes = hexToBytes('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
export const emptyRootBytes = hexToBytes('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');

/** The end of the leaf of an account without storage and code. */
const emptyTail = concatBytes(Uint8Array.of(0xa0), emptyRootBytes, Uint8Array.of(0xa0), emptyCodeHashBytes);

/** Whether the code with this hash is none. */
export function isEmptyCode(codeHash: Uint8Array): boolean {
  return codeHash === emptyCodeHashBytes || sameHash(codeHash, emptyCodeHashBytes);
}

const hasCode = 1;
const hasStorage = 2;

/** An account takes at most so many bytes. */
export const accountRecordBytesMax = 1 + 8 + 32 + 38 + 32;

/** @throws ChainError `INVALID_ARGUMENT` for a nonce from 2^64 or a balance from 2^256 on */
export function encodeAccountRecord(account: StoredAccount): Uint8Array {
  const record = new Uint8Array(accountRecordBytesMax);
  return record.slice(0, writeAccountRecord(record, account));
}

/**
 * Writes the record at the start of `into`, and says how many bytes it has. Ten thousand a block: hence loops where a call
 * of `set` takes longer than what it does. @throws likewise
 */
export function writeAccountRecord(into: Uint8Array, account: StoredAccount): number {
  const { nonce, balance, codeHash, storageId, storageRoot } = account;
  const withCode = !isEmptyCode(codeHash);
  let at = writeBigint(into, 1, nonce, 8, 'nonce');
  into[0] = ((at - 1) << 2) | (withCode ? hasCode : 0) | (storageId === 0 ? 0 : hasStorage);
  if (withCode) {
    into.set(codeHash, at);
    at += 32;
  }
  if (storageId !== 0) {
    writeStorageId(into, at, storageId);
    into.set(storageRoot, at + 6);
    at += 38;
  }
  return writeBigint(into, at, balance, 32, 'balance');
}

/** @throws ChainError `DATA_LOSS` when the bytes are no record */
export function decodeAccountRecord(record: Uint8Array): StoredAccount {
  const { nonceEnd, codeEnd, storageEnd } = partsOf(record);
  return {
    nonce: readBigint(record, 1, nonceEnd),
    balance: readBigint(record, storageEnd, record.length),
    codeHash: codeEnd > nonceEnd ? record.slice(nonceEnd, codeEnd) : emptyCodeHashBytes,
    storageId: storageEnd > codeEnd ? readStorageId(record, codeEnd) : 0,
    storageRoot: storageEnd > codeEnd ? record.slice(codeEnd + 6, storageEnd) : emptyRootBytes,
  };
}

/** What of an account the EVM sees. @throws ChainError `DATA_LOSS` */
export function hostOfAccountRecord(record: Uint8Array): HostAccount {
  const { nonceEnd, codeEnd, storageEnd } = partsOf(record);
  return {
    nonce: readBigint(record, 1, nonceEnd),
    balance: readBigint(record, storageEnd, record.length),
    codeHash: codeEnd > nonceEnd ? record.slice(nonceEnd, codeEnd) : emptyCodeHashBytes,
    hasStorage: storageEnd > codeEnd,
  };
}

/** 0: no slot is set. @throws ChainError `DATA_LOSS` */
export function storageIdOfAccountRecord(record: Uint8Array): number {
  const { codeEnd, storageEnd } = partsOf(record);
  return storageEnd > codeEnd ? readStorageId(record, codeEnd) : 0;
}

/** A view. @throws ChainError `DATA_LOSS` */
export function storageRootOfAccountRecord(record: Uint8Array): Uint8Array {
  const { codeEnd, storageEnd } = partsOf(record);
  return storageEnd > codeEnd ? record.subarray(codeEnd + 6, storageEnd) : emptyRootBytes;
}

/** A leaf takes at most so many bytes: a head of 2, a nonce, a balance and two hashes with theirs. */
export const accountLeafBytesMax = 2 + 9 + 33 + 2 * 33;

/** RLP of [nonce, balance, storageRoot, codeHash], what the trie has. @throws ChainError `DATA_LOSS` */
export function leafOfAccountRecord(record: Uint8Array): Uint8Array {
  const leaf = new Uint8Array(accountLeafBytesMax);
  return leaf.slice(0, writeAccountLeaf(leaf, 0, record, record.length));
}

/** Writes the leaf of a record of so many bytes at `start`; where it ends. @throws likewise */
export function writeAccountLeaf(into: Uint8Array, start: number, record: Uint8Array, bytes: number): number {
  const { nonceEnd, codeEnd, storageEnd } = partsOf(record, bytes);
  let at = writeString(into, start + 2, record, 1, nonceEnd);
  at = writeString(into, at, record, storageEnd, bytes);
  into.set(emptyTail, at);
  if (storageEnd > codeEnd) into.set(record.subarray(codeEnd + 6, storageEnd), at + 1);
  if (codeEnd > nonceEnd) into.set(record.subarray(nonceEnd, codeEnd), at + 34);
  at += emptyTail.length;
  into[start] = 0xf8;
  into[start + 1] = at - start - 2;
  return at;
}

/** 6 bytes big-endian: of a table's key as well. */
export function writeStorageId(into: Uint8Array, at: number, id: number): void {
  const high = Math.floor(id / 2 ** 32);
  into[at] = high >> 8;
  into[at + 1] = high;
  into[at + 2] = id >>> 24;
  into[at + 3] = id >>> 16;
  into[at + 4] = id >>> 8;
  into[at + 5] = id;
}

export function readStorageId(bytes: Uint8Array, at: number): number {
  let id = 0;
  for (let i = at; i < at + 6; i++) id = id * 256 + bytes[i]!;
  return id;
}

function partsOf(record: Uint8Array, bytes = record.length): { nonceEnd: number; codeEnd: number; storageEnd: number } {
  const flags = record[0] ?? 0xff;
  const nonceEnd = 1 + (flags >> 2);
  const codeEnd = nonceEnd + ((flags & hasCode) === 0 ? 0 : 32);
  const storageEnd = codeEnd + ((flags & hasStorage) === 0 ? 0 : 38);
  if (nonceEnd > 9 || storageEnd > bytes || bytes - storageEnd > 32) {
    throw new ChainError({ code: 'DATA_LOSS', message: 'an account record is damaged' });
  }
  return { nonceEnd, codeEnd, storageEnd };
}

/** 64 bits of a bigint, and the same as bytes, the lowest first. */
const word = new BigUint64Array(1);
const wordBytes = new Uint8Array(word.buffer);
/** 64 bits at a time, the lowest first. */
const words = new Uint8Array(32);
const wordMax = 2n ** 64n - 1n;

/** Big-endian without leading zeros; where it ends. */
function writeBigint(into: Uint8Array, at: number, value: bigint, bytesMax: number, field: string): number {
  if (value < 0n) throw tooLarge(field);
  let count = 0;
  for (let rest = value; rest !== 0n; rest = rest <= wordMax ? 0n : rest >> 64n, count += 8) {
    if (count === words.length) throw tooLarge(field);
    word[0] = rest;
    for (let i = 0; i < 8; i++) words[count + i] = wordBytes[littleEndian ? i : 7 - i]!;
  }
  while (count > 0 && words[count - 1] === 0) count -= 1;
  if (count > bytesMax) throw tooLarge(field);
  for (let i = 0; i < count; i++) into[at + i] = words[count - 1 - i]!;
  return at + count;
}

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function tooLarge(field: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} is out of range` });
}

function readBigint(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  let at = from;
  while (at < to) {
    const end = Math.min(at + 6, to);
    let part = 0;
    const shift = BigInt(8 * (end - at));
    for (; at < end; at++) part = part * 256 + bytes[at]!;
    value = value === 0n ? BigInt(part) : (value << shift) | BigInt(part);
  }
  return value;
}

function writeString(into: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 1 && bytes[from]! < 0x80) {
    into[at] = bytes[from]!;
    return at + 1;
  }
  into[at] = 0x80 + to - from;
  for (let i = from; i < to; i++) into[at + 1 + i - from] = bytes[i]!;
  return at + 1 + to - from;
}

function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return false;
  return true;
}
