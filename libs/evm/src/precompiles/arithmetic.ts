import { precompilesWasm } from '../generated/precompiles.ts';

/** Exports of assembly/precompiles. Numbers and states are at addresses of `memory`. */
export interface Arithmetic {
  memory: WebAssembly.Memory;
  /** Address of 8 KiB for arguments and results. */
  scratch(): number;
  blake2f(state: number, rounds: number, final: number): void;
  powerBegin(base: number, modulus: number, words: number, odd: number, window: number): void;
  powerDigits(digits: number, length: number, window: number): void;
  powerEnd(out: number): void;
}

export interface ArithmeticInstance {
  wasm: Arithmetic;
  /** The 8 KiB at `address`; the memory does not grow. */
  scratch: Uint8Array;
  /** The same as little-endian words. */
  words: BigUint64Array;
  address: number;
}

let instance: ArithmeticInstance | undefined;

/** Made when first asked for: 3 KB, which assemble in less than a millisecond. */
export function arithmetic(): ArithmeticInstance {
  if (instance) return instance;
  const bytes = Uint8Array.from(atob(precompilesWasm), (character) => character.charCodeAt(0));
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as unknown as Arithmetic;
  const address = wasm.scratch();
  const { buffer } = wasm.memory;
  instance = {
    wasm,
    address,
    scratch: new Uint8Array(buffer, address, 8192),
    words: new BigUint64Array(buffer, address, 1024),
  };
  return instance;
}
