// What one transaction has seen and changed: accounts, slots, transient slots, logs, and the journal that takes changes
// back. Entries are made at the first look at a key and stay until the transaction ends, so that they are at the same
// time the set of what was read: a revert undoes values, never entries.
import {
  ACCOUNT_BYTES,
  BALANCE,
  BALANCE_READ,
  BASE_BALANCE,
  BASE_CODE_HASH,
  BASE_EXISTS,
  BASE_NONCE,
  CODE,
  CODE_HASH_OF,
  CODE_READ,
  CREATED,
  EMPTY_READ,
  FLAGS,
  HAS_STORAGE,
  LOADED,
  LOG_DATA_SIZE,
  LOG_HEADER,
  LOG_TOPICS,
  NEXT,
  NONCE,
  NONCE_READ,
  SLOT_BASE,
  SLOT_BYTES,
  SLOT_FLAGS,
  SLOT_HASH,
  SLOT_KEY,
  SLOT_NEXT,
  SLOT_VALUE,
  TOUCHED,
  TRANSIENT_BYTES,
  WARM,
} from '../src/entries';
import { REFUND } from '../src/layout';
import { codeByHash, emptyCode, lookAt } from './codes';
import { allocate, allocateClear } from './heap';
import { loadAccount, loadSlot } from './host';
import { copyWord, isZero, lessThan, zeroWord } from './words';

/** What a revert does not take back. */
const lasting: u32 = LOADED | BASE_EXISTS | HAS_STORAGE | CODE_READ | BALANCE_READ | NONCE_READ | EMPTY_READ;

let accountIndex: usize = 0;
let accountMask: u32 = 0;
let accountCount: u32 = 0;
let firstAccount: usize = 0;
let lastAccount: usize = 0;

let slotIndex: usize = 0;
let slotMask: u32 = 0;
let slotCount: u32 = 0;
let firstSlot: usize = 0;
let lastSlot: usize = 0;

let transientIndex: usize = 0;
let transientMask: u32 = 0;
let transientCount: u32 = 0;

let logs: usize = 0;
let logCapacity: u32 = 0;
let logCount: u32 = 0;

let journal: usize = 0;
let journalCapacity: u32 = 0;
let journalSize: u32 = 0;

/** u16 at most: the highest precompile without gaps; EIP-7951's when `p256`. */
let precompiles: u32 = 0;
let p256: bool = false;

export function setPrecompiles(highest: u32, withP256: bool): void {
  precompiles = highest;
  p256 = withP256;
}

/** Afterwards nothing is known. The heap has been reset. */
export function resetTables(): void {
  accountMask = 63;
  accountIndex = allocateClear(64 * 4);
  accountCount = 0;
  firstAccount = 0;
  lastAccount = 0;
  slotMask = 127;
  slotIndex = allocateClear(128 * 4);
  slotCount = 0;
  firstSlot = 0;
  lastSlot = 0;
  transientIndex = 0;
  transientMask = 0;
  transientCount = 0;
  logCapacity = 16;
  logs = allocate(16 * 4);
  logCount = 0;
  journalCapacity = 64 * entrySize;
  journal = allocate(journalCapacity);
  journalSize = 0;
  store<i64>(REFUND, 0);
}

export function getFirstAccount(): usize {
  return firstAccount;
}

export function getFirstSlot(): usize {
  return firstSlot;
}

export function getLogCount(): u32 {
  return logCount;
}

export function getLog(n: u32): usize {
  return load<u32>(logs + n * 4);
}

/** 0, or the precompile with this address (a word). */
export function precompileOf(address: usize): u32 {
  if ((load<u64>(address, 8) | load<u64>(address, 16)) != 0) return 0;
  const low = load<u64>(address);
  if (low <= precompiles) return <u32>low;
  return p256 && low == 0x100 ? 0x100 : 0;
}

// @ts-ignore: decorator
@inline
function mix(a: u64, b: u64, c: u64): u32 {
  const h = (a ^ rotl<u64>(b, 23) ^ rotl<u64>(c, 41)) * 0x9e3779b97f4a7c15;
  return <u32>(h >> 32) ^ <u32>(h >> 7);
}

/** The entry of the address (a word, of which the upper 12 bytes are passed over), made when there is none. Reads no state. */
export function accountAt(address: usize): usize {
  const a0 = load<u64>(address);
  const a1 = load<u64>(address, 8);
  const a2 = load<u64>(address, 16) & 0xffffffff;
  let at = mix(a0, a1, a2) & accountMask;
  while (true) {
    const entry = <usize>load<u32>(accountIndex + at * 4);
    if (entry == 0) break;
    if (load<u64>(entry) == a0 && load<u64>(entry, 8) == a1 && load<u64>(entry, 16) == a2) return entry;
    at = (at + 1) & accountMask;
  }
  const entry = allocateClear(ACCOUNT_BYTES);
  store<u64>(entry, a0);
  store<u64>(entry, a1, 8);
  store<u64>(entry, a2, 16);
  if (precompileOf(entry) != 0) store<u32>(entry, WARM, FLAGS);
  store<u32>(accountIndex + at * 4, <u32>entry);
  if (lastAccount == 0) firstAccount = entry;
  else store<u32>(lastAccount, <u32>entry, NEXT);
  lastAccount = entry;
  accountCount += 1;
  if (accountCount * 2 > accountMask) growAccounts();
  return entry;
}

function growAccounts(): void {
  const mask = accountMask * 2 + 1;
  const index = allocateClear((<usize>mask + 1) * 4);
  for (let entry = firstAccount; entry != 0; entry = load<u32>(entry, NEXT)) {
    let at = mix(load<u64>(entry), load<u64>(entry, 8), load<u64>(entry, 16)) & mask;
    while (load<u32>(index + at * 4) != 0) at = (at + 1) & mask;
    store<u32>(index + at * 4, <u32>entry);
  }
  accountIndex = index;
  accountMask = mask;
}

/** Afterwards the entry has the host's account. False: it is not here. */
export function loaded(account: usize): bool {
  const flags = load<u32>(account, FLAGS);
  return (flags & LOADED) != 0 || fetchAccount(account, flags);
}

function fetchAccount(account: usize, flags: u32): bool {
  const answer = loadAccount(account);
  if (answer < 0) return false;
  if (answer == 0) memory.copy(account + CODE_HASH_OF, emptyCode() + CODE_HASH_AT, 32);
  store<u64>(account, load<u64>(account, NONCE), BASE_NONCE);
  copyWord(account + BASE_BALANCE, account + BALANCE);
  copyWord(account + BASE_CODE_HASH, account + CODE_HASH_OF);
  flags |= LOADED;
  if (answer != 0) flags |= BASE_EXISTS;
  if (answer == 2) flags |= HAS_STORAGE;
  store<u32>(account, flags, FLAGS);
  return true;
}

/** Notes that a loaded account was looked at: flags of what a revert does not take back. */
export function noteRead(account: usize, flags: u32): void {
  store<u32>(account, load<u32>(account, FLAGS) | flags, FLAGS);
}

/** The balance (a word) of a loaded account, for who needs to know it exactly. */
export function readBalance(account: usize): usize {
  noteRead(account, BALANCE_READ);
  return account + BALANCE;
}

/** Whether a loaded account has less than the value (a word). It always has nothing, so that looks at no balance. */
export function hasLess(account: usize, value: usize): bool {
  return !isZero(value) && lessThan(readBalance(account), value);
}

/** The nonce of a loaded account, for who needs to know it. */
export function readNonce(account: usize): u64 {
  noteRead(account, NONCE_READ);
  return load<u64>(account, NONCE);
}

/** Of a loaded account: no nonce, no balance, no code (EIP-161). */
export function isEmpty(account: usize): bool {
  noteRead(account, EMPTY_READ);
  return (
    load<u64>(account, NONCE) == 0 &&
    (load<u64>(account, BALANCE) |
      load<u64>(account, BALANCE + 8) |
      load<u64>(account, BALANCE + 16) |
      load<u64>(account, BALANCE + 24)) ==
      0 &&
    hasEmptyCode(account)
  );
}

const CODE_HASH_AT: usize = 32;

export function hasEmptyCode(account: usize): bool {
  const empty = emptyCode() + CODE_HASH_AT;
  // The first 16 bytes decide: nobody finds a code whose hash shares 128 bits with the empty code's.
  return (
    load<u64>(account, CODE_HASH_OF) == load<u64>(empty) && load<u64>(account, CODE_HASH_OF + 8) == load<u64>(empty, 8)
  );
}

/** The code record of a loaded account; 0: it is not here. */
export function codeOf(account: usize): usize {
  const known = <usize>load<u32>(account, CODE);
  if (known != 0) return known;
  const code = hasEmptyCode(account) ? emptyCode() : codeByHash(account + CODE_HASH_OF);
  if (code == 0) return 0;
  if ((load<u32>(account, FLAGS) & CODE_READ) == 0) lookAt(code);
  store<u32>(account, <u32>code, CODE);
  noteRead(account, CODE_READ);
  return code;
}

// @ts-ignore: decorator
@inline
function slotHash(account: usize, key: usize): u32 {
  return mix(load<u64>(key) + <u64>account, load<u64>(key, 8) ^ load<u64>(key, 24), load<u64>(key, 16));
}

/** The entry of the slot (a word), made when there is none. Reads no state. */
export function slotAt(account: usize, key: usize): usize {
  const hash = slotHash(account, key);
  const k0 = load<u64>(key);
  const k1 = load<u64>(key, 8);
  const k2 = load<u64>(key, 16);
  const k3 = load<u64>(key, 24);
  let at = hash & slotMask;
  while (true) {
    const entry = <usize>load<u32>(slotIndex + at * 4);
    if (entry == 0) break;
    if (
      load<u64>(entry, SLOT_KEY) == k0 &&
      load<u32>(entry) == <u32>account &&
      load<u64>(entry, SLOT_KEY + 8) == k1 &&
      load<u64>(entry, SLOT_KEY + 16) == k2 &&
      load<u64>(entry, SLOT_KEY + 24) == k3
    ) {
      return entry;
    }
    at = (at + 1) & slotMask;
  }
  const entry = newSlot(account, key, hash, SLOT_BYTES);
  store<u32>(slotIndex + at * 4, <u32>entry);
  if (lastSlot == 0) firstSlot = entry;
  else store<u32>(lastSlot, <u32>entry, SLOT_NEXT);
  lastSlot = entry;
  slotCount += 1;
  if (slotCount * 2 > slotMask) {
    slotMask = slotMask * 2 + 1;
    slotIndex = reindex(firstSlot, slotMask);
  }
  return entry;
}

function newSlot(account: usize, key: usize, hash: u32, size: usize): usize {
  const entry = allocateClear(size);
  store<u32>(entry, <u32>account);
  store<u32>(entry, hash, SLOT_HASH);
  copyWord(entry + SLOT_KEY, key);
  return entry;
}

function reindex(first: usize, mask: u32): usize {
  const index = allocateClear((<usize>mask + 1) * 4);
  for (let entry = first; entry != 0; entry = load<u32>(entry, SLOT_NEXT)) {
    let at = load<u32>(entry, SLOT_HASH) & mask;
    while (load<u32>(index + at * 4) != 0) at = (at + 1) & mask;
    store<u32>(index + at * 4, <u32>entry);
  }
  return index;
}

/** Afterwards the entry has the host's value. False: it is not here. */
export function slotLoaded(slot: usize): bool {
  const flags = load<u32>(slot, SLOT_FLAGS);
  if ((flags & LOADED) != 0) return true;
  const account = <usize>load<u32>(slot);
  // A contract made in this transaction had no storage (EIP-7610); an account that was not there neither.
  if ((load<u32>(account, FLAGS) & CREATED) != 0) zeroWord(slot + SLOT_BASE);
  else if (loadSlot(account, slot) < 0) return false;
  copyWord(slot + SLOT_VALUE, slot + SLOT_BASE);
  store<u32>(slot, flags | LOADED, SLOT_FLAGS);
  return true;
}

let firstTransient: usize = 0;

/** The value of the transient slot (a word), or 0 when it was never written. */
export function transientAt(account: usize, key: usize, make: bool): usize {
  if (transientCount == 0) {
    if (!make) return 0;
    transientMask = 31;
    transientIndex = allocateClear(32 * 4);
    firstTransient = 0;
  }
  const hash = slotHash(account, key);
  let at = hash & transientMask;
  while (true) {
    const entry = <usize>load<u32>(transientIndex + at * 4);
    if (entry == 0) break;
    if (
      load<u32>(entry) == <u32>account &&
      load<u64>(entry, SLOT_KEY) == load<u64>(key) &&
      load<u64>(entry, SLOT_KEY + 8) == load<u64>(key, 8) &&
      load<u64>(entry, SLOT_KEY + 16) == load<u64>(key, 16) &&
      load<u64>(entry, SLOT_KEY + 24) == load<u64>(key, 24)
    ) {
      return entry + SLOT_VALUE;
    }
    at = (at + 1) & transientMask;
  }
  if (!make) return 0;
  const entry = newSlot(account, key, hash, TRANSIENT_BYTES);
  store<u32>(transientIndex + at * 4, <u32>entry);
  store<u32>(entry, <u32>firstTransient, SLOT_NEXT);
  firstTransient = entry;
  transientCount += 1;
  if (transientCount * 2 > transientMask) {
    transientMask = transientMask * 2 + 1;
    transientIndex = reindex(firstTransient, transientMask);
  }
  return entry + SLOT_VALUE;
}

/** A log record of the current transaction, to be filled in. */
export function newLog(topics: u32, dataSize: u32): usize {
  if (logCount == logCapacity) {
    const grown = allocate(logCapacity * 8);
    memory.copy(grown, logs, logCapacity * 4);
    logs = grown;
    logCapacity *= 2;
  }
  const log = allocate(LOG_HEADER + topics * 32 + dataSize);
  store<u32>(log, topics, LOG_TOPICS);
  store<u32>(log, dataSize, LOG_DATA_SIZE);
  store<u32>(logs + logCount * 4, <u32>log);
  logCount += 1;
  return log;
}

// The journal: [kind u32, entry u32, what was there: 40 bytes].
const entrySize: u32 = 48;
const BALANCE_WAS: u32 = 0;
const NONCE_WAS: u32 = 1;
const CODE_WAS: u32 = 2;
const FLAGS_WERE: u32 = 3;
const SLOT_WAS: u32 = 4;
const SLOT_FLAGS_WERE: u32 = 5;
const TRANSIENT_WAS: u32 = 6;

// @ts-ignore: decorator
@inline
function record(kind: u32, entry: usize): usize {
  if (journalSize == journalCapacity) growJournal();
  const at = journal + journalSize;
  journalSize += entrySize;
  store<u32>(at, kind);
  store<u32>(at, <u32>entry, 4);
  return at + 8;
}

function growJournal(): void {
  const grown = allocate(<usize>journalCapacity * 2);
  memory.copy(grown, journal, journalCapacity);
  journal = grown;
  journalCapacity *= 2;
}

export function setFlags(account: usize, flags: u32): void {
  const before = load<u32>(account, FLAGS);
  if ((before | flags) == before) return;
  store<u32>(record(FLAGS_WERE, account), before);
  store<u32>(account, before | flags, FLAGS);
}

/** Call before a loaded account's balance is written. The account counts as touched. */
export function willSetBalance(account: usize): void {
  setFlags(account, TOUCHED);
  copyWord(record(BALANCE_WAS, account), account + BALANCE);
}

export function setNonce(account: usize, nonce: u64): void {
  setFlags(account, TOUCHED);
  store<u64>(record(NONCE_WAS, account), load<u64>(account, NONCE));
  store<u64>(account, nonce, NONCE);
}

/** The record's hash field becomes the account's code hash. */
export function setCode(account: usize, code: usize): void {
  setFlags(account, TOUCHED);
  const was = record(CODE_WAS, account);
  copyWord(was, account + CODE_HASH_OF);
  store<u32>(was, load<u32>(account, CODE), 32);
  copyWord(account + CODE_HASH_OF, code + CODE_HASH_AT);
  store<u32>(account, <u32>code, CODE);
}

export function warmSlot(slot: usize): void {
  const before = load<u32>(slot, SLOT_FLAGS);
  store<u32>(record(SLOT_FLAGS_WERE, slot), before);
  store<u32>(slot, before | WARM, SLOT_FLAGS);
}

export function setSlot(slot: usize, value: usize): void {
  copyWord(record(SLOT_WAS, slot), slot + SLOT_VALUE);
  copyWord(slot + SLOT_VALUE, value);
}

export function setTransient(at: usize, value: usize): void {
  copyWord(record(TRANSIENT_WAS, at), at);
  copyWord(at, value);
}

export function journalMark(): u32 {
  return journalSize;
}

/** Takes back every change since the marks. */
export function revertTo(mark: u32, logMark: u32, refund: i64): void {
  while (journalSize > mark) {
    journalSize -= entrySize;
    const at = journal + journalSize;
    const entry = <usize>load<u32>(at, 4);
    const was = at + 8;
    switch (load<u32>(at)) {
      case BALANCE_WAS:
        copyWord(entry + BALANCE, was);
        break;
      case NONCE_WAS:
        store<u64>(entry, load<u64>(was), NONCE);
        break;
      case CODE_WAS:
        copyWord(entry + CODE_HASH_OF, was);
        store<u32>(entry, load<u32>(was, 32), CODE);
        break;
      case FLAGS_WERE:
        store<u32>(entry, load<u32>(was) | (load<u32>(entry, FLAGS) & lasting), FLAGS);
        break;
      case SLOT_WAS:
        copyWord(entry + SLOT_VALUE, was);
        break;
      case SLOT_FLAGS_WERE:
        store<u32>(entry, load<u32>(was) | (load<u32>(entry, SLOT_FLAGS) & LOADED), SLOT_FLAGS);
        break;
      default:
        copyWord(entry, was);
    }
  }
  logCount = logMark;
  store<i64>(REFUND, refund);
}
