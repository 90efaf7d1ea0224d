// Frames: calls, creations, self-destruction, and what happens when a frame ends. A callee's frame is a record in
// linear memory, so that 1,024 of them nest without any native stack.
import { BALANCE, CODE_HASH_OF, CREATED, DESTROYED, FLAGS, HAS_STORAGE, NONCE, TOUCHED, WARM } from '../src/entries';
import {
  CALLED,
  CODE_BYTES,
  CODE_DELEGATION,
  CODE_HASH,
  CODE_SIZE,
  CODE_STARTS_WITH_EF,
  CODE_TOO_LARGE,
  CONTINUE,
  CREATE_COLLISION,
  DEPTH,
  FLAG_CREATE,
  FLAG_STATIC,
  FRAME,
  FRAME_ACCOUNT,
  FRAME_ADDRESS,
  FRAME_CALLER,
  FRAME_CODE,
  FRAME_ENTRY,
  FRAME_FLAGS,
  FRAME_GAS,
  FRAME_GAS_START,
  FRAME_INPUT,
  FRAME_INPUT_SIZE,
  FRAME_INTERPRETED,
  FRAME_JOURNAL,
  FRAME_LOGS,
  FRAME_MEMORY,
  FRAME_MEMORY_SIZE,
  FRAME_PC,
  FRAME_REFUND,
  FRAME_RETURN_OFFSET,
  FRAME_RETURN_SIZE,
  FRAME_SIZE,
  FRAME_SP,
  FRAME_STACK,
  FRAME_VALUE,
  FRAMES,
  MISSING,
  OUTPUT,
  OUTPUT_SIZE,
  OUT_OF_GAS,
  PRECOMPILE_FAILED,
  REFUND,
  RETURNED,
  RETURN_DATA,
  RETURN_DATA_SIZE,
  REVERTED,
  SCRATCH,
  STATIC_STATE_CHANGE,
  INSUFFICIENT_BALANCE,
} from '../src/layout';
import { analyze, codeByHash, emptyCode, initRecord, newTransactionRecord, recordEnd } from './codes';
import { reserve } from './heap';
import { precompile } from './host';
import { keccak256 } from './keccak';
import { charge, chargeWords, expand, expandRange, memoryTop } from './memory';
import { access, isStatic, setStackPointer, stackPointer } from './operations';
import { sha256 } from './sha256';
import { accountAt, codeOf, getLogCount, hasEmptyCode, hasLess, isEmpty, journalMark, loaded, precompileOf, readBalance, readNonce, revertTo, setCode, setFlags, setNonce, willSetBalance } from './tables';
import { addWord, copyWord, isZero, saturated, setWord, subtractWord, zeroWord } from './words';

const depthMax: u32 = 1024;
const codeBytesMax: u32 = 24576;
const initcodeBytesMax: u64 = 49152;
const stipend: i64 = 2300;

/** EIP-7702 is in force: designators are followed. */
let delegations: bool = false;
/** What the last frame ended with. */
let lastStatus: i32 = 0;

const HASH = memory.data(32, 16);
const PREIMAGE = memory.data(96, 16);
const DELEGATE = memory.data(32, 16);
const ZERO = memory.data(32, 16);
const NEW_ADDRESS = memory.data(32, 16);

export function setDelegations(inForce: bool): void {
  delegations = inForce;
}

export function getLastStatus(): i32 {
  return lastStatus;
}

/** Moves value between loaded accounts. The sender has it. */
function transfer(from: usize, to: usize, value: usize): void {
  if (isZero(value)) {
    setFlags(to, TOUCHED);
    return;
  }
  willSetBalance(from);
  subtractWord(from + BALANCE, from + BALANCE, value);
  willSetBalance(to);
  addWord(to + BALANCE, to + BALANCE, value);
}

/** Makes the frame of the callee the current one. Its account, address, caller, value and code are the caller's to set. */
function push(gas: i64, input: usize, inputSize: u32, flags: u32, memoryBase: usize): void {
  const stack = load<u32>(FRAME_SP);
  const depth = load<u32>(DEPTH);
  memory.copy(FRAMES + depth * FRAME_SIZE, FRAME, FRAME_SIZE);
  store<u32>(DEPTH, depth + 1);
  store<i64>(FRAME_GAS, gas);
  store<i64>(FRAME_GAS_START, gas);
  store<u32>(FRAME_SP, stack);
  store<u32>(FRAME_STACK, stack);
  store<u32>(FRAME_MEMORY, <u32>memoryBase);
  store<u32>(FRAME_MEMORY_SIZE, 0);
  store<u32>(FRAME_PC, 0);
  store<u32>(FRAME_ENTRY, 0);
  store<u32>(FRAME_INPUT, <u32>input);
  store<u32>(FRAME_INPUT_SIZE, inputSize);
  store<u32>(FRAME_FLAGS, flags);
  store<u32>(FRAME_INTERPRETED, 0);
  store<u32>(RETURN_DATA_SIZE, 0);
}

/** Where a failing callee takes the state back to: taken before value moves. */
let mark: u32 = 0;
let logMark: u32 = 0;
let refundMark: i64 = 0;

function takeMarks(): void {
  mark = journalMark();
  logMark = getLogCount();
  refundMark = load<i64>(REFUND);
}

function keepMarks(): void {
  store<u32>(FRAME_JOURNAL, mark);
  store<u32>(FRAME_LOGS, logMark);
  store<i64>(FRAME_REFUND, refundMark);
}

/** What a call gives its caller without running code. */
function finishCall(success: bool, gasBack: i64): i32 {
  const sp = stackPointer();
  setWord(sp, u64(success));
  setStackPointer(sp + 32);
  store<i64>(FRAME_GAS, load<i64>(FRAME_GAS) + gasBack);
  return CONTINUE;
}

/** The caller cannot pay, or is too deep: nothing has happened. */
export function refuse(): i32 {
  lastStatus = INSUFFICIENT_BALANCE;
  return CONTINUE;
}

/**
 * The callee of a call begins, or has ended already: its arguments are off the stack, its gas is taken from the caller.
 * `account` (loaded) is whose storage and address it has, `code` the record (0: a precompile).
 */
export function enterCall(
  account: usize,
  code: usize,
  precompileId: u32,
  gas: i64,
  value: usize,
  moves: bool,
  input: usize,
  inputSize: u32,
  flags: u32,
): i32 {
  store<u32>(RETURN_DATA_SIZE, 0);
  const caller = <usize>load<u32>(FRAME_ACCOUNT);
  if (load<u32>(DEPTH) > depthMax || (moves && hasLess(caller, value))) {
    refuse();
    return finishCall(false, gas);
  }
  takeMarks();
  if (moves) transfer(caller, account, value);
  else setFlags(account, TOUCHED);
  if (precompileId != 0) return callPrecompile(precompileId, gas, input, inputSize);
  if (load<u32>(code, CODE_SIZE) == 0) {
    lastStatus = RETURNED;
    return finishCall(true, gas);
  }
  push(gas, input, inputSize, flags, memoryTop());
  keepMarks();
  store<u32>(FRAME_ACCOUNT, <u32>account);
  store<u32>(FRAME_CODE, <u32>code);
  copyWord(FRAME_ADDRESS, account);
  return CALLED;
}

function callPrecompile(id: u32, gas: i64, input: usize, size: u32): i32 {
  let output: i32 = 0;
  if (id == 4) {
    // Identity and SHA-256 need no way to JavaScript.
    if (takePrecompileGas(gas, 15, 3, size)) {
      memory.copy(reserveOutput(size), input, size);
      output = <i32>size;
    } else output = -1;
  } else if (id == 2) {
    if (takePrecompileGas(gas, 60, 12, size)) {
      sha256(reserveOutput(32), input, size);
      output = 32;
    } else output = -1;
  } else {
    store<i64>(SCRATCH, gas);
    output = precompile(<i32>id, input, <i32>size);
  }
  if (output < 0) {
    revertTo(mark, logMark, refundMark);
    lastStatus = PRECOMPILE_FAILED;
    return finishCall(false, 0);
  }
  store<u32>(RETURN_DATA, <u32>memoryTop());
  store<u32>(RETURN_DATA_SIZE, output);
  giveOutput();
  lastStatus = RETURNED;
  return finishCall(true, load<i64>(SCRATCH));
}

function takePrecompileGas(gas: i64, base: i64, perWord: i64, size: u32): bool {
  const left = gas - base - <i64>((<u64>size + 31) >> 5) * perWord;
  store<i64>(SCRATCH, left);
  return left >= 0;
}

/** Room for a precompile's output, above the current frame's memory. */
export function reserveOutput(size: u32): usize {
  const at = memoryTop();
  reserve(at + size);
  return at;
}

/** Where the caller of a precompile wants its output. */
let outputOffset: u32 = 0;
let outputSize: u32 = 0;

/** Copies the return data to where the current frame asked for them. */
function giveOutput(): void {
  const size = min<u32>(outputSize, load<u32>(RETURN_DATA_SIZE));
  if (size != 0) memory.copy(<usize>load<u32>(FRAME_MEMORY) + outputOffset, load<u32>(RETURN_DATA), size);
}

const CALL: i32 = 0;
const CALLCODE: i32 = 1;
const DELEGATECALL: i32 = 2;
const STATICCALL: i32 = 3;

export function call(): i32 {
  return callAs(CALL);
}
export function callcode(): i32 {
  return callAs(CALLCODE);
}
export function delegatecall(): i32 {
  return callAs(DELEGATECALL);
}
export function staticcall(): i32 {
  return callAs(STATICCALL);
}

function callAs(kind: i32): i32 {
  const sp = stackPointer();
  const withValue = kind <= CALLCODE;
  const value = withValue ? sp - 96 : ZERO;
  const args = withValue ? sp - 128 : sp - 96;
  const hasValue = withValue && !isZero(value);
  if (hasValue && kind == CALL && isStatic()) return STATIC_STATE_CHANGE;
  // One expansion to the further of the two ranges.
  const inputSize = saturated(args - 32);
  const wanted = saturated(args - 96);
  const inputEnd = inputSize == 0 ? 0 : saturated(args) + inputSize;
  const outputEnd = wanted == 0 ? 0 : saturated(args - 64) + wanted;
  const status = expand(max<u64>(inputEnd, outputEnd));
  if (status != CONTINUE) return status;
  const target = accountAt(sp - 64);
  if (!access(target, 2500)) return OUT_OF_GAS;
  if (hasValue && !charge(9000)) return OUT_OF_GAS;
  if (!loaded(target)) return MISSING;
  if (hasValue && kind == CALL && isEmpty(target) && !charge(25000)) return OUT_OF_GAS;
  const id = precompileOf(target);
  let code: usize = 0;
  if (id == 0) {
    code = codeOf(target);
    if (code == 0) return MISSING;
    if (delegations && load<u32>(code, CODE_DELEGATION) != 0) {
      const delegate = delegateOf(code);
      if (!charge((load<u32>(delegate, FLAGS) & WARM) != 0 ? 100 : 2600)) return OUT_OF_GAS;
      setFlags(delegate, WARM);
      if (!loaded(delegate)) return MISSING;
      // A precompile has no code to delegate to.
      code = codeOf(delegate);
      if (code == 0) return MISSING;
    }
  }
  // EIP-150: all but a 64th.
  const left = load<i64>(FRAME_GAS);
  const most = left - (left >> 6);
  const high = load<u64>(sp - 24) | load<u64>(sp - 16) | load<u64>(sp - 8);
  const asked = load<u64>(sp - 32);
  let gas = high == 0 && asked < <u64>most ? <i64>asked : most;
  store<i64>(FRAME_GAS, left - gas);
  if (hasValue) gas += stipend;
  outputOffset = wanted == 0 ? 0 : load<u32>(args - 64);
  outputSize = <u32>wanted;
  const inputOffset: u32 = inputSize == 0 ? 0 : load<u32>(args);
  setStackPointer(args - 96);
  return enterFromFrame(kind, target, code, id, gas, value, inputOffset, <u32>inputSize);
}

function enterFromFrame(
  kind: i32,
  target: usize,
  code: usize,
  id: u32,
  gas: i64,
  value: usize,
  inputOffset: u32,
  inputSize: u32,
): i32 {
  const self = <usize>load<u32>(FRAME_ACCOUNT);
  // Its own balance may be asked for now: a caller that has been entered is loaded.
  if (!loaded(self)) return MISSING;
  const flags = (load<u32>(FRAME_FLAGS) & FLAG_STATIC) | (kind == STATICCALL ? FLAG_STATIC : 0);
  const keepsContext = kind == DELEGATECALL;
  const input = <usize>load<u32>(FRAME_MEMORY) + inputOffset;
  const account = kind == CALL || kind == STATICCALL ? target : self;
  // CALLCODE moves value from itself to itself: only its balance is checked.
  const status = enterCall(account, code, id, gas, value, kind <= CALLCODE, input, inputSize, flags);
  if (status != CALLED) return status;
  store<u32>(FRAME_RETURN_OFFSET, outputOffset);
  store<u32>(FRAME_RETURN_SIZE, outputSize);
  if (!keepsContext) {
    copyWord(FRAME_CALLER, self);
    copyWord(FRAME_VALUE, value);
  }
  return CALLED;
}

/** The account that an EIP-7702 designator points to. */
export function delegateOf(code: usize): usize {
  const bytes = <usize>load<u32>(code, CODE_BYTES) + 3;
  setWord(DELEGATE, bswap<u64>(load<u64>(bytes, 12)));
  store<u64>(DELEGATE, bswap<u64>(load<u64>(bytes, 4)), 8);
  store<u64>(DELEGATE, bswap<u32>(load<u32>(bytes)), 16);
  return accountAt(DELEGATE);
}

/** 20 bytes, big-endian, of the address word. */
function writeAddress(to: usize, address: usize): void {
  store<u32>(to, bswap<u32>(load<u32>(address, 16)));
  store<u64>(to, bswap<u64>(load<u64>(address, 8)), 4);
  store<u64>(to, bswap<u64>(load<u64>(address)), 12);
}

function addressFromHash(): usize {
  setWord(NEW_ADDRESS, bswap<u64>(load<u64>(HASH, 24)));
  store<u64>(NEW_ADDRESS, bswap<u64>(load<u64>(HASH, 16)), 8);
  store<u64>(NEW_ADDRESS, bswap<u32>(load<u32>(HASH, 12)), 16);
  return accountAt(NEW_ADDRESS);
}

/** The account that CREATE makes: keccak256(rlp([sender, nonce])). */
export function createdBy(sender: usize, nonce: u64): usize {
  const nonceBytes = nonce < 0x80 ? 1 : 9 - <i32>(clz<u64>(nonce) >> 3);
  const at = PREIMAGE;
  store<u8>(at, <u8>(0xc0 + 21 + nonceBytes));
  store<u8>(at, 0x94, 1);
  writeAddress(at + 2, sender);
  if (nonce == 0) store<u8>(at, 0x80, 22);
  else if (nonce < 0x80) store<u8>(at, <u8>nonce, 22);
  else {
    store<u8>(at, <u8>(0x80 + nonceBytes - 1), 22);
    store<u64>(at, bswap<u64>(nonce << (72 - 8 * <u64>nonceBytes)), 23);
  }
  keccak256(HASH, at, 22 + nonceBytes);
  return addressFromHash();
}

/** EIP-1014: keccak256(0xff ‖ sender ‖ salt ‖ keccak256(init code)). */
function createdWithSalt(sender: usize, salt: usize, initcode: usize, size: usize): usize {
  const at = PREIMAGE;
  store<u8>(at, 0xff);
  writeAddress(at + 1, sender);
  for (let n: usize = 0; n < 4; n++) store<u64>(at + 21 + n * 8, bswap<u64>(load<u64>(salt + 24 - n * 8)));
  keccak256(at + 53, initcode, size);
  keccak256(HASH, at, 85);
  return addressFromHash();
}

export function create(): i32 {
  return createAs(false);
}

export function create2(): i32 {
  return createAs(true);
}

function createAs(salted: bool): i32 {
  if (isStatic()) return STATIC_STATE_CHANGE;
  const sp = stackPointer();
  const size = saturated(sp - 96);
  // EIP-3860.
  if (size > initcodeBytesMax) return OUT_OF_GAS;
  const status = expandRange(sp - 64, sp - 96);
  if (status != CONTINUE) return status;
  if (!chargeWords(size, salted ? 8 : 2)) return OUT_OF_GAS;
  const self = <usize>load<u32>(FRAME_ACCOUNT);
  if (!loaded(self)) return MISSING;
  const value = sp - 32;
  const initcode = size == 0 ? memoryTop() : <usize>load<u32>(FRAME_MEMORY) + load<u32>(sp - 64);
  if (load<u32>(DEPTH) > depthMax || hasLess(self, value) || readNonce(self) == u64.MAX_VALUE) {
    store<u32>(RETURN_DATA_SIZE, 0);
    setStackPointer(sp - (salted ? 128 : 96));
    return finishCall(false, 0);
  }
  const nonce = load<u64>(self, NONCE);
  const account = salted ? createdWithSalt(self, sp - 128, initcode, <usize>size) : createdBy(self, nonce);
  if (!loaded(account)) return MISSING;
  setNonce(self, nonce + 1);
  setStackPointer(sp - (salted ? 128 : 96));
  const left = load<i64>(FRAME_GAS);
  const gas = left - (left >> 6);
  store<i64>(FRAME_GAS, left - gas);
  return enterCreate(account, gas, value, initcode, <u32>size);
}

/** A creation begins: its arguments are off the stack, its gas and its nonce are taken, the account is loaded. */
export function enterCreate(account: usize, gas: i64, value: usize, initcode: usize, size: u32): i32 {
  store<u32>(RETURN_DATA_SIZE, 0);
  setFlags(account, WARM);
  // EIP-684 and EIP-7610.
  if (
    readNonce(account) != 0 ||
    !hasEmptyCode(account) ||
    (load<u32>(account, FLAGS) & (HAS_STORAGE | CREATED)) == HAS_STORAGE
  ) {
    lastStatus = CREATE_COLLISION;
    return finishCall(false, 0);
  }
  takeMarks();
  setFlags(account, CREATED | TOUCHED);
  setNonce(account, 1);
  const caller = <usize>load<u32>(FRAME_ACCOUNT);
  transfer(caller, account, value);
  // Init code is run once: its record lives between the caller's memory and the callee's.
  const record = (memoryTop() + 31) & ~31;
  const end = recordEnd(record, size);
  reserve(end);
  initRecord(record, size);
  memory.copy(load<u32>(record, CODE_BYTES), initcode, size);
  analyze(record);
  store<u32>(record, 0, CODE_DELEGATION);
  push(gas, 0, 0, FLAG_CREATE, end);
  keepMarks();
  store<u32>(FRAME_RETURN_SIZE, 0);
  store<u32>(FRAME_ACCOUNT, <u32>account);
  store<u32>(FRAME_CODE, <u32>record);
  copyWord(FRAME_ADDRESS, account);
  copyWord(FRAME_CALLER, caller);
  copyWord(FRAME_VALUE, value);
  return CALLED;
}

/** The output of init code becomes the account's code, if it may. A status. */
function deploy(): i32 {
  const size = load<u32>(OUTPUT_SIZE);
  const bytes = <usize>load<u32>(OUTPUT);
  // EIP-170, EIP-3541.
  if (size > codeBytesMax) return CODE_TOO_LARGE;
  if (size != 0 && load<u8>(bytes) == 0xef) return CODE_STARTS_WITH_EF;
  if (!charge(200 * <i64>size)) return OUT_OF_GAS;
  if (size == 0) return RETURNED;
  const record = newTransactionRecord(size);
  memory.copy(load<u32>(record, CODE_BYTES), bytes, size);
  keccak256(record + CODE_HASH, bytes, size);
  analyze(record);
  setCode(load<u32>(FRAME_ACCOUNT), record);
  return RETURNED;
}

/** The current frame has ended with `status`: its caller's is the current one again, and has the result. */
export function leave(status: i32): void {
  const creates = (load<u32>(FRAME_FLAGS) & FLAG_CREATE) != 0;
  if (creates && status == RETURNED) status = deploy();
  lastStatus = status;
  if (status != RETURNED) revertTo(load<u32>(FRAME_JOURNAL), load<u32>(FRAME_LOGS), load<i64>(FRAME_REFUND));
  const gas = status <= REVERTED ? load<i64>(FRAME_GAS) : 0;
  const created = <usize>load<u32>(FRAME_ACCOUNT);
  outputOffset = load<u32>(FRAME_RETURN_OFFSET);
  outputSize = load<u32>(FRAME_RETURN_SIZE);
  const depth = load<u32>(DEPTH) - 1;
  store<u32>(DEPTH, depth);
  memory.copy(FRAME, FRAMES + depth * FRAME_SIZE, FRAME_SIZE);
  store<i64>(FRAME_GAS, load<i64>(FRAME_GAS) + gas);
  const sp = stackPointer();
  if (status != RETURNED) zeroWord(sp);
  else if (creates) copyWord(sp, created);
  else setWord(sp, 1);
  setStackPointer(sp + 32);
  // A creation that succeeded gives no data; what halted neither.
  const gives = status == REVERTED || (status == RETURNED && !creates);
  store<u32>(RETURN_DATA, load<u32>(OUTPUT));
  store<u32>(RETURN_DATA_SIZE, gives ? load<u32>(OUTPUT_SIZE) : 0);
  if (!creates) giveOutput();
}

/** EIP-6780, 2929, 3529, 161. */
export function selfdestruct(): i32 {
  if (isStatic()) return STATIC_STATE_CHANGE;
  const sp = stackPointer();
  const self = <usize>load<u32>(FRAME_ACCOUNT);
  const heir = accountAt(sp - 32);
  if (!access(heir, 2600)) return OUT_OF_GAS;
  if (!loaded(self) || !loaded(heir)) return MISSING;
  if (!isZero(readBalance(self)) && isEmpty(heir) && !charge(25000)) return OUT_OF_GAS;
  setStackPointer(sp - 32);
  const isNew = (load<u32>(self, FLAGS) & CREATED) != 0;
  if (heir != self) {
    copyWord(HASH, self + BALANCE);
    transfer(self, heir, HASH);
  } else if (isNew) {
    willSetBalance(self);
    zeroWord(self + BALANCE);
  }
  if (isNew) setFlags(self, DESTROYED);
  store<u32>(OUTPUT_SIZE, 0);
  return RETURNED;
}

/** The code that the transaction's `to` runs; its delegate is warm afterwards (EIP-7702). 0: it is not here. */
export function codeToRun(account: usize): usize {
  const code = codeOf(account);
  if (code == 0 || !delegations || load<u32>(code, CODE_DELEGATION) == 0) return code;
  const delegate = delegateOf(code);
  setFlags(delegate, WARM);
  return loaded(delegate) ? codeOf(delegate) : 0;
}
