import { trieMachineWasm } from './generated/trie-machine.ts';

/** What the machine (assembly/index.ts) exports. Addresses are in its memory, and signed: `>>> 0` makes them offsets. */
export interface MachineExports {
  memory: { readonly buffer: ArrayBuffer };
  /** Once, before anything else: room for a cache of branches. */
  reserve(cacheBytes: number, hashSeed: number): void;
  begin(memoryBytesMax: number): void;
  allocate(size: number): number;
  pathAddress(): number;
  misplacedChange(batch: number): number;
  commit(first: number, end: number): number;
  keepRecord(owner: number, position: number, depth: number, record: number, size: number): void;
  keepRows(first: number, end: number): void;
  cacheHits(): number;
  cacheMisses(): number;
  pad(message: number, size: number): void;
  hashOne(out: number, message: number, blocks: number): void;
  hashPair(
    firstOut: number,
    first: number,
    firstBlocks: number,
    secondOut: number,
    second: number,
    secondBlocks: number,
  ): void;
}

/** What it asks of JavaScript (assembly/host.ts). */
export interface MachineImports {
  readBranch(owner: number, depth: number, out: number): number;
  readLeaf(owner: number, depth: number): number;
  fail(reason: number, depth: number, key: number): never;
}

/** The part of the WebAssembly JavaScript interface (W3C) that is used here: TypeScript has it only with the DOM. */
interface WebAssemblyInterface {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: Record<string, object>) => { readonly exports: object };
}

const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyInterface }).WebAssembly;

let compiled: object | undefined;

/** An instance with its memory as JavaScript reads and writes it. */
export class Machine {
  readonly exports: MachineExports;
  /** May be detached after any call into the machine: the getters renew them. */
  #bytes: Uint8Array<ArrayBuffer>;
  #ints: Uint32Array<ArrayBuffer>;
  /** Views of the path by its length. */
  #paths: Uint8Array[] = [];

  constructor(imports: MachineImports, cacheBytes = 0) {
    compiled ??= new Module(decodeBase64(trieMachineWasm));
    this.exports = new Instance(compiled, { host: { ...imports }, env: { abort } }).exports as MachineExports;
    this.exports.reserve(cacheBytes, (Math.random() * 2 ** 32) | 0);
    this.#bytes = new Uint8Array(this.exports.memory.buffer);
    this.#ints = new Uint32Array(this.exports.memory.buffer);
  }

  /** All of the memory, valid until the machine runs next. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0) this.#renew();
    return this.#bytes;
  }

  /** The same as little-endian 32-bit numbers. */
  get ints(): Uint32Array<ArrayBuffer> {
    if (this.#ints.length === 0) this.#renew();
    return this.#ints;
  }

  /** The first `depth` nibbles of the path, valid until the machine goes on. */
  path(depth: number): Uint8Array {
    if (this.#bytes.length === 0) this.#renew();
    const { bytes, exports } = this;
    return (this.#paths[depth] ??= bytes.subarray(exports.pathAddress(), exports.pathAddress() + depth));
  }

  #renew(): void {
    const { buffer } = this.exports.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#ints = new Uint32Array(buffer);
    this.#paths = [];
  }
}

function abort(): never {
  throw new Error('assertion failed: the trie machine aborted');
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
