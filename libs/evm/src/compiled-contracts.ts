/// <reference path="./webassembly.d.ts" />
import { bytesToHex, type Hash32 } from '@sheaf/primitives';
import { compileContract } from './compiler/index.ts';
import { CODE_BYTES, CODE_COMPILED, CODE_HASH, CODE_SIZE, HEAP } from './layout.ts';
import type { Machine } from './machine.ts';
import type { EngineMode, Fork } from './ports.ts';

/** Generated WebAssembly that is kept at most; the least recently loaded contract goes first. */
const wasmBytesMax = 64 * 1_048_576;
const contractsMax = 4_096;
/** Hot codes that wait. Whatever is beyond is asked for again when it is hot again. */
const pendingMax = 256;

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
  /** In the order of the last load. */
  readonly #contracts = new Map<Hash32, Contract>();
  /** Codes that are not to be tried again. */
  readonly #refused = new Set<Hash32>();
  /** Where each code's record is, in this generation of the arena. */
  readonly #records = new Map<Hash32, number>();
  readonly #pending = new Map<Hash32, Uint8Array>();
  readonly #free: number[] = [];
  #generation = 0;
  #wasmBytes = 0;

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
    };
  }

  /** Between transactions: no frame runs compiled code, so that some may go. */
  begin(): void {
    const generation = this.#machine.exports.codeGeneration();
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#records.clear();
    }
    while (this.#wasmBytes > wasmBytesMax || this.#contracts.size > contractsMax) this.#evict();
  }

  /** A code's record has been made in the arena. */
  loaded(hash: Hash32, record: number): void {
    if (record >= HEAP) return;
    this.#records.set(hash, record);
    const contract = this.#contracts.get(hash);
    if (contract === undefined) return;
    this.#contracts.delete(hash);
    this.#contracts.set(hash, contract);
    this.#machine.memory.setU32(record + CODE_COMPILED, contract.index);
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
    else if (this.#pending.size < pendingMax) this.#pending.set(hash, code);
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
    const compiled = compileContract(code, this.#fork);
    if ('refused' in compiled) {
      if (this.#refused.size >= contractsMax) this.#refused.clear();
      this.#refused.add(hash);
      return;
    }
    const { exports, compiledImports, memory } = this.#machine;
    const module = new WebAssembly.Module(compiled.wasm as Uint8Array<ArrayBuffer>);
    const instance = new WebAssembly.Instance(module, { m: compiledImports });
    const index = this.#free.pop() ?? exports.table.grow(1);
    exports.table.set(index, instance.exports['run']);
    this.#contracts.set(hash, { index, wasmBytes: compiled.wasm.length });
    this.#wasmBytes += compiled.wasm.length;
    const record = this.#records.get(hash);
    if (record !== undefined) memory.setU32(record + CODE_COMPILED, index);
  }

  #evict(): void {
    const [hash, { index, wasmBytes }] = this.#contracts.entries().next().value!;
    this.#contracts.delete(hash);
    this.#wasmBytes -= wasmBytes;
    this.#free.push(index);
    this.#machine.exports.table.set(index, null);
    const record = this.#records.get(hash);
    if (record !== undefined) this.#machine.memory.setU32(record + CODE_COMPILED, 0);
  }
}
