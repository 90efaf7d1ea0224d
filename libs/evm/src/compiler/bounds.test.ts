// Goal: no code makes the compiler write more than its bounds, or something that V8 refuses.
// Method: 24 and 48 KiB of each kind of code that is worst for some part of it.

import { compileContract } from './index.ts';

function filled(size: number, ...pattern: number[]): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => pattern[index % pattern.length] ?? 0);
}

/** A JUMPDEST, a JUMPI to another far away, and so on. */
function tangled(size: number, opcode: number): Uint8Array {
  const count = Math.floor(size / 6);
  const parts = Array.from({ length: count }, (_, index) => {
    const to = ((index * 7919) % count) * 6;
    return [0x5b, 0x5a, 0x61, to >> 8, to & 0xff, opcode];
  });
  return Uint8Array.from(parts.flat());
}

/** Calls of one function, one after the other. */
function calling(size: number): Uint8Array {
  const code = [0x60, 0x08, 0x56, 0x5b, 0x80, 0x01, 0x90, 0x56, 0x5b];
  while (code.length < size - 16) {
    const back = code.length + 8;
    code.push(0x60, 0x05, 0x61, back >> 8, back & 0xff, 0x60, 0x03, 0x56, 0x5b);
  }
  return Uint8Array.from(code);
}

const kinds: [string, (size: number) => Uint8Array][] = [
  ['JUMPDEST', (size) => filled(size, 0x5b)],
  ['PUSH0', (size) => filled(size, 0x5f)],
  ['PUSH32', (size) => filled(size, 0x7f)],
  ['DUP1', (size) => filled(size, 0x80)],
  ['SWAP', (size) => filled(size, 0x91, 0x92, 0x9f)],
  ['POP', (size) => filled(size, 0x50)],
  ['ADDRESS', (size) => filled(size, 0x30)],
  ['ADD', (size) => filled(size, 0x30, 0x01)],
  ['MUL', (size) => filled(size, 0x30, 0x02)],
  ['MLOAD', (size) => filled(size, 0x5a, 0x51)],
  ['MSTORE', (size) => filled(size, 0x34, 0x34, 0x52)],
  ['SLOAD', (size) => filled(size, 0x5f, 0x54, 0x50)],
  ['LOG4', (size) => filled(size, 0x30, 0x30, 0x30, 0x30, 0x5f, 0x5f, 0xa4)],
  ['CALL', (size) => filled(size, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5a, 0xf1, 0x50)],
  ['JUMPI to anywhere', (size) => filled(size, 0x5b, 0x5a, 0x5a, 0x57)],
  ['JUMPI to nowhere', (size) => filled(size, 0x30, 0x5f, 0x35, 0x57)],
  ['tangled JUMPI', (size) => tangled(size, 0x57)],
  ['tangled JUMP', (size) => tangled(size, 0x56)],
  ['calls of one function', calling],
];

describe.each([24_576, 49_152])('%d bytes', (size) => {
  it.each(kinds)('of %s', (_name, make) => {
    const code = make(size);
    const compiled = compileContract(code, 'osaka');
    if ('refused' in compiled) return;
    expect(compiled.wasm.length).toBeLessThan(2_300_000);
    expect(compiled.translated).toBeLessThan(5 * compiled.instructions + 2_000);
    expect(() => new WebAssembly.Module(compiled.wasm as Uint8Array<ArrayBuffer>)).not.toThrow();
  });
});

describe('beyond the bounds', () => {
  it('long code is refused', () => {
    expect(compileContract(new Uint8Array(49_153), 'prague')).toEqual({ refused: 'TOO_LONG' });
  });

  it('many destinations are refused', () => {
    expect(compileContract(filled(5000, 0x5b), 'prague')).toEqual({ refused: 'TOO_MANY_LABELS' });
  });

  it('code whose translation is large is refused', () => {
    expect(compileContract(filled(49_152, 0x34, 0x34, 0x52), 'prague')).toEqual({ refused: 'TOO_LARGE' });
  });

  it('the same code gives the same module', () => {
    const code = calling(2000);
    expect(compileContract(code, 'prague')).toEqual(compileContract(code, 'prague'));
  });
});
