import { ChainError, isChainError } from '@sheaf/primitives';

/** A message, or why its bytes are none: grpc-js would answer INTERNAL for a fault of the other side. */
export type Decoded = { ok: true; value: unknown } | { ok: false; error: unknown };

/** A decoder that never throws. */
export function tolerant(decode: (bytes: Buffer) => unknown): (bytes: Buffer) => Decoded {
  return (bytes) => {
    try {
      return { ok: true, value: decode(bytes) };
    } catch (error) {
      return { ok: false, error };
    }
  };
}

/** The message. @throws ChainError `INVALID_ARGUMENT` whose field is `field` (`request`, `response`) when the bytes are none */
export function accept(decoded: Decoded, field: string): unknown {
  if (decoded.ok) return decoded.value;
  if (isChainError(decoded.error)) throw decoded.error;
  throw new ChainError(
    { code: 'INVALID_ARGUMENT', field, message: `${field} is not a message of this method` },
    { cause: decoded.error },
  );
}
