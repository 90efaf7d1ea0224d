import type {} from './webassembly.d.ts';
import { pooledBytes, toAddress, toHash32, type Address, type Hash32 } from '@sheaf/primitives';

/** Values of the hex digits by character code. */
const digits = Uint8Array.from({ length: 128 }, (_, code) => parseInt(String.fromCharCode(code), 16) || 0);

const limb = (1n << 64n) - 1n;

/**
 * The machine's linear memory as JavaScript reads and writes it. A word in it is the number little-endian, hence the
 * bytes of an address or a slot in reverse.
 */
export class MachineMemory {
  readonly memory: WebAssembly.Memory;
  /** May be detached after any call into the machine: `bytes` renews it. */
  #bytes: Uint8Array;
  #longs: BigUint64Array;
  #ints: Uint32Array;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#longs = new BigUint64Array(memory.buffer);
    this.#ints = new Uint32Array(memory.buffer);
  }

  /** All of it, valid until the machine runs next. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#renew();
    return this.#bytes;
  }

  #renew(): void {
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#longs = new BigUint64Array(this.memory.buffer);
    this.#ints = new Uint32Array(this.memory.buffer);
  }

  u32(at: number): number {
    if (this.#ints.length === 0) this.#renew();
    return this.#ints[at >> 2]!;
  }

  setU32(at: number, value: number): void {
    if (this.#ints.length === 0) this.#renew();
    this.#ints[at >> 2] = value;
  }

  u64(at: number): bigint {
    if (this.#longs.length === 0) this.#renew();
    return this.#longs[at >> 3]!;
  }

  setU64(at: number, value: bigint): void {
    if (this.#longs.length === 0) this.#renew();
    this.#longs[at >> 3] = value;
  }

  /** Whether the 32 bytes at both are the same. Without 64-bit reads, of which each makes a number. */
  sameWord(a: number, b: number): boolean {
    if (this.#ints.length === 0) this.#renew();
    const ints = this.#ints;
    for (let i = a >> 2, j = b >> 2, end = i + 8; i < end; i++, j++) if (ints[i] !== ints[j]) return false;
    return true;
  }

  word(at: number): bigint {
    if (this.#longs.length === 0) this.#renew();
    const longs = this.#longs;
    const i = at >> 3;
    const low = longs[i]!;
    const high = longs[i + 1]! | longs[i + 2]! | longs[i + 3]!;
    // Balances mostly fit into two limbs, and each shift makes a new number.
    if (high === 0n) return low;
    const upper = longs[i + 2]! | longs[i + 3]!;
    const lower = (longs[i + 1]! << 64n) | low;
    return upper === 0n ? lower : (longs[i + 3]! << 192n) | (longs[i + 2]! << 128n) | lower;
  }

  /** `value`: 0 … 2^256-1. */
  setWord(at: number, value: bigint): void {
    if (this.#longs.length === 0) this.#renew();
    const longs = this.#longs;
    const i = at >> 3;
    // A BigUint64Array takes the number modulo 2^64.
    longs[i] = value;
    if (value <= limb) {
      longs[i + 1] = longs[i + 2] = longs[i + 3] = 0n;
      return;
    }
    longs[i + 1] = value >> 64n;
    longs[i + 2] = value >> 128n;
    longs[i + 3] = value >> 192n;
  }

  /** The `length` lowest bytes of the word at `at`, big-endian, as fresh bytes. */
  reversed(at: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    this.reversedInto(out, at, length);
    return out;
  }

  /** As `reversed`, for what many of are kept for a while. */
  reversedPooled(at: number, length: number): Uint8Array {
    const out = pooledBytes(length);
    this.reversedInto(out, at, length);
    return out;
  }

  reversedInto(out: Uint8Array, at: number, length: number): void {
    const { bytes } = this;
    for (let i = 0, from = at + length - 1; i < length; i++, from--) out[i] = bytes[from]!;
  }

  address(at: number): Address {
    return toAddress(this.reversed(at, 20));
  }

  hash(at: number): Hash32 {
    return toHash32(this.reversed(at, 32));
  }

  /** The word at `at` becomes the big-endian number that the bytes (up to 32) are. */
  setReversed(at: number, value: Uint8Array): void {
    const { bytes } = this;
    const { length } = value;
    for (let i = 0; i < length; i++) bytes[at + i] = value[length - 1 - i]!;
    if (length < 32) bytes.fill(0, at + length, at + 32);
  }

  /** The same from `0x` and an even number of lower- or upper-case hex digits, which are trusted to be such. */
  setHex(at: number, hex: string): void {
    const { bytes } = this;
    const length = (hex.length - 2) >> 1;
    for (let i = 0, from = hex.length - 2; i < length; i++, from -= 2) {
      bytes[at + i] = (digits[hex.charCodeAt(from)]! << 4) | digits[hex.charCodeAt(from + 1)]!;
    }
    if (length < 32) bytes.fill(0, at + length, at + 32);
  }

  /** A copy, for what many of are kept for a while; of 16,384 bytes at most. */
  pooledSlice(at: number, length: number): Uint8Array {
    const out = pooledBytes(length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) out[i] = bytes[at + i]!;
    return out;
  }

  /** A copy. */
  slice(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }
}
