import type { Hash32 } from '@sheaf/primitives';
import { CODE_BYTES, CODE_SIZE } from './layout.ts';
import type { Machine } from './machine.ts';
import type { MachineMemory } from './machine-memory.ts';
import type { AccountEffect, AccountView, EvmLog, SlotEffect, TransactionEffects } from './ports.ts';

/** Fields of the machine's tables (assembly/tables.ts). */
export const accountFields = {
  address: 0,
  balance: 32,
  codeHash: 64,
  nonce: 96,
  flags: 104,
  next: 108,
  code: 112,
  baseNonce: 120,
  baseBalance: 128,
  baseCodeHash: 160,
} as const;
export const slotFields = { account: 0, flags: 4, next: 8, key: 16, value: 48, base: 80 } as const;
const logFields = { account: 0, topics: 4, dataSize: 8, header: 16 } as const;
const flag = {
  loaded: 1,
  baseExists: 4,
  touched: 8,
  created: 16,
  destroyed: 32,
  hasStorage: 64,
  codeRead: 128,
} as const;

/** What the transaction in the machine's tables did; see `TransactionEffects`. */
export function readEffects({ exports, memory }: Machine): TransactionEffects {
  const accounts: AccountEffect[] = [];
  for (let entry = exports.getFirstAccount(); entry !== 0; entry = memory.u32(entry + accountFields.next)) {
    if ((memory.u32(entry + accountFields.flags) & flag.loaded) !== 0) accounts.push(readAccount(memory, entry));
  }
  const slots: SlotEffect[] = [];
  for (let entry = exports.getFirstSlot(); entry !== 0; entry = memory.u32(entry + slotFields.next)) {
    if ((memory.u32(entry + slotFields.flags) & flag.loaded) !== 0) slots.push(readSlot(memory, entry));
  }
  const logs: EvmLog[] = [];
  for (let n = 0; n < exports.getLogCount(); n++) logs.push(readLog(memory, exports.getLog(n)));
  return { logs, accounts, slots };
}

/** The first eight bytes of the empty code's hash, as the machine's memory has them. Nobody finds another code with them. */
const emptyCodeHashStart = 0x3c23f7860146d2c5n;

export function readView(memory: MachineMemory, entry: number): AccountView {
  return {
    nonce: memory.u64(entry + accountFields.nonce),
    balance: memory.word(entry + accountFields.balance),
    codeHash: memory.slice(entry + accountFields.codeHash, 32),
  };
}

function readAccount(memory: MachineMemory, entry: number): AccountEffect {
  const flags = memory.u32(entry + accountFields.flags);
  const existed = (flags & flag.baseExists) !== 0;
  const destroyed = (flags & flag.destroyed) !== 0;
  const view = readView(memory, entry);
  const hasCode = memory.u64(entry + accountFields.codeHash) !== emptyCodeHashStart;
  const isEmpty = view.nonce === 0n && view.balance === 0n && !hasCode;
  // EIP-161: what was touched and is empty is gone; what was not touched stays as it was.
  const exists = !destroyed && ((flags & flag.touched) !== 0 ? !isEmpty : existed);
  return {
    address: memory.address(entry + accountFields.address),
    before: existed
      ? {
          nonce: memory.u64(entry + accountFields.baseNonce),
          balance: memory.word(entry + accountFields.baseBalance),
          codeHash: memory.slice(entry + accountFields.baseCodeHash, 32),
          hasStorage: (flags & flag.hasStorage) !== 0,
        }
      : undefined,
    after: exists ? view : undefined,
    code: exists && codeChanged(memory, entry) ? readCode(memory, memory.u32(entry + accountFields.code)) : undefined,
    created: (flags & flag.created) !== 0,
    destroyed,
    codeRead: (flags & flag.codeRead) !== 0,
  };
}

function codeChanged(memory: MachineMemory, entry: number): boolean {
  for (let at = 0; at < 32; at += 8) {
    if (memory.u64(entry + accountFields.codeHash + at) !== memory.u64(entry + accountFields.baseCodeHash + at))
      return true;
  }
  return false;
}

/** The bytes of a code record. */
export function readCode(memory: MachineMemory, record: number): Uint8Array {
  return memory.slice(memory.u32(record + CODE_BYTES), memory.u32(record + CODE_SIZE));
}

function readSlot(memory: MachineMemory, entry: number): SlotEffect {
  return {
    address: memory.address(memory.u32(entry + slotFields.account) + accountFields.address),
    slot: memory.hash(entry + slotFields.key),
    before: memory.reversed(entry + slotFields.base, 32),
    after: memory.reversed(entry + slotFields.value, 32),
  };
}

function readLog(memory: MachineMemory, record: number): EvmLog {
  const count = memory.u32(record + logFields.topics);
  const topics: Hash32[] = [];
  for (let n = 0; n < count; n++) topics.push(memory.hash(record + logFields.header + n * 32));
  return {
    address: memory.address(memory.u32(record + logFields.account) + accountFields.address),
    topics,
    data: memory.slice(record + logFields.header + count * 32, memory.u32(record + logFields.dataSize)),
  };
}
