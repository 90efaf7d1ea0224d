import { FRAME_GAS, FRAME_MEMORY, FRAME_MEMORY_SIZE, FRAME_SP, MEMORIES, STACKS } from '../../src/layout.ts';
import { openMachine } from '../../src/machine.ts';

const noHost = (): never => {
  throw new Error('neither arithmetic nor hashing asks the host');
};

/** The machine's helpers that work on the memory stack or on plain bytes, called one at a time with bigints and bytes. */
export interface StackMachine {
  /** Pushes the operands, the first of them on top, runs the operation, and gives the word left in the deepest place. */
  run(operation: string, operands: readonly bigint[]): bigint;
  expGas(base: bigint, exponent: bigint): number;
  /** By hashKeccak or hashSha256. */
  hash(name: 'hashKeccak' | 'hashSha256', data: Uint8Array, offset?: number): Uint8Array;
  /** By the operation KECCAK256, which remembers. */
  keccakOperation(data: Uint8Array): bigint;
}

export function openStackMachine(): StackMachine {
  const { memory, compiledImports } = openMachine('osaka', {
    loadAccount: noHost,
    loadSlot: noHost,
    loadCode: noHost,
    blockHash: noHost,
    precompile: noHost,
    hot: noHost,
    exhausted: noHost,
    outOfMemory: noHost,
  });
  const operation = (name: string): ((...args: (number | bigint)[]) => number) => {
    const found = compiledImports[name];
    if (typeof found !== 'function') throw new Error(`the machine has no ${name}`);
    return found as (...args: (number | bigint)[]) => number;
  };
  const view = new DataView(memory.bytes.buffer);
  const bytes = memory.bytes;
  const writeWord = (at: number, value: bigint): void => {
    for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
  };
  const readWord = (at: number): bigint => {
    let value = 0n;
    for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(at + 8 * i, true);
    return value;
  };
  // Words around the operands, which must stay.
  const guard = 0x1122334455667788n;
  const below = STACKS + 64;

  return {
    run(name, operands) {
      const sp = below + 32 + 32 * operands.length;
      writeWord(below, guard);
      writeWord(sp, guard);
      operands.forEach((operand, i) => writeWord(sp - 32 * (i + 1), operand));
      operation(name)(sp);
      if (readWord(below) !== guard || readWord(sp) !== guard) throw new Error(`${name} wrote beside its operands`);
      return readWord(below + 32);
    },
    expGas(base, exponent) {
      writeWord(below, exponent);
      writeWord(below + 32, base);
      return operation('expGas')(below + 64);
    },
    hash(name, data, offset = 0) {
      const out = MEMORIES;
      const at = MEMORIES + 64 + offset;
      bytes.set(data, at);
      operation(name)(out, at, data.length);
      return bytes.slice(out, out + 32);
    },
    keccakOperation(data) {
      if (data.length > 32_768) throw new RangeError('more than the memory of this frame');
      const sp = below + 64;
      view.setBigInt64(FRAME_GAS, 1n << 40n, true);
      view.setUint32(FRAME_SP, sp, true);
      view.setUint32(FRAME_MEMORY, MEMORIES, true);
      view.setUint32(FRAME_MEMORY_SIZE, 32_768, true);
      bytes.set(data, MEMORIES);
      writeWord(sp - 32, 0n);
      writeWord(sp - 64, BigInt(data.length));
      const status = operation('keccak256')();
      if (status !== 0) throw new Error(`KECCAK256 ended with status ${status}`);
      return readWord(sp - 64);
    },
  };
}
