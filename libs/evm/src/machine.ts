import { MEMORIES, MEMORY_END, OPCODES } from './layout.ts';
import { machineWasm } from './generated/machine.ts';
import { MachineMemory } from './machine-memory.ts';
import { opcodesOf } from './opcodes.ts';
import type { Fork } from './ports.ts';

/** What the machine exports beside the operations that compiled code imports by name. Addresses are in its memory. */
export interface MachineExports {
  table: WebAssembly.Table;
  begin(): void;
  accountHere(): number;
  observe(account: number): void;
  observeBalance(account: number): void;
  isLoaded(): number;
  warmAccount(): void;
  warmSlot(): void;
  setBalance(account: number): void;
  setNonce(account: number, nonce: bigint): void;
  setSlot(account: number): number;
  setCode(account: number, record: number): void;
  codeHere(account: number): number;
  prepare(size: number): number;
  runCall(gas: bigint, inputSize: number): number;
  runCreate(gas: bigint, inputSize: number, nonce: bigint): number;
  getLastStatus(): number;
  reserveOutput(size: number): number;
  setDelegations(inForce: number): void;
  setPrecompiles(highest: number, withP256: number): void;
  setHeat(gas: bigint): void;
  analyze(record: number): void;
  codeCount(): number;
  codeGeneration(): number;
  newRecord(size: number): number;
  newTransactionRecord(size: number): number;
  getFirstAccount(): number;
  getFirstSlot(): number;
  getLog(n: number): number;
  getLogCount(): number;
  journalMark(): number;
  revertTo(mark: number, logMark: number, refund: bigint): void;
  hashKeccak(out: number, data: number, size: number): void;
}

/** What the machine asks of JavaScript (assembly/host.ts). */
export interface MachineImports {
  loadAccount(account: number): number;
  loadSlot(account: number, slot: number): number;
  loadCode(hash: number): number;
  blockHash(out: number, number: bigint): number;
  precompile(id: number, input: number, size: number): number;
  hot(code: number): void;
  exhausted(): void;
  outOfMemory(): void;
}

export interface Machine {
  exports: MachineExports;
  memory: MachineMemory;
  /** What a compiled contract imports as "m". */
  compiledImports: WebAssembly.ModuleImports;
}

const pageBytes = 65_536;

let compiled: WebAssembly.Module | undefined;

/** A machine of its own memory, set up for the fork. Most of its memory is address space that costs nothing until used. */
export function openMachine(fork: Fork, host: MachineImports): Machine {
  compiled ??= new WebAssembly.Module(decodeBase64(machineWasm));
  const memory = new WebAssembly.Memory({ initial: MEMORIES / pageBytes + 1, maximum: MEMORY_END / pageBytes });
  const instance = new WebAssembly.Instance(compiled, { env: { memory, abort: host.exhausted }, host: { ...host } });
  const exports = instance.exports as unknown as MachineExports;
  exports.setDelegations(fork === 'cancun' ? 0 : 1);
  exports.setPrecompiles(fork === 'cancun' ? 0x0a : 0x11, fork === 'osaka' ? 1 : 0);
  const machine = {
    exports,
    memory: new MachineMemory(memory),
    compiledImports: { ...(instance.exports as WebAssembly.ModuleImports), memory },
  };
  writeOpcodes(machine.memory, fork);
  return machine;
}

/** For each instruction its gas, and the least and most height (in bytes) of the stack before it; see OPCODES. */
function writeOpcodes({ bytes }: MachineMemory, fork: Fork): void {
  const view = new DataView(bytes.buffer);
  for (const [code, opcode] of opcodesOf(fork).entries()) {
    const at = OPCODES + code * 8;
    const grows = opcode === undefined ? 0 : Math.max(0, opcode.outputs - opcode.inputs);
    view.setUint32(at, opcode?.gas ?? 0, true);
    view.setUint16(at + 4, opcode === undefined ? 0xffff : opcode.inputs * 32, true);
    view.setUint16(at + 6, 32_768 - grows * 32, true);
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
