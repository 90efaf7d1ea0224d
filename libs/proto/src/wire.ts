import { bytesToBigint, ChainError, toAddress, toHash32, type Address, type Hash32, type Hex } from '@sheaf/primitives';

// Protobuf checks types and nothing else: lengths, ranges and presence are checked here, once, where a message enters.

/** Readers of wire fields. Each throws ChainError `INVALID_ARGUMENT` naming the dotted `field` it was given. */
export const wire = {
  /** Bytes of exactly `length`, or of `min` (default 0) to `max`. A view, not a copy. */
  bytes(
    value: Uint8Array | undefined,
    bound: { length: number } | { min?: number; max: number },
    field: string,
  ): Uint8Array {
    const bytes = wire.required(value, field);
    const [min, max] = 'length' in bound ? [bound.length, bound.length] : [bound.min ?? 0, bound.max];
    if (bytes.length < min || bytes.length > max) {
      const wanted = min === max ? `${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
      refuse(field, `must be ${wanted} bytes, got ${bytes.length}`);
    }
    // A Buffer's methods differ (its slice is a view): the domain has plain arrays only.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  },

  /** 32 bytes. */
  hash(value: Uint8Array | undefined, field: string): Hash32 {
    return toHash32(wire.required(value, field), field);
  },

  /** 20 bytes. */
  address(value: Uint8Array | undefined, field: string): Address {
    return toAddress(wire.required(value, field), field);
  },

  /** 20 bytes, or none: undefined. */
  optionalAddress(value: Uint8Array | undefined, field: string): Address | undefined {
    return value === undefined || value.length === 0 ? undefined : toAddress(value, field);
  },

  /** A 256-bit amount: big-endian without leading zeros, none for zero. */
  quantity(value: Uint8Array | undefined, field: string): bigint {
    const bytes = wire.bytes(value, { max: 32 }, field);
    if (bytes[0] === 0) refuse(field, 'must have no leading zeros');
    return bytesToBigint(bytes);
  },

  /** Text of at most `max` UTF-8 bytes. */
  text(value: string | undefined, max: number, field: string): string {
    const text = wire.required(value, field);
    // A UTF-16 unit takes at least one byte, so the cheap comparison comes first.
    if (text.length > max || new TextEncoder().encode(text).length > max) refuse(field, `must be at most ${max} bytes`);
    return text;
  },

  /** The same, with at least one byte. */
  nonEmptyText(value: string | undefined, max: number, field: string): string {
    if (!value) refuse(field, 'is missing');
    return wire.text(value, max, field);
  },

  /** A list of `min` (default 0) to `max` items. */
  list<T>(value: readonly T[] | undefined, bound: { min?: number; max: number }, field: string): readonly T[] {
    const list = wire.required(value, field);
    const { min = 0, max } = bound;
    if (list.length < min || list.length > max) {
      const wanted = min === max ? `${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
      refuse(field, `must have ${wanted} items, got ${list.length}`);
    }
    return list;
  },

  /** The message, or whatever it is, when it is there. */
  required<T>(value: T | undefined | null, field: string): T {
    return value ?? refuse(field, 'is missing');
  },

  /** An integer between `min` and `max`, both included. */
  integer<T extends number | bigint>(value: T | undefined, bound: { min: T; max: T }, field: string): T {
    const integer = wire.required(value, field);
    if (integer < bound.min || integer > bound.max) refuse(field, `must be between ${bound.min} and ${bound.max}`);
    return integer;
  },
};

/** The same memory as a Buffer, which ts-proto's messages ask for. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of a domain's hash or address. */
export function hexToBuffer(hex: Hex): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}

/** @throws ChainError `INVALID_ARGUMENT` naming `field` */
export function refuse(field: string, rule: string): never {
  throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
