// For tests only: the EVM's frame in plain BigInt arithmetic, by itself and as the machine of a compiled module.

import * as layout from '../layout.ts';
import { opcodesOf } from '../opcodes.ts';
import { compileContract } from './index.ts';
import { imports } from './imports.ts';

const MASK = (1n << 256n) - 1n;
const STACK_START = 0x310000;
const MEMORY_START = 0x1000000;
const INPUT_START = 0x800000;
const CODE_START = 0x900000;
const TEST_MEMORY_MAX = 0x100000;

const signed = (word: bigint): bigint => BigInt.asIntN(256, word);
const unsigned = (word: bigint): bigint => BigInt.asUintN(256, word);

/** Where a frame is; or how it ended, when `status` is not CONTINUE. */
export interface Frame {
  pc: number;
  gas: bigint;
  stack: bigint[];
  memory: Uint8Array;
  status: number;
  output: string;
  /** What TSTORE did, as a log of what others see, with the gas left. */
  effects: string[];
}

const gasOfMemory = (bytes: number): bigint => {
  const words = BigInt(bytes / 32);
  return 3n * words + (words * words) / 512n;
};

/** Makes memory reach `end`; false when the gas does not pay for it. */
function expand(frame: Frame, end: bigint): boolean {
  if (end > BigInt(TEST_MEMORY_MAX)) return false;
  const size = Math.ceil(Number(end) / 32) * 32;
  if (size <= frame.memory.length) return true;
  frame.gas -= gasOfMemory(size) - gasOfMemory(frame.memory.length);
  if (frame.gas < 0n) return false;
  const memory = new Uint8Array(size);
  memory.set(frame.memory);
  frame.memory = memory;
  return true;
}

const toBig = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
const toBytes = (word: bigint): Uint8Array => Buffer.from(word.toString(16).padStart(64, '0'), 'hex');

/** Operations on words, by the machine's names; operands from the top. */
export const pure: Record<string, (...words: bigint[]) => bigint> = {
  mul: (a = 0n, b = 0n) => a * b,
  div: (a = 0n, b = 0n) => (b === 0n ? 0n : a / b),
  sdiv: (a = 0n, b = 0n) => (b === 0n ? 0n : signed(a) / signed(b)),
  mod: (a = 0n, b = 0n) => (b === 0n ? 0n : a % b),
  smod: (a = 0n, b = 0n) => (b === 0n ? 0n : signed(a) % signed(b)),
  addmod: (a = 0n, b = 0n, n = 0n) => (n === 0n ? 0n : (a + b) % n),
  mulmod: (a = 0n, b = 0n, n = 0n) => (n === 0n ? 0n : (a * b) % n),
  signextend: (k = 0n, x = 0n) => (k > 30n ? x : BigInt.asIntN(8 * Number(k) + 8, x)),
  exp: (base = 0n, exponent = 0n) => {
    let result = 1n;
    for (const digit of exponent.toString(2)) result = unsigned(result * result * (digit === '1' ? base : 1n));
    return result;
  },
  byte: (k = 0n, x = 0n) => (k > 31n ? 0n : (x >> (248n - 8n * k)) & 0xffn),
  shl: (k = 0n, x = 0n) => (k > 255n ? 0n : x << k),
  shr: (k = 0n, x = 0n) => (k > 255n ? 0n : x >> k),
  sar: (k = 0n, x = 0n) => signed(x) >> (k > 255n ? 255n : k),
  clz: (x = 0n) => BigInt(256 - (x === 0n ? 0 : x.toString(2).length)),
  add: (a = 0n, b = 0n) => a + b,
  sub: (a = 0n, b = 0n) => a - b,
  lt: (a = 0n, b = 0n) => BigInt(a < b),
  gt: (a = 0n, b = 0n) => BigInt(a > b),
  slt: (a = 0n, b = 0n) => BigInt(signed(a) < signed(b)),
  sgt: (a = 0n, b = 0n) => BigInt(signed(a) > signed(b)),
  eq: (a = 0n, b = 0n) => BigInt(a === b),
  iszero: (a = 0n) => BigInt(a === 0n),
  and: (a = 0n, b = 0n) => a & b,
  or: (a = 0n, b = 0n) => a | b,
  xor: (a = 0n, b = 0n) => a ^ b,
  not: (a = 0n) => ~a,
};

/** What the environment instructions push. */
export const environment: Record<string, bigint> = {
  ADDRESS: 0x1111_2222_3333_4444_5555_6666_7777_8888_9999_aaaan,
  ORIGIN: 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn,
  CALLER: 0x1234n,
  CALLVALUE: 1n << 70n,
  GASPRICE: 7n,
  COINBASE: 0xc0ffeen,
  TIMESTAMP: 1_800_000_000n,
  NUMBER: 20_000_000n,
  PREVRANDAO: MASK - 5n,
  GASLIMIT: 36_000_000n,
  CHAINID: 1n,
  BASEFEE: 1n << 130n,
  BLOBBASEFEE: 1n,
};

const inputWord = (input: Uint8Array, offset: bigint): bigint => {
  const word = new Uint8Array(32);
  if (offset < BigInt(input.length)) word.set(input.subarray(Number(offset), Number(offset) + 32));
  return toBig(word);
};

/** A stand-in with the same cost structure as a hash: a function of the bytes. */
const digest = (bytes: Uint8Array): bigint =>
  bytes.reduce((sum, byte) => unsigned(sum * 0x100000001b3n + BigInt(byte) + 7n), 5n);

/** The instructions that the machine does on a frame; operands are on the stack, static gas is charged. */
const stateful: Record<string, (frame: Frame, input: Uint8Array, code: Uint8Array) => number> = {
  keccak256: (frame) => {
    const [offset = 0n, size = 0n] = [frame.stack.pop(), frame.stack.pop()];
    frame.gas -= 6n * ((size + 31n) / 32n);
    if (frame.gas < 0n || (size > 0n && !expand(frame, offset + size))) return layout.OUT_OF_GAS;
    frame.stack.push(
      digest(frame.memory.subarray(Number(offset), size === 0n ? Number(offset) : Number(offset + size))),
    );
    return 0;
  },
  calldatacopy: (frame, input) => copy(frame, input),
  codecopy: (frame, _input, code) => copy(frame, code),
  mcopy: (frame) => {
    const [to = 0n, from = 0n, size = 0n] = [frame.stack.pop(), frame.stack.pop(), frame.stack.pop()];
    frame.gas -= 3n * ((size + 31n) / 32n);
    if (frame.gas < 0n) return layout.OUT_OF_GAS;
    if (size === 0n) return 0;
    if (!expand(frame, (to > from ? to : from) + size)) return layout.OUT_OF_GAS;
    frame.memory.copyWithin(Number(to), Number(from), Number(from + size));
    return 0;
  },
  tstore: (frame) => {
    frame.effects.push(`${frame.stack.pop()}=${frame.stack.pop()}@${frame.gas}`);
    return 0;
  },
  tload: (frame) => {
    frame.stack.push(unsigned((frame.stack.pop() ?? 0n) * 3n + frame.gas));
    return 0;
  },
  return_: (frame) => finish(frame, layout.RETURNED),
  revert: (frame) => finish(frame, layout.REVERTED),
  // Stands for a call: 7 operands, one result, sometimes done at once.
  call: (frame) => {
    const operands = frame.stack.splice(-7);
    frame.effects.push(`call ${operands.join()}@${frame.gas}`);
    frame.gas -= 500n;
    if (frame.gas < 0n) return layout.OUT_OF_GAS;
    if ((operands[6] ?? 0n) % 2n === 0n) return layout.CALLED;
    frame.stack.push(1n);
    return 0;
  },
};

function copy(frame: Frame, source: Uint8Array): number {
  const [to = 0n, from = 0n, size = 0n] = [frame.stack.pop(), frame.stack.pop(), frame.stack.pop()];
  frame.gas -= 3n * ((size + 31n) / 32n);
  if (frame.gas < 0n) return layout.OUT_OF_GAS;
  if (size === 0n) return 0;
  if (!expand(frame, to + size)) return layout.OUT_OF_GAS;
  for (let index = 0n; index < size; index++) frame.memory[Number(to + index)] = source[Number(from + index)] ?? 0;
  return 0;
}

function finish(frame: Frame, status: number): number {
  const [offset = 0n, size = 0n] = [frame.stack.pop(), frame.stack.pop()];
  if (size > 0n && !expand(frame, offset + size)) return layout.OUT_OF_GAS;
  frame.output =
    size === 0n ? '' : Buffer.from(frame.memory.subarray(Number(offset), Number(offset + size))).toString('hex');
  return status;
}

/** JUMPDESTs by offset: n for the n-th. */
export function jumpTable(code: Uint8Array): number[] {
  const table = new Array<number>(code.length).fill(0);
  let count = 0;
  for (let pc = 0; pc < code.length; pc++) {
    const opcode = code[pc] ?? 0;
    if (opcode === 0x5b) table[pc] = ++count;
    if (opcode >= 0x60 && opcode <= 0x7f) pc += opcode - 0x5f;
  }
  return table;
}

const opcodes = opcodesOf('osaka');

/** Runs a frame to its end, instruction by instruction. */
export function interpret(code: Uint8Array, input: Uint8Array, frame: Frame): Frame {
  const jumps = jumpTable(code);
  while (frame.status === layout.CONTINUE) frame.status = step(code, input, frame, jumps);
  if (frame.status >= layout.OUT_OF_GAS) frame.gas = 0n;
  return frame;
}

function step(code: Uint8Array, input: Uint8Array, frame: Frame, jumps: readonly number[]): number {
  const { stack } = frame;
  const opcode = code[frame.pc] ?? 0;
  const instruction = opcodes[opcode];
  if (instruction === undefined) return layout.INVALID_OPCODE;
  const { name, inputs, outputs } = instruction;
  if (stack.length < inputs) return layout.STACK_UNDERFLOW;
  if (stack.length - inputs + outputs > 1024) return layout.STACK_OVERFLOW;
  frame.gas -= BigInt(instruction.gas);
  if (frame.gas < 0n) return layout.OUT_OF_GAS;
  const at = frame.pc++;
  const lower = name.toLowerCase();
  if (lower in pure) {
    const operands = Array.from({ length: inputs }, () => stack.pop() ?? 0n);
    if (name === 'EXP')
      frame.gas -= 50n * BigInt(Math.ceil((operands[1] ?? 0n).toString(2).length / 8)) * BigInt(operands[1] !== 0n);
    if (frame.gas < 0n) return layout.OUT_OF_GAS;
    stack.push(unsigned(pure[lower]?.(...operands) ?? 0n));
    return 0;
  }
  if (name in environment) {
    stack.push(environment[name] ?? 0n);
    return 0;
  }
  if (name.startsWith('PUSH')) {
    const data = new Uint8Array(opcode - 0x5f);
    data.set(code.subarray(at + 1, at + 1 + data.length));
    stack.push(toBig(data));
    frame.pc += data.length;
    return 0;
  }
  if (name.startsWith('DUP')) stack.push(stack.at(0x7f - opcode) ?? 0n);
  else if (name.startsWith('SWAP')) {
    const [top, other] = [stack.length - 1, stack.length - 1 - (opcode - 0x8f)];
    [stack[top], stack[other]] = [stack[other] ?? 0n, stack[top] ?? 0n];
  } else if (name === 'STOP') {
    frame.output = '';
    return layout.RETURNED;
  } else if (name === 'POP') stack.pop();
  else if (name === 'PC') stack.push(BigInt(at));
  else if (name === 'MSIZE') stack.push(BigInt(frame.memory.length));
  else if (name === 'GAS') stack.push(frame.gas);
  else if (name === 'CALLDATASIZE') stack.push(BigInt(input.length));
  else if (name === 'CODESIZE') stack.push(BigInt(code.length));
  else if (name === 'RETURNDATASIZE') stack.push(0n);
  else if (name === 'CALLDATALOAD') stack.push(inputWord(input, stack.pop() ?? 0n));
  else if (name === 'MLOAD') {
    const offset = stack.pop() ?? 0n;
    if (!expand(frame, offset + 32n)) return layout.OUT_OF_GAS;
    stack.push(toBig(frame.memory.subarray(Number(offset), Number(offset) + 32)));
  } else if (name === 'MSTORE' || name === 'MSTORE8') {
    const [offset = 0n, value = 0n] = [stack.pop(), stack.pop()];
    const size = name === 'MSTORE' ? 32 : 1;
    if (!expand(frame, offset + BigInt(size))) return layout.OUT_OF_GAS;
    frame.memory.set(toBytes(value).subarray(32 - size), Number(offset));
  } else if (name === 'JUMP' || name === 'JUMPI') {
    const destination = stack.pop() ?? 0n;
    if (name === 'JUMPI' && stack.pop() === 0n) return 0;
    if (destination >= BigInt(code.length) || jumps[Number(destination)] === 0) return layout.INVALID_JUMP;
    frame.pc = Number(destination);
  } else if (name !== 'JUMPDEST') {
    const status = stateful[name === 'RETURN' ? 'return_' : lower]?.(frame, input, code) ?? layout.INVALID_OPCODE;
    if (status !== layout.CALLED) return status;
    stack.push(1n);
  }
  return 0;
}

export function newFrame(gas: bigint): Frame {
  return { pc: 0, gas, stack: [], memory: new Uint8Array(0), status: 0, output: '', effects: [] };
}

let memory: WebAssembly.Memory | undefined;
let latest: { code: Uint8Array; module: WebAssembly.Module } | undefined;

function moduleOf(code: Uint8Array): WebAssembly.Module {
  if (latest?.code !== code) {
    const compiled = compileContract(code, 'osaka');
    if ('refused' in compiled) throw new Error(compiled.refused);
    latest = { code, module: new WebAssembly.Module(compiled.wasm as Uint8Array<ArrayBuffer>) };
  }
  return latest.module;
}

/** Runs a frame with the compiled code, and what that leaves to the interpreter with `interpret`. */
export function runCompiled(code: Uint8Array, input: Uint8Array, gas: bigint): Frame & { interpreted: boolean } {
  const module = moduleOf(code);
  memory ??= new WebAssembly.Memory({ initial: 512, maximum: 32768 });
  const machineMemory = memory;
  const view = new DataView(machineMemory.buffer);
  const bytes = new Uint8Array(machineMemory.buffer);
  bytes.fill(0, layout.FRAME, layout.SCRATCH);
  let effects: string[] = [];
  let output = '';
  const word = (at: number): bigint =>
    [24, 16, 8, 0].reduce((sum, limb) => (sum << 64n) | view.getBigUint64(at + limb, true), 0n);
  const setWord = (at: number, value: bigint): void => {
    for (let limb = 0; limb < 4; limb++)
      view.setBigUint64(at + 8 * limb, (value >> BigInt(64 * limb)) & 0xffff_ffff_ffff_ffffn, true);
  };
  const read = (): Frame => {
    const end = view.getInt32(layout.FRAME_SP, true);
    const stack: bigint[] = [];
    for (let at = STACK_START; at < end; at += 32) stack.push(word(at));
    const size = view.getInt32(layout.FRAME_MEMORY_SIZE, true);
    const pc = view.getInt32(layout.FRAME_PC, true);
    return {
      pc,
      gas: view.getBigInt64(layout.FRAME_GAS, true),
      stack,
      memory: bytes.slice(MEMORY_START, MEMORY_START + size),
      status: 0,
      output,
      effects,
    };
  };
  const write = (frame: Frame): void => {
    frame.stack.forEach((item, index) => setWord(STACK_START + 32 * index, item));
    view.setInt32(layout.FRAME_SP, STACK_START + 32 * frame.stack.length, true);
    view.setInt32(layout.FRAME_MEMORY_SIZE, frame.memory.length, true);
    view.setBigInt64(layout.FRAME_GAS, frame.gas, true);
    bytes.set(frame.memory, MEMORY_START);
    ({ effects, output } = frame);
  };
  const functions: Record<string, WebAssembly.ImportValue> = { memory: machineMemory };
  for (const { name, signature } of imports) {
    if (signature === 'i:') {
      functions[name] = (sp: number) => {
        const inputs =
          name === 'calldataload' || name === 'clz' ? 1 : name.endsWith('dmod') || name === 'mulmod' ? 3 : 2;
        const operands = Array.from({ length: inputs }, (_, index) => word(sp - 32 - 32 * index));
        const result =
          name === 'calldataload' ? inputWord(input, operands[0] ?? 0n) : (pure[name]?.(...operands) ?? 0n);
        setWord(sp - 32 * inputs, unsigned(result));
      };
    } else if (signature === ':i') {
      functions[name] = () => {
        const frame = read();
        const status = stateful[name]?.(frame, input, code) ?? layout.INVALID_OPCODE;
        write(frame);
        return status;
      };
    }
  }
  functions['expGas'] = (sp: number) =>
    word(sp - 64) === 0n ? 0 : 50 * Math.ceil(word(sp - 64).toString(2).length / 8);
  functions['expand'] = (end: bigint) => {
    const frame = read();
    if (!expand(frame, end)) return layout.OUT_OF_GAS;
    write(frame);
    return 0;
  };
  const places: Record<string, number> = { ADDRESS: layout.FRAME_ADDRESS, CALLER: layout.FRAME_CALLER, CALLVALUE: layout.FRAME_VALUE, GASPRICE: layout.GAS_PRICE, GASLIMIT: layout.GAS_LIMIT, PREVRANDAO: layout.PREV_RANDAO, CHAINID: layout.CHAIN_ID, BASEFEE: layout.BASE_FEE, BLOBBASEFEE: layout.BLOB_BASE_FEE, ORIGIN: layout.ORIGIN, COINBASE: layout.COINBASE, TIMESTAMP: layout.TIMESTAMP, NUMBER: layout.NUMBER }; // prettier-ignore
  for (const [name, place] of Object.entries(places)) setWord(place, environment[name] ?? 0n);
  const record = CODE_START;
  const jumps = CODE_START + 0x40000;
  bytes.fill(0, jumps, jumps + 0x20000);
  view.setInt32(record + layout.CODE_JUMPS, jumps, true);
  jumpTable(code).forEach((index, pc) => view.setUint16(jumps + 2 * pc, index, true));
  bytes.set(input, INPUT_START);
  view.setInt32(layout.FRAME_INPUT, INPUT_START, true);
  view.setInt32(layout.FRAME_INPUT_SIZE, input.length, true);
  view.setInt32(layout.FRAME_CODE, record, true);
  view.setInt32(layout.FRAME_STACK, STACK_START, true);
  view.setInt32(layout.FRAME_MEMORY, MEMORY_START, true);
  // What compiled code must not depend on: rubbish in free slots.
  bytes.fill(0xa5, STACK_START, STACK_START + 0x8000);
  write(newFrame(gas));
  const instance = new WebAssembly.Instance(module, { m: functions });
  const run = instance.exports['run'] as (entry: number) => number;
  // As it is done before a contract's first run: it must leave no trace.
  const untouched = bytes.slice(0, layout.STATIC_DATA);
  (instance.exports['touch'] as () => void)();
  if (Buffer.compare(untouched, bytes.subarray(0, layout.STATIC_DATA)) !== 0)
    throw new Error('touching a contract has changed the memory');
  let status = run(0);
  while (status === layout.CALLED) {
    const frame = read();
    frame.stack.push(1n);
    write(frame);
    status = run(view.getInt32(layout.FRAME_ENTRY, true));
  }
  const frame = read();
  const interpreted = status === layout.INTERPRET;
  if (interpreted) return { ...interpret(code, input, frame), interpreted };
  frame.status = status;
  if (status >= layout.OUT_OF_GAS) frame.gas = 0n;
  return { ...frame, interpreted };
}
