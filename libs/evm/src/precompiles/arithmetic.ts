import { precompilesWasm } from '../generated/precompiles.ts';

/** Exports of assembly/precompiles. Numbers and states are at addresses of `memory`. */
export interface Arithmetic {
  memory: WebAssembly.Memory;
  /** Address of 4 KiB for arguments and results. */
  scratch(): number;
  blake2f(state: number, rounds: number, final: number): void;
  powerBegin(base: number, modulus: number, square: number, words: number, inverse: number, window: number): void;
  powerDigits(digits: number, length: number, window: number): void;
  powerEnd(out: number): void;
}

export interface ArithmeticInstance {
  wasm: Arithmetic;
  /** The 4 KiB at `address`; the memory does not grow. */
  scratch: Uint8Array;
  address: number;
}

let instance: ArithmeticInstance | undefined;

/** Made when first asked for: 3 KB, which assemble in less than a millisecond. */
export function arithmetic(): ArithmeticInstance {
  if (instance) return instance;
  const bytes = Uint8Array.from(atob(precompilesWasm), (character) => character.charCodeAt(0));
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as unknown as Arithmetic;
  const address = wasm.scratch();
  instance = { wasm, address, scratch: new Uint8Array(wasm.memory.buffer, address, 4096) };
  return instance;
}
