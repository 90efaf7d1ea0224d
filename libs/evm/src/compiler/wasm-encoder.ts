// The little of the WebAssembly binary format (core specification 2.0, chapter 5) that the compiler writes.

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
const FUNC = 0x60;
/** The block type of a block without results. */
export const VOID = 0x40;

/** Instructions, by their byte. */
export const op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load16U: 0x2f,
  i32Store: 0x36,
  i64Store: 0x37,
  i32Store8: 0x3a,
  i64Store8: 0x3c,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i64GeU: 0x5a,
  i64GeS: 0x59,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i64Clz: 0x79,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivU: 0x80,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
} as const;

/** SIMD instructions, by the number behind the prefix 0xfd. */
export const simd = {
  load: 0,
  store: 11,
  constant: 12,
  shuffle: 13,
  i64x2Splat: 18,
  i64x2ExtractLane: 29,
  i64x2ReplaceLane: 30,
} as const;

/** Bytes of a constant that is written before it is known. */
const PADDED_BYTES = 3;

/** A growing array of bytes with the encodings of the format. */
export class Emitter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Afterwards `count` more bytes fit. */
  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(byte: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** Unsigned LEB128, below 2^32. */
  unsigned(value: number): void {
    while (value >= 0x80) {
      this.u8((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    this.u8(value);
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed(value: number): void {
    value |= 0;
    while (value < -64 || value > 63) {
      this.u8((value & 0x7f) | 0x80);
      value >>= 7;
    }
    this.u8(value & 0x7f);
  }

  /** Signed LEB128 of the low 64 bits. */
  signed64(value: bigint): void {
    value = BigInt.asIntN(64, value);
    while (value < -0x40000000n || value > 0x3fffffffn) {
      this.u8(Number(value & 0x7fn) | 0x80);
      value >>= 7n;
    }
    this.signed(Number(value));
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let at = 0; at < text.length; at++) this.u8(text.charCodeAt(at));
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  // Instructions.

  get(local: number): void {
    this.onLocal(op.localGet, local);
  }

  set(local: number): void {
    this.onLocal(op.localSet, local);
  }

  tee(local: number): void {
    this.onLocal(op.localTee, local);
  }

  /** Half of all that is written, so most of it goes one short way. */
  private onLocal(opcode: number, local: number): void {
    if (local < 0x80 && this.length + 2 <= this.bytes.length) {
      this.bytes[this.length] = opcode;
      this.bytes[this.length + 1] = local;
      this.length += 2;
    } else {
      this.u8(opcode);
      this.unsigned(local);
    }
  }

  i32(value: number): void {
    this.u8(op.i32Const);
    this.signed(value);
  }

  i64(value: bigint): void {
    this.u8(op.i64Const);
    this.signed64(value);
  }

  /** An `i32.const` or `i64.const` whose value `patch` sets later. Where its digits are. */
  padded(opcode: number): number {
    this.u8(opcode);
    const at = this.length;
    for (let index = 0; index < PADDED_BYTES; index++) this.u8(0);
    return at;
  }

  /** Sets a padded constant; −2^20 … 2^20-1. */
  patch(at: number, value: number): void {
    for (let index = 0; index < PADDED_BYTES; index++) {
      this.bytes[at + index] = (value & 0x7f) | (index < PADDED_BYTES - 1 ? 0x80 : 0);
      value >>= 7;
    }
  }

  /** Takes out instructions that turned out not to be needed. How many bytes they were. */
  remove(from: number, to: number): number {
    this.bytes.copyWithin(from, to, this.length);
    this.length -= to - from;
    return to - from;
  }

  /** A load or store; `alignment` as a power of two. The hint is free: unaligned accesses work. */
  access(opcode: number, offset: number, alignment = 0): void {
    this.u8(opcode);
    this.u8(alignment);
    this.unsigned(offset);
  }

  simd(opcode: number): void {
    this.u8(0xfd);
    this.unsigned(opcode);
  }

  simdAccess(opcode: number, offset: number): void {
    this.simd(opcode);
    this.u8(0);
    this.unsigned(offset);
  }

  call(index: number): void {
    this.u8(op.call);
    this.unsigned(index);
  }
}

/** A function's type as a string of `i` (i32) and `l` (i64), parameters, a colon, results: `il:i`. */
export type Signature = string;

const valueTypes: Record<string, number> = { i: I32, l: I64 };

/** A function body: groups of `[count, type]` locals, and the instructions with their last `end`. */
export interface FunctionBody {
  signature: Signature;
  locals: readonly (readonly [number, number])[];
  code: Uint8Array;
}

/** Writes a module: one memory and functions imported from `m`, functions of its own, some of them exported. */
export function encodeModule(options: {
  imports: readonly { name: string; signature: Signature }[];
  memoryPagesMax: number;
  functions: readonly FunctionBody[];
  exported: readonly { name: string; index: number }[];
}): Uint8Array {
  const { imports, functions, exported } = options;
  const signatures = [...new Set([...imports, ...functions].map(({ signature }) => signature))];
  const typeOf = new Map(signatures.map((signature, index) => [signature, index]));
  const size = functions.reduce((sum, { code }) => sum + code.length + 32, 1024);
  const out = new Emitter(size);
  out.append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  section(out, 1, (body) => {
    body.unsigned(signatures.length);
    for (const signature of signatures) {
      const [parameters = '', results = ''] = signature.split(':');
      body.u8(FUNC);
      for (const part of [parameters, results]) {
        body.unsigned(part.length);
        for (const letter of part) body.u8(valueTypes[letter] ?? I32);
      }
    }
  });
  section(out, 2, (body) => {
    body.unsigned(imports.length + 1);
    body.name('m');
    body.name('memory');
    body.append(Uint8Array.of(2, 1, 1));
    body.unsigned(options.memoryPagesMax);
    for (const { name, signature } of imports) {
      body.name('m');
      body.name(name);
      body.u8(0);
      body.unsigned(typeOf.get(signature) ?? 0);
    }
  });
  section(out, 3, (body) => {
    body.unsigned(functions.length);
    for (const { signature } of functions) body.unsigned(typeOf.get(signature) ?? 0);
  });
  section(out, 7, (body) => {
    body.unsigned(exported.length);
    for (const { name, index } of exported) {
      body.name(name);
      body.u8(0);
      body.unsigned(imports.length + index);
    }
  });
  section(out, 10, (body) => {
    body.unsigned(functions.length);
    for (const { locals, code } of functions) {
      const head = new Emitter(16);
      head.unsigned(locals.length);
      for (const [count, type] of locals) {
        head.unsigned(count);
        head.u8(type);
      }
      body.unsigned(head.length + code.length);
      body.append(head.bytes.subarray(0, head.length));
      body.append(code);
    }
  });
  return out.finish();
}

function section(out: Emitter, id: number, write: (body: Emitter) => void): void {
  const body = new Emitter();
  write(body);
  out.u8(id);
  out.unsigned(body.length);
  out.append(body.bytes.subarray(0, body.length));
}
