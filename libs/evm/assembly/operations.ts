// Instructions beside arithmetic, jumps and calls, as the interpreter and compiled code alike use them: operands on the
// memory stack at FRAME_SP, static gas already charged, dynamic gas charged here. Each returns a status.
import { CODE_HASH_OF, FLAGS, LOG_ACCOUNT, LOG_HEADER, SLOT_BASE, SLOT_FLAGS, SLOT_VALUE, WARM } from '../src/entries';
import {
  CODE_BYTES,
  CODE_SIZE,
  CONTINUE,
  BLOB_HASHES,
  BLOB_HASH_COUNT,
  FLAG_STATIC,
  FRAME_ACCOUNT,
  FRAME_CODE,
  FRAME_FLAGS,
  FRAME_GAS,
  FRAME_INPUT,
  FRAME_INPUT_SIZE,
  FRAME_MEMORY,
  FRAME_SP,
  MISSING,
  NUMBER,
  OUTPUT,
  OUTPUT_SIZE,
  OUT_OF_GAS,
  REFUND,
  RETURNED,
  RETURN_DATA,
  RETURN_DATA_OUT_OF_BOUNDS,
  RETURN_DATA_SIZE,
  REVERTED,
  STATIC_STATE_CHANGE,
} from '../src/layout';
import { blockHash } from './host';
import { keccakWord } from './keccak';
import { charge, chargeWords, copyPadded, expand, expandRange } from './memory';
import { accountAt, codeOf, isEmpty, loaded, newLog, readBalance, setFlags, setSlot, setTransient, slotAt, slotLoaded, transientAt, warmSlot } from './tables';
import { copyWord, isZero, reverseWord, sameWord, saturated, setWord, zeroWord } from './words';

// @ts-ignore: decorator
@inline
export function stackPointer(): usize {
  return load<u32>(FRAME_SP);
}

// @ts-ignore: decorator
@inline
export function setStackPointer(sp: usize): void {
  store<u32>(FRAME_SP, <u32>sp);
}

// @ts-ignore: decorator
@inline
export function isStatic(): bool {
  return (load<u32>(FRAME_FLAGS) & FLAG_STATIC) != 0;
}

/** EIP-2929: charges the cold surcharge of an address once, and makes it warm. */
export function access(account: usize, surcharge: i64): bool {
  if ((load<u32>(account, FLAGS) & WARM) != 0) return true;
  if (!charge(surcharge)) return false;
  setFlags(account, WARM);
  return true;
}

/** The account whose address is the word at the top; not yet loaded. */
// @ts-ignore: decorator
@inline
function accessTop(sp: usize): usize {
  const account = accountAt(sp - 32);
  return access(account, 2500) ? account : 0;
}

export function keccak256(): i32 {
  const sp = stackPointer();
  const status = expandRange(sp - 32, sp - 64);
  if (status != CONTINUE) return status;
  const size = load<u64>(sp - 64);
  if (!isZero(sp - 64) && !chargeWords(size, 6)) return OUT_OF_GAS;
  // The offset of an empty range may be any word.
  const from = size == 0 ? 0 : load<u64>(sp - 32);
  keccakWord(sp - 64, <usize>load<u32>(FRAME_MEMORY) + <usize>from, <usize>size);
  setStackPointer(sp - 32);
  return CONTINUE;
}

export function balance(): i32 {
  const sp = stackPointer();
  const account = accessTop(sp);
  if (account == 0) return OUT_OF_GAS;
  if (!loaded(account)) return MISSING;
  copyWord(sp - 32, readBalance(account));
  return CONTINUE;
}

export function selfbalance(): i32 {
  const sp = stackPointer();
  const account = <usize>load<u32>(FRAME_ACCOUNT);
  if (!loaded(account)) return MISSING;
  copyWord(sp, readBalance(account));
  setStackPointer(sp + 32);
  return CONTINUE;
}

export function extcodesize(): i32 {
  const sp = stackPointer();
  const account = accessTop(sp);
  if (account == 0) return OUT_OF_GAS;
  if (!loaded(account)) return MISSING;
  const code = codeOf(account);
  if (code == 0) return MISSING;
  setWord(sp - 32, load<u32>(code, CODE_SIZE));
  return CONTINUE;
}

export function extcodehash(): i32 {
  const sp = stackPointer();
  const account = accessTop(sp);
  if (account == 0) return OUT_OF_GAS;
  if (!loaded(account)) return MISSING;
  if (isEmpty(account)) zeroWord(sp - 32);
  else reverseWord(sp - 32, account + CODE_HASH_OF);
  return CONTINUE;
}

export function extcodecopy(): i32 {
  const sp = stackPointer();
  const size = saturated(sp - 128);
  const status = expandRange(sp - 64, sp - 128);
  if (status != CONTINUE) return status;
  if (!chargeWords(size, 3)) return OUT_OF_GAS;
  const account = accessTop(sp);
  if (account == 0) return OUT_OF_GAS;
  if (!loaded(account)) return MISSING;
  const code = codeOf(account);
  if (code == 0) return MISSING;
  setStackPointer(sp - 128);
  copyToMemory(sp - 64, load<u32>(code, CODE_BYTES), load<u32>(code, CODE_SIZE), sp - 96, size);
  return CONTINUE;
}

// @ts-ignore: decorator
@inline
function copyToMemory(to: usize, source: usize, sourceSize: u64, from: usize, size: u64): void {
  if (size == 0) return;
  copyPadded(<usize>load<u32>(FRAME_MEMORY) + <usize>load<u64>(to), source, sourceSize, saturated(from), size);
}

/** CALLDATACOPY, CODECOPY: destination, source offset, size. */
function copy(source: usize, sourceSize: u64): i32 {
  const sp = stackPointer();
  const size = saturated(sp - 96);
  const status = expandRange(sp - 32, sp - 96);
  if (status != CONTINUE) return status;
  if (!chargeWords(size, 3)) return OUT_OF_GAS;
  setStackPointer(sp - 96);
  copyToMemory(sp - 32, source, sourceSize, sp - 64, size);
  return CONTINUE;
}

export function calldatacopy(): i32 {
  return copy(load<u32>(FRAME_INPUT), load<u32>(FRAME_INPUT_SIZE));
}

export function codecopy(): i32 {
  const code = <usize>load<u32>(FRAME_CODE);
  return copy(load<u32>(code, CODE_BYTES), load<u32>(code, CODE_SIZE));
}

export function returndatacopy(): i32 {
  const sp = stackPointer();
  const size = saturated(sp - 96);
  if (saturated(sp - 64) + size > <u64>load<u32>(RETURN_DATA_SIZE)) return RETURN_DATA_OUT_OF_BOUNDS;
  const status = expandRange(sp - 32, sp - 96);
  if (status != CONTINUE) return status;
  if (!chargeWords(size, 3)) return OUT_OF_GAS;
  setStackPointer(sp - 96);
  // The address is read after the expansion, which may have moved the data.
  copyToMemory(sp - 32, load<u32>(RETURN_DATA), load<u32>(RETURN_DATA_SIZE), sp - 64, size);
  return CONTINUE;
}

export function mcopy(): i32 {
  const sp = stackPointer();
  const size = saturated(sp - 96);
  if (size != 0) {
    const status = expand(max<u64>(saturated(sp - 32), saturated(sp - 64)) + size);
    if (status != CONTINUE) return status;
    if (!chargeWords(size, 3)) return OUT_OF_GAS;
    const base = <usize>load<u32>(FRAME_MEMORY);
    memory.copy(base + <usize>load<u64>(sp - 32), base + <usize>load<u64>(sp - 64), <usize>size);
  }
  setStackPointer(sp - 96);
  return CONTINUE;
}

/** The word of call data at the offset at sp - 32 takes its place. */
export function calldataload(sp: usize): void {
  const at = sp - 32;
  const from = saturated(at);
  const size = <u64>load<u32>(FRAME_INPUT_SIZE);
  const input = <usize>load<u32>(FRAME_INPUT);
  if (from + 32 <= size) {
    reverseWord(at, input + <usize>from);
    return;
  }
  zeroWord(at);
  if (from < size) {
    memory.copy(at, input + <usize>from, <usize>(size - from));
    reverseWord(at, at);
  }
}

export function blockhash(): i32 {
  const sp = stackPointer();
  const current = load<u64>(NUMBER);
  const wanted = saturated(sp - 32);
  if (wanted >= current || wanted + 256 < current) zeroWord(sp - 32);
  else if (blockHash(sp - 32, wanted) < 0) return MISSING;
  return CONTINUE;
}

export function blobhash(): i32 {
  const sp = stackPointer();
  const n = saturated(sp - 32);
  if (n < <u64>load<u32>(BLOB_HASH_COUNT)) copyWord(sp - 32, <usize>load<u32>(BLOB_HASHES) + <usize>n * 32);
  else zeroWord(sp - 32);
  return CONTINUE;
}

export function sload(): i32 {
  const sp = stackPointer();
  const slot = slotAt(load<u32>(FRAME_ACCOUNT), sp - 32);
  if ((load<u32>(slot, SLOT_FLAGS) & WARM) == 0) {
    if (!charge(2000)) return OUT_OF_GAS;
    warmSlot(slot);
  }
  if (!slotLoaded(slot)) return MISSING;
  copyWord(sp - 32, slot + SLOT_VALUE);
  return CONTINUE;
}

/** EIP-2200 with the prices of EIP-2929 and EIP-3529. */
export function sstore(): i32 {
  if (isStatic()) return STATIC_STATE_CHANGE;
  // The sentry that keeps a bare stipend from writing.
  if (load<i64>(FRAME_GAS) <= 2300) return OUT_OF_GAS;
  const sp = stackPointer();
  const value = sp - 64;
  const slot = slotAt(load<u32>(FRAME_ACCOUNT), sp - 32);
  let gas: i64 = 0;
  if ((load<u32>(slot, SLOT_FLAGS) & WARM) == 0) {
    gas = 2100;
    if (load<i64>(FRAME_GAS) < gas) return OUT_OF_GAS;
    warmSlot(slot);
  }
  if (!slotLoaded(slot)) return MISSING;
  const current = slot + SLOT_VALUE;
  const base = slot + SLOT_BASE;
  setStackPointer(sp - 64);
  if (sameWord(current, value)) return charge(gas + 100) ? CONTINUE : OUT_OF_GAS;
  let refund: i64 = 0;
  if (sameWord(current, base)) {
    if (isZero(base)) {
      gas += 20000;
    } else {
      gas += 2900;
      if (isZero(value)) refund = 4800;
    }
  } else {
    gas += 100;
    if (!isZero(base)) {
      if (isZero(current)) refund -= 4800;
      else if (isZero(value)) refund += 4800;
    }
    if (sameWord(base, value)) refund += isZero(base) ? 19900 : 2800;
  }
  if (!charge(gas)) return OUT_OF_GAS;
  store<i64>(REFUND, load<i64>(REFUND) + refund);
  setSlot(slot, value);
  return CONTINUE;
}

export function tload(): i32 {
  const sp = stackPointer();
  const value = transientAt(load<u32>(FRAME_ACCOUNT), sp - 32, false);
  if (value == 0) zeroWord(sp - 32);
  else copyWord(sp - 32, value);
  return CONTINUE;
}

export function tstore(): i32 {
  if (isStatic()) return STATIC_STATE_CHANGE;
  const sp = stackPointer();
  setTransient(transientAt(load<u32>(FRAME_ACCOUNT), sp - 32, true), sp - 64);
  setStackPointer(sp - 64);
  return CONTINUE;
}

export function log(topics: u32): i32 {
  if (isStatic()) return STATIC_STATE_CHANGE;
  const sp = stackPointer();
  const status = expandRange(sp - 32, sp - 64);
  if (status != CONTINUE) return status;
  const size = saturated(sp - 64);
  if (!charge(<i64>(size * 8))) return OUT_OF_GAS;
  const record = newLog(topics, <u32>size);
  store<u32>(record, load<u32>(FRAME_ACCOUNT), LOG_ACCOUNT);
  for (let n: usize = 0; n < topics; n++) copyWord(record + LOG_HEADER + n * 32, sp - 96 - n * 32);
  if (size != 0) {
    const from = <usize>load<u32>(FRAME_MEMORY) + <usize>load<u64>(sp - 32);
    memory.copy(record + LOG_HEADER + <usize>topics * 32, from, <usize>size);
  }
  setStackPointer(sp - 64 - <usize>topics * 32);
  return CONTINUE;
}

export function log0(): i32 {
  return log(0);
}
export function log1(): i32 {
  return log(1);
}
export function log2(): i32 {
  return log(2);
}
export function log3(): i32 {
  return log(3);
}
export function log4(): i32 {
  return log(4);
}

function output(status: i32): i32 {
  const sp = stackPointer();
  const expanded = expandRange(sp - 32, sp - 64);
  if (expanded != CONTINUE) return expanded;
  const size = load<u32>(sp - 64);
  store<u32>(OUTPUT, size == 0 ? 0 : load<u32>(FRAME_MEMORY) + load<u32>(sp - 32));
  store<u32>(OUTPUT_SIZE, size);
  return status;
}

export function return_(): i32 {
  return output(RETURNED);
}

export function revert(): i32 {
  return output(REVERTED);
}
