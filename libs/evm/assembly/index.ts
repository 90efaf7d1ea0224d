// The machine: what JavaScript and compiled code call. See layout.ts for the memory that all of them share.
import { BALANCE, BALANCE_READ, FLAGS, LOADED, NONCE_READ, SLOT_FLAGS, WARM } from '../src/entries';
import {
  CALLED,
  CODE_COMPILED,
  CODE_HEAT,
  CODE_REPORTED,
  CODE_USED,
  CONTINUE,
  DEPTH,
  FRAME,
  FRAME_ACCOUNT,
  FRAME_CALLER,
  FRAME_CODE,
  FRAME_ENTRY,
  FRAME_FLAGS,
  FRAME_GAS,
  FRAME_GAS_START,
  FRAME_INTERPRETED,
  FRAME_MEMORY,
  FRAME_MEMORY_SIZE,
  FRAME_RETURN_SIZE,
  FRAME_SIZE,
  FRAME_SP,
  FRAME_STACK,
  FRAME_VALUE,
  INTERPRET,
  MEMORIES,
  MISSING,
  REFUND,
  RETURN_DATA,
  RETURN_DATA_SIZE,
  SCRATCH,
  STACKS,
} from '../src/layout';
import { codeToRun, createdBy, enterCall, enterCreate, leave, refuse } from './calls';
import { emptyCode, renewCodes } from './codes';
import { reserve, resetHeap } from './heap';
import { hot } from './host';
import { interpret } from './interpreter';
import { accountAt, codeOf, hasLess, loaded, noteRead, precompileOf, resetTables, setCode as setAccountCode, setFlags, setSlot as setSlotValue, slotAt, slotLoaded, warmSlot as warmSlotEntry, willSetBalance } from './tables';
import { copyWord } from './words';

export {

  addmod,
  byte,
  clz,
  div,
  exp,
  expGas,
  mod,
  mul,
  mulmod,
  sar,
  sdiv,
  shl,
  shr,
  signextend,
  smod,

} from './arithmetic';
export {
  getLastStatus,
  call,
  callcode,
  create,
  create2,
  delegatecall,
  reserveOutput,
  selfdestruct,
  setDelegations,
  staticcall,
} from './calls';
export { analyze, codeCount, codeGeneration, newRecord, newTransactionRecord } from './codes';
export { keccak256 as hashKeccak } from './keccak';
export { expand } from './memory';
export {
  balance,
  blobhash,
  blockhash,
  calldatacopy,
  calldataload,
  codecopy,
  extcodecopy,
  extcodehash,
  extcodesize,
  keccak256,
  log0,
  log1,
  log2,
  log3,
  log4,
  mcopy,
  returndatacopy,
  return_,
  revert,
  selfbalance,
  sload,
  sstore,
  tload,
  tstore,
} from './operations';
export { sha256 as hashSha256 } from './sha256';
export {
  getFirstAccount,
  getFirstSlot,
  getLog,
  getLogCount,
  journalMark,
  revertTo,
  setNonce,
  setPrecompiles,
} from './tables';

/** Gas interpreted on a code before JavaScript is told that it is hot. */
let heatMax: i64 = 0;

export function setHeat(gas: i64): void {
  heatMax = gas;
}

/** A transaction begins: nothing is known. */
export function begin(): void {
  resetHeap();
  resetTables();
  renewCodes();
  store<u32>(DEPTH, 0);
}

/** The loaded entry of the address (a word at SCRATCH), or 0: it is not here. */
export function accountHere(): usize {
  const account = accountAt(SCRATCH);
  return loaded(account) ? account : 0;
}

/** Notes that JavaScript looks at balance and nonce of a loaded account. */
export function observe(account: usize): void {
  noteRead(account, BALANCE_READ | NONCE_READ);
}

/** Notes that JavaScript needs the balance of a loaded account. */
export function observeBalance(account: usize): void {
  noteRead(account, BALANCE_READ);
}

/** Whether the address at SCRATCH has been asked for. */
export function isLoaded(): bool {
  return (load<u32>(accountAt(SCRATCH), FLAGS) & LOADED) != 0;
}

/** EIP-2929: the address at SCRATCH is accessed. */
export function warmAccount(): void {
  setFlags(accountAt(SCRATCH), WARM);
}

/** EIP-2930: the slot at SCRATCH + 32 of the address at SCRATCH is accessed. */
export function warmSlot(): void {
  const slot = slotAt(accountAt(SCRATCH), SCRATCH + 32);
  if ((load<u32>(slot, SLOT_FLAGS) & WARM) == 0) warmSlotEntry(slot);
}

/** The loaded account gets the balance at SCRATCH + 32 and is touched. */
export function setBalance(account: usize): void {
  willSetBalance(account);
  copyWord(account + BALANCE, SCRATCH + 32);
}

/** The slot at SCRATCH + 32 of a loaded account gets the value at SCRATCH + 64. 0, or -1: it is not here. */
export function setSlot(account: usize): i32 {
  const slot = slotAt(account, SCRATCH + 32);
  if (!slotLoaded(slot)) return -1;
  setSlotValue(slot, SCRATCH + 64);
  return 0;
}

export function setCode(account: usize, record: usize): void {
  setAccountCode(account, record == 0 ? emptyCode() : record);
}

/** The code record of a loaded account, or 0: it is not here. */
export function codeHere(account: usize): usize {
  return codeOf(account);
}

/** Room for the input of a message at the bottom of the memories; returns its address. */
export function prepare(size: u32): usize {
  memory.fill(FRAME, 0, FRAME_SIZE);
  reserve(MEMORIES + size + 64);
  store<u32>(FRAME_SP, STACKS);
  store<u32>(FRAME_STACK, STACKS);
  store<u32>(FRAME_MEMORY, MEMORIES);
  store<u32>(FRAME_MEMORY_SIZE, (size + 31) & ~31);
  store<u32>(DEPTH, 0);
  store<u32>(RETURN_DATA_SIZE, 0);
  return MEMORIES;
}

/**
 * Runs a message: caller (word) at SCRATCH, callee at SCRATCH + 32, value at SCRATCH + 64, input prepared. The root frame
 * has the caller's account and, afterwards, the gas left in FRAME_GAS, the result on its stack, the output as return data.
 */
export function runCall(gas: i64, inputSize: u32): i32 {
  const caller = accountAt(SCRATCH);
  const target = accountAt(SCRATCH + 32);
  if (!loaded(caller) || !loaded(target)) return MISSING;
  const id = precompileOf(target);
  const code = id == 0 ? codeToRun(target) : 0;
  if (code == 0 && id == 0) return MISSING;
  store<u32>(FRAME_ACCOUNT, <u32>caller);
  const value = SCRATCH + 64;
  const status = enterCall(target, code, id, gas, value, true, MEMORIES, inputSize, 0);
  if (status != CALLED) return status;
  store<u32>(FRAME_RETURN_SIZE, 0);
  copyWord(FRAME_CALLER, caller);
  copyWord(FRAME_VALUE, value);
  return drive();
}

/** Runs a creation: caller (word) at SCRATCH, value at SCRATCH + 64, init code prepared. */
export function runCreate(gas: i64, inputSize: u32, nonce: u64): i32 {
  const caller = accountAt(SCRATCH);
  const account = createdBy(caller, nonce);
  if (!loaded(caller) || !loaded(account)) return MISSING;
  store<u32>(FRAME_ACCOUNT, <u32>caller);
  if (hasLess(caller, SCRATCH + 64)) return refuse();
  const status = enterCreate(account, gas, SCRATCH + 64, MEMORIES, inputSize);
  return status == CALLED ? drive() : status;
}

/** Runs frames until the root frame has its result. */
function drive(): i32 {
  while (true) {
    const code = <usize>load<u32>(FRAME_CODE);
    const compiled = load<u32>(FRAME_INTERPRETED) == 0 ? compiledOf(code) : 0;
    let status: i32;
    if (compiled != 0) {
      store<u32>(code, 1, CODE_USED);
      status = call_indirect<i32>(compiled, load<u32>(FRAME_ENTRY));
      if (status == INTERPRET) {
        store<u32>(FRAME_INTERPRETED, 1);
        status = interpret();
      }
    } else {
      store<u32>(FRAME_INTERPRETED, 1);
      status = interpret();
    }
    if (status == CALLED) continue;
    if (status >= MISSING) return status;
    if (compiled == 0) warmUp(code);
    leave(status);
    if (load<u32>(DEPTH) == 0) return CONTINUE;
  }
}

/** The code's index in the table, or 0; compiled now when it is hot and JavaScript wants to. */
function compiledOf(code: usize): u32 {
  const compiled = load<u32>(code, CODE_COMPILED);
  if (compiled != 0) return compiled;
  if (load<i64>(code, CODE_HEAT) < heatMax || load<u32>(code, CODE_REPORTED) != 0) return 0;
  store<u32>(code, 1, CODE_REPORTED);
  hot(code);
  return load<u32>(code, CODE_COMPILED);
}

function warmUp(code: usize): void {
  const used = load<i64>(FRAME_GAS_START) - max<i64>(0, load<i64>(FRAME_GAS));
  store<i64>(code, load<i64>(code, CODE_HEAT) + used, CODE_HEAT);
}
