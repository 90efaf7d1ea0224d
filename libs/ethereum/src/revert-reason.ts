import { bytesToBigint, bytesToHex } from '@sheaf/primitives';

/** Selector of `Error(string)`. */
const errorSelector = '0x08c379a0';
/** Selector of `Panic(uint256)`. */
const panicSelector = '0x4e487b71';

/** Solidity's panic codes in geth's words. */
const panics = new Map<bigint, string>([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytesN'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
]);

/** The reason in a revert's output when it is Solidity's `Error(string)` or `Panic(uint256)`; `undefined` for all else. */
export function revertReason(output: Uint8Array): string | undefined {
  const selector = bytesToHex(output.subarray(0, 4));
  const body = output.subarray(4);
  if (selector === panicSelector && body.length === 32) {
    const code = bytesToBigint(body);
    return panics.get(code) ?? `unknown panic code: 0x${code.toString(16)}`;
  }
  return selector === errorSelector ? abiString(body) : undefined;
}

/** The one ABI-encoded string in `body`; `undefined` when the encoding does not hold together. */
function abiString(body: Uint8Array): string | undefined {
  const offset = word(body, 0);
  if (offset === undefined) return undefined;
  const length = word(body, offset);
  if (length === undefined || offset + 32 + length > body.length) return undefined;
  return new TextDecoder().decode(body.subarray(offset + 32, offset + 32 + length));
}

function word(bytes: Uint8Array, at: number): number | undefined {
  if (at + 32 > bytes.length) return undefined;
  const value = bytesToBigint(bytes.subarray(at, at + 32));
  return value <= BigInt(bytes.length) ? Number(value) : undefined;
}
