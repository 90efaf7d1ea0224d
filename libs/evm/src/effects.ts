import { keccak256 } from '@sheaf/crypto';
import { Logs } from '@sheaf/ethereum';
import { pooledCopy, RlpBackWriter } from '@sheaf/primitives';
import {
  ADDRESS_OF,
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
  DESTROYED,
  EMPTY_READ,
  FLAGS,
  HAS_STORAGE,
  LOADED,
  LOG_ACCOUNT,
  LOG_DATA_SIZE,
  LOG_HEADER,
  LOG_TOPICS,
  NEXT,
  NONCE,
  NONCE_READ,
  SLOT_ACCOUNT,
  SLOT_BASE,
  SLOT_FLAGS,
  SLOT_KEY,
  SLOT_NEXT,
  SLOT_VALUE,
  TOUCHED,
} from './entries.ts';
import { CODE_BYTES, CODE_SIZE } from './layout.ts';
import type { Machine, MachineExports } from './machine.ts';
import type { MachineMemory } from './machine-memory.ts';
import type { AccountEffect, AccountView, HostAccount, SlotEffect, TransactionEffects } from './ports.ts';

/** Logs of most transactions are written here first: a buffer for each of them would be one outside of V8's heap. */
const logRoom = new Uint8Array(8_192);
/** Longer data of a log is copied through a view. */
const partBytesMax = 256;

/** What the transaction in the machine's tables did; see `TransactionEffects`. */
export function readEffects({ exports, memory }: Machine): TransactionEffects {
  const accounts: AccountEffect[] = [];
  // Whose slots they are is told by entry: each address is copied once.
  const addresses = new Map<number, Uint8Array>();
  const addressOf = (entry: number): Uint8Array =>
    addresses.get(entry) ?? memory.reversedPooled(entry + ADDRESS_OF, 20);
  for (let entry = exports.getFirstAccount(); entry !== 0; entry = memory.u32(entry + NEXT)) {
    if ((memory.u32(entry + FLAGS) & LOADED) !== 0) {
      const effect = readAccount(memory, entry);
      accounts.push(effect);
      addresses.set(entry, effect.address);
    }
  }
  const slots: SlotEffect[] = [];
  for (let entry = exports.getFirstSlot(); entry !== 0; entry = memory.u32(entry + SLOT_NEXT)) {
    if ((memory.u32(entry + SLOT_FLAGS) & LOADED) === 0) continue;
    if (!memory.sameWord(entry + SLOT_BASE, entry + SLOT_VALUE)) slots.push(readSlot(memory, entry, addressOf));
  }
  return { logs: readLogs(exports, memory), accounts, slots };
}

/** The first eight bytes of the empty code's hash, as the machine's memory has them. Nobody finds another code with them. */
const emptyCodeHashStart = 0x3c23f7860146d2c5n;
/** One for all: most accounts have it, and copying it was a fifth of the effects of a transfer (0.2 of 1.1 us). */
const emptyCodeHash = keccak256(new Uint8Array(0));

function readCodeHash(memory: MachineMemory, at: number): Uint8Array {
  return memory.u64(at) === emptyCodeHashStart ? emptyCodeHash : memory.pooledSlice(at, 32);
}

export function readView(memory: MachineMemory, entry: number): AccountView {
  return {
    nonce: memory.u64(entry + NONCE),
    balance: memory.word(entry + BALANCE),
    codeHash: readCodeHash(memory, entry + CODE_HASH_OF),
  };
}

function readAccount(memory: MachineMemory, entry: number): AccountEffect {
  const flags = memory.u32(entry + FLAGS);
  const existed = (flags & BASE_EXISTS) !== 0;
  const destroyed = (flags & DESTROYED) !== 0;
  const before = existed ? readBefore(memory, entry, flags) : undefined;
  // Of most contracts of a call nothing changes.
  const view = before !== undefined && sameAsBefore(memory, entry) ? before : readView(memory, entry);
  const hasCode = memory.u64(entry + CODE_HASH_OF) !== emptyCodeHashStart;
  const isEmpty = view.nonce === 0n && view.balance === 0n && !hasCode;
  // EIP-161: what was touched and is empty is gone; what was not touched stays as it was.
  const exists = !destroyed && ((flags & TOUCHED) !== 0 ? !isEmpty : existed);
  return {
    address: memory.reversedPooled(entry + ADDRESS_OF, 20),
    before,
    after: exists ? view : undefined,
    code: exists && codeChanged(memory, entry) ? readCode(memory, memory.u32(entry + CODE)) : undefined,
    created: (flags & CREATED) !== 0,
    destroyed,
    codeRead: (flags & CODE_READ) !== 0,
    balanceRead: (flags & BALANCE_READ) !== 0,
    nonceRead: (flags & NONCE_READ) !== 0,
    emptinessRead: (flags & EMPTY_READ) !== 0,
  };
}

function readBefore(memory: MachineMemory, entry: number, flags: number): HostAccount {
  return {
    nonce: memory.u64(entry + BASE_NONCE),
    balance: memory.word(entry + BASE_BALANCE),
    codeHash: readCodeHash(memory, entry + BASE_CODE_HASH),
    hasStorage: (flags & HAS_STORAGE) !== 0,
  };
}

function sameAsBefore(memory: MachineMemory, entry: number): boolean {
  return (
    memory.sameWord(entry + BALANCE, entry + BASE_BALANCE) &&
    memory.u64(entry + NONCE) === memory.u64(entry + BASE_NONCE) &&
    !codeChanged(memory, entry)
  );
}

function codeChanged(memory: MachineMemory, entry: number): boolean {
  return !memory.sameWord(entry + CODE_HASH_OF, entry + BASE_CODE_HASH);
}

/** The bytes of a code record. */
export function readCode(memory: MachineMemory, record: number): Uint8Array {
  return memory.slice(memory.u32(record + CODE_BYTES), memory.u32(record + CODE_SIZE));
}

function readSlot(memory: MachineMemory, entry: number, addressOf: (entry: number) => Uint8Array): SlotEffect {
  return {
    address: addressOf(memory.u32(entry + SLOT_ACCOUNT)),
    slot: memory.reversedPooled(entry + SLOT_KEY, 32),
    after: memory.reversedPooled(entry + SLOT_VALUE, 32),
  };
}

/** Written as receipts have them, straight from the machine's memory. */
function readLogs(exports: MachineExports, memory: MachineMemory): Logs {
  const count = exports.getLogCount();
  if (count === 0) return Logs.none;
  const writer = new RlpBackWriter(logRoom);
  const { bytes } = memory;
  for (let n = count - 1; n >= 0; n--) {
    const record = exports.getLog(n);
    const topics = record + LOG_HEADER;
    const topicsEnd = topics + memory.u32(record + LOG_TOPICS) * 32;
    const end = writer.length;
    const size = memory.u32(record + LOG_DATA_SIZE);
    if (size > partBytesMax) writer.bytes(bytes.subarray(topicsEnd, topicsEnd + size));
    else writer.part(bytes, topicsEnd, size);
    const dataAt = writer.length;
    for (let at = topicsEnd - 32; at >= topics; at -= 32) writer.reversed(bytes, at, 32);
    writer.list(dataAt);
    writer.reversed(bytes, memory.u32(record + LOG_ACCOUNT) + ADDRESS_OF, 20);
    writer.list(end);
  }
  const rlp = writer.finish();
  return Logs.trusted(count, rlp.buffer === logRoom.buffer ? pooledCopy(rlp) : rlp);
}
