import { bytesToHex, type Hash32 } from '@sheaf/primitives';
import { compileContract } from './compiler/index.ts';
import { CODE_BYTES, CODE_COMPILED, CODE_HASH, CODE_REPORTED, CODE_SIZE, CODE_USED, HEAP } from './layout.ts';
import { limits } from './limits.ts';
import type { Machine } from './machine.ts';
import type { EngineMode, Fork } from './ports.ts';

interface Contract {
  /** In the machine's table. */
  index: number;
  wasmBytes: number;
}

/** The compiled contracts of one machine: a bounded cache by code hash. */
export class CompiledContracts {
  readonly #machine: Machine;
  readonly #fork: Fork;
  readonly #mode: EngineMode;
  /** In the order in which they are looked at for eviction. */
  readonly #contracts = new Map<Hash32, Contract>();
  /** Codes that are not to be tried again. */
  readonly #refused = new Set<Hash32>();
  /** Where each code's record is, in this generation of the arena. */
  readonly #records = new Map<Hash32, number>();
  readonly #pending = new Map<Hash32, Uint8Array>();
  readonly #free: number[] = [];
  #generation = 0;
  #wasmBytes = 0;
  #failures = 0;

  constructor(machine: Machine, fork: Fork, mode: EngineMode) {
    this.#machine = machine;
    this.#fork = fork;
    this.#mode = mode;
  }

  get stats() {
    return {
      compiledContracts: this.#contracts.size,
      compiledBytes: this.#wasmBytes,
      refusedContracts: this.#refused.size,
      compileFailures: this.#failures,
    };
  }

  /** Between transactions: no frame runs compiled code, so that some may go. */
  begin(): void {
    const generation = this.#machine.exports.codeGeneration();
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#records.clear();
    }
    while (this.#wasmBytes > limits.compiledBytesMax || this.#contracts.size > limits.compiledContractsMax)
      this.#evict();
  }

  /** A code's record has been made in the arena. */
  loaded(hash: Hash32, record: number): void {
    if (record >= HEAP) return;
    this.#records.set(hash, record);
    const contract = this.#contracts.get(hash);
    if (contract === undefined) return;
    this.#machine.memory.setU32(record + CODE_COMPILED, contract.index);
    this.#machine.memory.setU32(record + CODE_USED, 1);
  }

  /** The code of the record is hot: it is compiled at once, or waits for `compilePending`. */
  hot(record: number): void {
    if (this.#mode === 'interpreter' || record >= HEAP) return;
    const { memory } = this.#machine;
    const hash = bytesToHex(memory.slice(record + CODE_HASH, 32)) as Hash32;
    if (this.#refused.has(hash)) return;
    const code = memory.slice(memory.u32(record + CODE_BYTES), memory.u32(record + CODE_SIZE));
    this.#records.set(hash, record);
    if (this.#mode === 'compiler') this.#compile(hash, code);
    else if (this.#pending.size < limits.pendingCodesMax) this.#pending.set(hash, code);
    else memory.setU32(record + CODE_REPORTED, 0);
  }

  /** @returns how many codes still wait */
  compilePending(bytesMax: number): number {
    let bytes = 0;
    for (const [hash, code] of this.#pending) {
      if (bytes > 0 && bytes + code.length > bytesMax) break;
      bytes += code.length;
      this.#pending.delete(hash);
      this.#compile(hash, code);
    }
    return this.#pending.size;
  }

  #compile(hash: Hash32, code: Uint8Array): void {
    const made = this.#instantiate(code);
    if (made === undefined) {
      if (this.#refused.size >= limits.compiledContractsMax) this.#refused.clear();
      this.#refused.add(hash);
      return;
    }
    const { exports, memory } = this.#machine;
    const index = this.#free.pop() ?? exports.table.grow(1);
    exports.table.set(index, made.run);
    this.#contracts.set(hash, { index, wasmBytes: made.wasmBytes });
    this.#wasmBytes += made.wasmBytes;
    const record = this.#records.get(hash);
    if (record !== undefined) memory.setU32(record + CODE_COMPILED, index);
  }

  #instantiate(code: Uint8Array): { run: unknown; wasmBytes: number } | undefined {
    try {
      const compiled = compileContract(code, this.#fork);
      if ('refused' in compiled) return undefined;
      const module = new WebAssembly.Module(compiled.wasm as Uint8Array<ArrayBuffer>);
      const instance = new WebAssembly.Instance(module, { m: this.#machine.compiledImports });
      // V8 would compile each function when it is first called, which is inside a block.
      (instance.exports['touch'] as () => void)();
      return { run: instance.exports['run'], wasmBytes: compiled.wasm.length };
    } catch {
      // A fault of the compiler's, or V8 is short of room for machine code: the contract is as right interpreted, and
      // a chain must not stop for it. The count is for people to see.
      this.#failures += 1;
      return undefined;
    }
  }

  /** Second chance: whoever has run since it was last looked at goes to the back of the row instead. */
  #evict(): void {
    const { exports, memory } = this.#machine;
    const [hash, contract] = this.#contracts.entries().next().value!;
    const record = this.#records.get(hash);
    this.#contracts.delete(hash);
    if (record !== undefined && memory.u32(record + CODE_USED) !== 0) {
      memory.setU32(record + CODE_USED, 0);
      this.#contracts.set(hash, contract);
      return;
    }
    this.#wasmBytes -= contract.wasmBytes;
    this.#free.push(contract.index);
    exports.table.set(contract.index, null);
    if (record === undefined) return;
    memory.setU32(record + CODE_COMPILED, 0);
    memory.setU32(record + CODE_REPORTED, 0);
  }
}
