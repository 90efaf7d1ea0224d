// The interpreter: one instruction after the other on the memory stack, until the frame ends or calls.
import {
  BASE_FEE,
  BLOB_BASE_FEE,
  CHAIN_ID,
  CODE_BYTES,
  CODE_JUMPS,
  CODE_SIZE,
  COINBASE,
  FRAME_ADDRESS,
  FRAME_CALLER,
  FRAME_CODE,
  FRAME_GAS,
  FRAME_INPUT_SIZE,
  FRAME_MEMORY,
  FRAME_MEMORY_SIZE,
  FRAME_PC,
  FRAME_SP,
  FRAME_STACK,
  FRAME_VALUE,
  GAS_LIMIT,
  GAS_PRICE,
  INVALID_JUMP,
  INVALID_OPCODE,
  NUMBER,
  OPCODES,
  ORIGIN,
  OUTPUT_SIZE,
  OUT_OF_GAS,
  PREV_RANDAO,
  RETURNED,
  RETURN_DATA_SIZE,
  STACK_OVERFLOW,
  STACK_UNDERFLOW,
  TIMESTAMP,
} from '../src/layout';
import * as arithmetic from './arithmetic';
import { call, callcode, create, create2, delegatecall, selfdestruct, staticcall } from './calls';
import { expand } from './memory';
import * as operations from './operations';
import {
  addWord,
  copyWord,
  isZero,
  lessThan,
  reverseWord,
  sameWord,
  saturated,
  setWord,
  signedLessThan,
  subtractWord,
  zeroWord,
} from './words';

/** `n` bytes at `from`, big-endian, as a word. */
// @ts-ignore: decorator
@inline
function pushBytes(to: usize, from: usize, n: u32): void {
  // Bytes before `from` are the code record's or the code's own: they can be read, and are masked away.
  const end = from + n;
  v128.store(to, i64x2.splat(0));
  v128.store(to, i64x2.splat(0), 16);
  let at: u32 = 0;
  while (n - at >= 8) {
    store<u64>(to + at, bswap<u64>(load<u64>(end - at - 8)));
    at += 8;
  }
  const rest = n - at;
  if (rest != 0) store<u64>(to + at, bswap<u64>(load<u64>(from)) >> (64 - 8 * <u64>rest));
}

/** Instructions that are functions of their own. */
function operate(op: u32): i32 {
  switch (op) {
    case 0x20: return operations.keccak256();
    case 0x31: return operations.balance();
    case 0x37: return operations.calldatacopy();
    case 0x39: return operations.codecopy();
    case 0x3b: return operations.extcodesize();
    case 0x3c: return operations.extcodecopy();
    case 0x3e: return operations.returndatacopy();
    case 0x3f: return operations.extcodehash();
    case 0x40: return operations.blockhash();
    case 0x47: return operations.selfbalance();
    case 0x49: return operations.blobhash();
    case 0x54: return operations.sload();
    case 0x55: return operations.sstore();
    case 0x5c: return operations.tload();
    case 0x5d: return operations.tstore();
    case 0x5e: return operations.mcopy();
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa3:
    case 0xa4: return operations.log(op - 0xa0);
    case 0xf0: return create();
    case 0xf1: return call();
    case 0xf2: return callcode();
    case 0xf3: return operations.return_();
    case 0xf4: return delegatecall();
    case 0xf5: return create2();
    case 0xfa: return staticcall();
    case 0xfd: return operations.revert();
    case 0xff: return selfdestruct();
    default: return INVALID_OPCODE;
  }
}

/** Runs the current frame from FRAME_PC. A status, never CONTINUE. */
export function interpret(): i32 {
  const code = <usize>load<u32>(FRAME_CODE);
  const bytes = <usize>load<u32>(code, CODE_BYTES);
  const jumps = <usize>load<u32>(code, CODE_JUMPS);
  const size = <u64>load<u32>(code, CODE_SIZE);
  const bottom = <usize>load<u32>(FRAME_STACK);
  const memoryBase = <usize>load<u32>(FRAME_MEMORY);
  let at = bytes + load<u32>(FRAME_PC);
  let sp = <usize>load<u32>(FRAME_SP);
  let gas = load<i64>(FRAME_GAS);
  while (true) {
    const op = <u32>load<u8>(at);
    const rule = load<u64>(OPCODES + (op << 3));
    gas -= <i64>(rule & 0xffffffff);
    const height = <u32>(sp - bottom);
    const least = <u32>(rule >> 32) & 0xffff;
    if (height < least) return least == 0xffff ? INVALID_OPCODE : STACK_UNDERFLOW;
    if (height > <u32>(rule >> 48)) return STACK_OVERFLOW;
    if (gas < 0) return OUT_OF_GAS;
    at += 1;
    switch (op) {
      case 0x00: // STOP
        store<i64>(FRAME_GAS, gas);
        store<u32>(OUTPUT_SIZE, 0);
        return RETURNED;
      case 0x01: // ADD
        addWord(sp - 64, sp - 32, sp - 64);
        sp -= 32;
        continue;
      case 0x02: // MUL
        arithmetic.mul(<i32>sp);
        sp -= 32;
        continue;
      case 0x03: // SUB
        subtractWord(sp - 64, sp - 32, sp - 64);
        sp -= 32;
        continue;
      case 0x04: // DIV
        arithmetic.div(<i32>sp);
        sp -= 32;
        continue;
      case 0x05: // SDIV
        arithmetic.sdiv(<i32>sp);
        sp -= 32;
        continue;
      case 0x06: // MOD
        arithmetic.mod(<i32>sp);
        sp -= 32;
        continue;
      case 0x07: // SMOD
        arithmetic.smod(<i32>sp);
        sp -= 32;
        continue;
      case 0x08: // ADDMOD
        arithmetic.addmod(<i32>sp);
        sp -= 64;
        continue;
      case 0x09: // MULMOD
        arithmetic.mulmod(<i32>sp);
        sp -= 64;
        continue;
      case 0x0a: // EXP
        gas -= <i64>arithmetic.expGas(<i32>sp);
        if (gas < 0) return OUT_OF_GAS;
        arithmetic.exp(<i32>sp);
        sp -= 32;
        continue;
      case 0x0b: // SIGNEXTEND
        arithmetic.signextend(<i32>sp);
        sp -= 32;
        continue;
      case 0x10: // LT
        setWord(sp - 64, u64(lessThan(sp - 32, sp - 64)));
        sp -= 32;
        continue;
      case 0x11: // GT
        setWord(sp - 64, u64(lessThan(sp - 64, sp - 32)));
        sp -= 32;
        continue;
      case 0x12: // SLT
        setWord(sp - 64, u64(signedLessThan(sp - 32, sp - 64)));
        sp -= 32;
        continue;
      case 0x13: // SGT
        setWord(sp - 64, u64(signedLessThan(sp - 64, sp - 32)));
        sp -= 32;
        continue;
      case 0x14: // EQ
        setWord(sp - 64, u64(sameWord(sp - 32, sp - 64)));
        sp -= 32;
        continue;
      case 0x15: // ISZERO
        setWord(sp - 32, u64(isZero(sp - 32)));
        continue;
      case 0x16: // AND
        v128.store(sp - 64, v128.and(v128.load(sp - 32), v128.load(sp - 64)));
        v128.store(sp - 48, v128.and(v128.load(sp - 16), v128.load(sp - 48)));
        sp -= 32;
        continue;
      case 0x17: // OR
        v128.store(sp - 64, v128.or(v128.load(sp - 32), v128.load(sp - 64)));
        v128.store(sp - 48, v128.or(v128.load(sp - 16), v128.load(sp - 48)));
        sp -= 32;
        continue;
      case 0x18: // XOR
        v128.store(sp - 64, v128.xor(v128.load(sp - 32), v128.load(sp - 64)));
        v128.store(sp - 48, v128.xor(v128.load(sp - 16), v128.load(sp - 48)));
        sp -= 32;
        continue;
      case 0x19: // NOT
        v128.store(sp - 32, v128.not(v128.load(sp - 32)));
        v128.store(sp - 16, v128.not(v128.load(sp - 16)));
        continue;
      case 0x1a: // BYTE
        arithmetic.byte(<i32>sp);
        sp -= 32;
        continue;
      case 0x1b: // SHL
        arithmetic.shl(<i32>sp);
        sp -= 32;
        continue;
      case 0x1c: // SHR
        arithmetic.shr(<i32>sp);
        sp -= 32;
        continue;
      case 0x1d: // SAR
        arithmetic.sar(<i32>sp);
        sp -= 32;
        continue;
      case 0x1e: // CLZ
        arithmetic.clz(<i32>sp);
        continue;
      case 0x30: // ADDRESS
        copyWord(sp, FRAME_ADDRESS);
        sp += 32;
        continue;
      case 0x32: // ORIGIN
        copyWord(sp, ORIGIN);
        sp += 32;
        continue;
      case 0x33: // CALLER
        copyWord(sp, FRAME_CALLER);
        sp += 32;
        continue;
      case 0x34: // CALLVALUE
        copyWord(sp, FRAME_VALUE);
        sp += 32;
        continue;
      case 0x35: // CALLDATALOAD
        operations.calldataload(sp);
        continue;
      case 0x36: // CALLDATASIZE
        setWord(sp, load<u32>(FRAME_INPUT_SIZE));
        sp += 32;
        continue;
      case 0x38: // CODESIZE
        setWord(sp, size);
        sp += 32;
        continue;
      case 0x3a: // GASPRICE
        copyWord(sp, GAS_PRICE);
        sp += 32;
        continue;
      case 0x3d: // RETURNDATASIZE
        setWord(sp, load<u32>(RETURN_DATA_SIZE));
        sp += 32;
        continue;
      case 0x41: // COINBASE
        copyWord(sp, COINBASE);
        sp += 32;
        continue;
      case 0x42: // TIMESTAMP
        copyWord(sp, TIMESTAMP);
        sp += 32;
        continue;
      case 0x43: // NUMBER
        copyWord(sp, NUMBER);
        sp += 32;
        continue;
      case 0x44: // PREVRANDAO
        copyWord(sp, PREV_RANDAO);
        sp += 32;
        continue;
      case 0x45: // GASLIMIT
        copyWord(sp, GAS_LIMIT);
        sp += 32;
        continue;
      case 0x46: // CHAINID
        copyWord(sp, CHAIN_ID);
        sp += 32;
        continue;
      case 0x48: // BASEFEE
        copyWord(sp, BASE_FEE);
        sp += 32;
        continue;
      case 0x4a: // BLOBBASEFEE
        copyWord(sp, BLOB_BASE_FEE);
        sp += 32;
        continue;
      case 0x50: // POP
        sp -= 32;
        continue;
      case 0x51: { // MLOAD
        const from = saturated(sp - 32);
        if (from + 32 > <u64>load<u32>(FRAME_MEMORY_SIZE)) {
          store<i64>(FRAME_GAS, gas);
          const status = expand(from + 32);
          if (status != 0) return status;
          gas = load<i64>(FRAME_GAS);
        }
        reverseWord(sp - 32, memoryBase + <usize>from);
        continue;
      }
      case 0x52: { // MSTORE
        const to = saturated(sp - 32);
        if (to + 32 > <u64>load<u32>(FRAME_MEMORY_SIZE)) {
          store<i64>(FRAME_GAS, gas);
          const status = expand(to + 32);
          if (status != 0) return status;
          gas = load<i64>(FRAME_GAS);
        }
        reverseWord(memoryBase + <usize>to, sp - 64);
        sp -= 64;
        continue;
      }
      case 0x53: { // MSTORE8
        const to = saturated(sp - 32);
        if (to + 1 > <u64>load<u32>(FRAME_MEMORY_SIZE)) {
          store<i64>(FRAME_GAS, gas);
          const status = expand(to + 1);
          if (status != 0) return status;
          gas = load<i64>(FRAME_GAS);
        }
        store<u8>(memoryBase + <usize>to, load<u8>(sp - 64));
        sp -= 64;
        continue;
      }
      case 0x56: { // JUMP
        sp -= 32;
        const to = saturated(sp);
        if (to >= size || load<u16>(jumps + (<usize>to << 1)) == 0) return INVALID_JUMP;
        at = bytes + <usize>to;
        continue;
      }
      case 0x57: { // JUMPI
        sp -= 64;
        if (isZero(sp)) continue;
        const to = saturated(sp + 32);
        if (to >= size || load<u16>(jumps + (<usize>to << 1)) == 0) return INVALID_JUMP;
        at = bytes + <usize>to;
        continue;
      }
      case 0x58: // PC
        setWord(sp, at - bytes - 1);
        sp += 32;
        continue;
      case 0x59: // MSIZE
        setWord(sp, load<u32>(FRAME_MEMORY_SIZE));
        sp += 32;
        continue;
      case 0x5a: // GAS
        setWord(sp, gas);
        sp += 32;
        continue;
      case 0x5b: // JUMPDEST
        continue;
      case 0x5f: // PUSH0
        zeroWord(sp);
        sp += 32;
        continue;
      case 0x60: // PUSH1
        setWord(sp, load<u8>(at));
        sp += 32;
        at += 1;
        continue;
      case 0x61: // PUSH2
        setWord(sp, bswap<u16>(load<u16>(at)));
        sp += 32;
        at += 2;
        continue;
      case 0x62:
      case 0x63:
      case 0x64:
      case 0x65:
      case 0x66:
      case 0x67:
      case 0x68:
      case 0x69:
      case 0x6a:
      case 0x6b:
      case 0x6c:
      case 0x6d:
      case 0x6e:
      case 0x6f:
      case 0x70:
      case 0x71:
      case 0x72:
      case 0x73:
      case 0x74:
      case 0x75:
      case 0x76:
      case 0x77:
      case 0x78:
      case 0x79:
      case 0x7a:
      case 0x7b:
      case 0x7c:
      case 0x7d:
      case 0x7e:
      case 0x7f: // PUSH3 … PUSH32
        pushBytes(sp, at, op - 0x5f);
        at += op - 0x5f;
        sp += 32;
        continue;
      case 0x80:
      case 0x81:
      case 0x82:
      case 0x83:
      case 0x84:
      case 0x85:
      case 0x86:
      case 0x87:
      case 0x88:
      case 0x89:
      case 0x8a:
      case 0x8b:
      case 0x8c:
      case 0x8d:
      case 0x8e:
      case 0x8f: // DUP1 … DUP16
        copyWord(sp, sp - ((op - 0x7f) << 5));
        sp += 32;
        continue;
      case 0x90:
      case 0x91:
      case 0x92:
      case 0x93:
      case 0x94:
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x98:
      case 0x99:
      case 0x9a:
      case 0x9b:
      case 0x9c:
      case 0x9d:
      case 0x9e:
      case 0x9f: { // SWAP1 … SWAP16
        const other = sp - ((op - 0x8e) << 5);
        const low = v128.load(other);
        const high = v128.load(other, 16);
        copyWord(other, sp - 32);
        v128.store(sp - 32, low);
        v128.store(sp - 32, high, 16);
        continue;
      }
      default: {
        store<i64>(FRAME_GAS, gas);
        store<u32>(FRAME_SP, <u32>sp);
        store<u32>(FRAME_PC, <u32>(at - bytes));
        const status = operate(op);
        if (status != 0) return status;
        gas = load<i64>(FRAME_GAS);
        sp = load<u32>(FRAME_SP);
      }
    }
  }
}
