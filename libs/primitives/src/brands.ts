import { bytesToHex, hexToBytes, type Hex } from './bytes.ts';
import { ChainError } from './chain-error.ts';

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Position in the chain: 0 is genesis, the first payload is 1. */
export type Height = Brand<bigint, 'Height'>;
/** Fencing token of the sequencer's leadership: it only grows, the first is 1. */
export type Epoch = Brand<bigint, 'Epoch'>;
/** 32 bytes as lower-case hex. Strings, so that they compare with `===` and key a Map. */
export type Hash32 = Brand<Hex, 'Hash32'>;
/** 20 bytes as lower-case hex, without checksum capitals. */
export type Address = Brand<Hex, 'Address'>;

const uint64Max = 2n ** 64n - 1n;

/** @throws ChainError `INVALID_ARGUMENT` outside 0 … 2^64-1 */
export function toHeight(value: bigint | number, field = 'height'): Height {
  return uint64(BigInt(value), field) as Height;
}

/** @throws ChainError `INVALID_ARGUMENT` outside 0 … 2^64-1 */
export function toEpoch(value: bigint | number, field = 'epoch'): Epoch {
  return uint64(BigInt(value), field) as Epoch;
}

/** @throws ChainError `INVALID_ARGUMENT` unless 32 bytes (or their hex) */
export function toHash32(value: Uint8Array | string, field = 'hash'): Hash32 {
  return fixedHex(value, 32, field) as Hash32;
}

/** @throws ChainError `INVALID_ARGUMENT` unless 20 bytes (or their hex, any capitals) */
export function toAddress(value: Uint8Array | string, field = 'address'): Address {
  return fixedHex(value, 20, field) as Address;
}

/** 32 zero bytes. */
export const zeroHash = `0x${'00'.repeat(32)}` as Hash32;
/** 20 zero bytes. */
export const zeroAddress = `0x${'00'.repeat(20)}` as Address;

function uint64(value: bigint, field: string): bigint {
  if (value < 0n || value > uint64Max) {
    throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} must be between 0 and 2^64-1` });
  }
  return value;
}

function fixedHex(value: Uint8Array | string, length: number, field: string): Hex {
  const bytes = typeof value === 'string' ? hexToBytes(value, field) : value;
  if (bytes.length !== length) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field,
      message: `${field} must be ${length} bytes, got ${bytes.length}`,
    });
  }
  return bytesToHex(bytes);
}
