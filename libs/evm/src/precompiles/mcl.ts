/** Numbers that a curve has in mcl's C interface. */
export const curves = { bn254: 4, bls12381: 5, p256: 107 } as const;

/** What `mclBn_init` wants to hear: numbers of 6 words of 64 bits, orders of 4. */
const compiledTimeVariable = 46;

/**
 * The part of mcl's C interface (mcl/bn.h) that the precompiles use. Arguments are addresses in `wasmMemory`, the
 * result's first. Setters answer 0 for success.
 */
export interface MclModule {
  wasmMemory: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _mclBn_init(curve: number, compiledTimeVariable: number): number;
  _mclBn_verifyOrderG1(verify: number): void;
  _mclBn_verifyOrderG2(verify: number): void;
  _mclBn_setMapToMode(mode: number): number;
  _mclBnFp_setInt32(out: number, value: number): void;
  _mclBnFp_setBigEndianMod(out: number, bytes: number, length: number): number;
  _mclBnFp_getLittleEndian(bytes: number, length: number, x: number): number;
  _mclBnFp_neg(out: number, x: number): void;
  _mclBnFp_mapToG1(out: number, x: number): number;
  _mclBnFp2_mul(out: number, x: number, y: number): void;
  _mclBnFp2_isEqual(x: number, y: number): number;
  _mclBnFp2_mapToG2(out: number, x: number): number;
  _mclBnFr_setBigEndianMod(out: number, bytes: number, length: number): number;
  _mclBnFr_inv(out: number, x: number): void;
  _mclBnFr_mul(out: number, x: number, y: number): void;
  _mclBnG1_clear(out: number): void;
  _mclBnG1_isValid(x: number): number;
  _mclBnG1_isValidOrder(x: number): number;
  _mclBnG1_isZero(x: number): number;
  _mclBnG1_isEqual(x: number, y: number): number;
  _mclBnG1_add(out: number, x: number, y: number): void;
  _mclBnG1_mul(out: number, x: number, scalar: number): void;
  _mclBnG1_mulVec(out: number, points: number, scalars: number, count: number): void;
  _mclBnG1_normalize(out: number, x: number): void;
  _mclBnG2_clear(out: number): void;
  _mclBnG2_isValid(x: number): number;
  _mclBnG2_isValidOrder(x: number): number;
  _mclBnG2_isZero(x: number): number;
  _mclBnG2_isEqual(x: number, y: number): number;
  _mclBnG2_add(out: number, x: number, y: number): void;
  _mclBnG2_dbl(out: number, x: number): void;
  _mclBnG2_mulVec(out: number, points: number, scalars: number, count: number): void;
  _mclBnG2_normalize(out: number, x: number): void;
  _mclBnGT_isOne(x: number): number;
  _mclBnGT_mul(out: number, x: number, y: number): void;
  _mclBn_millerLoopVec(out: number, g1: number, g2: number, count: number): void;
  _mclBn_finalExp(out: number, x: number): void;
}

/** Bytes of mcl's types. A point is x, y, z. */
export const sizes = { fp: 48, fp2: 96, fr: 32, g1: 144, g2: 288, gt: 576 } as const;

/** One curve of mcl, in an instance of its own: its parameters are global to an instance. */
export class Mcl {
  readonly c: MclModule;
  /** Bytes of a coordinate as the precompiles write it: 32, or 48 of the 64 of EIP-2537. */
  readonly fieldBytes: number;
  /** Address for bytes that come and go. */
  readonly #bytes: number;
  #view: Uint8Array;

  constructor(c: MclModule, fieldBytes: number) {
    this.c = c;
    this.fieldBytes = fieldBytes;
    this.#bytes = c._malloc(64);
    this.#view = new Uint8Array(c.wasmMemory.buffer);
  }

  /** The memory, which may have grown since. */
  get view(): Uint8Array {
    if (this.#view.length === 0) this.#view = new Uint8Array(this.c.wasmMemory.buffer);
    return this.#view;
  }

  /** A field element from big-endian bytes that are below the modulus. */
  readFp(out: number, bytes: Uint8Array, offset: number): void {
    this.#put(bytes, offset, this.fieldBytes);
    this.c._mclBnFp_setBigEndianMod(out, this.#bytes, this.fieldBytes);
  }

  /** A scalar from 32 big-endian bytes, reduced by the order of the group. */
  readFr(out: number, bytes: Uint8Array, offset: number): void {
    this.#put(bytes, offset, 32);
    this.c._mclBnFr_setBigEndianMod(out, this.#bytes, 32);
  }

  /** A field element to big-endian bytes. */
  writeFp(into: Uint8Array, offset: number, x: number): void {
    // Little-endian without the leading zeros; how many bytes there are is the answer (1 for zero).
    const length = this.c._mclBnFp_getLittleEndian(this.#bytes, this.fieldBytes, x);
    const { view } = this;
    const last = offset + this.fieldBytes - 1;
    for (let i = 0; i < length; i++) into[last - i] = view[this.#bytes + i]!;
  }

  #put(bytes: Uint8Array, offset: number, length: number): void {
    const { view } = this;
    for (let i = 0; i < length; i++) view[this.#bytes + i] = bytes[offset + i]!;
  }
}

/** A fresh instance for one curve. Assembling it takes about 0.1 s, off this thread. */
export async function loadMcl(curve: keyof typeof curves): Promise<Mcl> {
  const { default: createModule } = await import('mcl-wasm/dist/mcl_c.js');
  const c = (await createModule({ cryptoGetRandomValues: refuseRandomness })) as MclModule;
  const failure = c._mclBn_init(curves[curve], compiledTimeVariable);
  if (failure !== 0) throw new Error(`mcl does not start curve ${curve}: ${failure}`);
  return new Mcl(c, curve === 'bls12381' ? 48 : 32);
}

/** Nothing that the precompiles do is random. */
function refuseRandomness(): never {
  throw new Error('precompiles are deterministic');
}
