// Goal: the encoder writes the binary format that V8 reads.
// Method: integers against values worked out by the definition of LEB128; a module against V8, by running it.

import { Emitter, encodeModule, op } from './wasm-encoder.ts';

function encoded(write: (e: Emitter) => void): number[] {
  const e = new Emitter(1);
  write(e);
  return [...e.finish()];
}

/** Signed LEB128 read back. */
function decodeSigned(bytes: readonly number[]): bigint {
  const value = bytes.reduce((sum, byte, index) => sum | (BigInt(byte & 0x7f) << BigInt(7 * index)), 0n);
  return BigInt.asIntN(7 * bytes.length, value);
}

describe('integers', () => {
  it.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, bytes) => {
    expect(encoded((e) => e.unsigned(value))).toEqual(bytes);
  });

  it.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, -123_456, 0x7fff_ffff, -0x8000_0000])('signed %d', (value) => {
    const bytes = encoded((e) => e.signed(value));
    expect(decodeSigned(bytes)).toBe(BigInt(value));
    expect(bytes.length).toBe(Math.max(1, Math.ceil((33 - Math.clz32(value < 0 ? ~value : value)) / 7)));
  });

  it.each([0n, -1n, 1n << 31n, -(1n << 31n), (1n << 62n) + 12_345n, -(1n << 63n), (1n << 63n) - 1n])(
    'signed %d',
    (value) => {
      expect(decodeSigned(encoded((e) => e.signed64(value)))).toBe(value);
    },
  );

  it('takes 64 bits from 2^63 on as negative', () => {
    expect(decodeSigned(encoded((e) => e.signed64((1n << 64n) - 2n)))).toBe(-2n);
  });
});

describe('holes', () => {
  it.each([0, 1, 8192, 500_000, -1, -7680])('are filled with %d', (value) => {
    const e = new Emitter();
    const at = e.padded(op.i32Const);
    e.u8(op.drop);
    e.patch(at, value);
    expect(decodeSigned([...e.finish()].slice(1, -1))).toBe(BigInt(value));
  });

  it('close when what they are in is taken out', () => {
    const e = new Emitter();
    e.append(Uint8Array.of(1, 2, 3, 4, 5));
    expect(e.remove(1, 3)).toBe(2);
    expect([...e.finish()]).toEqual([1, 4, 5]);
  });
});

describe('a module', () => {
  it('imports, computes and exports', () => {
    const e = new Emitter();
    e.get(0);
    e.call(0);
    e.get(1);
    e.u8(op.i64ExtendI32U);
    e.i64(-5n);
    e.u8(op.i64Add);
    e.set(2);
    e.i32(8);
    e.get(2);
    e.access(op.i64Store, 16);
    e.u8(op.end);
    const wasm = encodeModule({
      imports: [{ name: 'twice', signature: 'i:i' }],
      memoryPagesMax: 2,
      functions: [{ signature: 'ii:i', locals: [[1, 0x7e]], code: e.finish() }], // prettier-ignore
      exported: [{ name: 'run', index: 0 }],
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const twice = (value: number) => 2 * value;
    const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
    const run = new WebAssembly.Instance(module, { m: { memory, twice } }).exports['run'] as (
      ...values: number[]
    ) => number;
    expect(run(21, 100)).toBe(42);
    expect(new DataView(memory.buffer).getBigInt64(24, true)).toBe(95n);
  });
});
