/**
 * Every failure that a caller can act on. `INVALID_ARGUMENT` names the field; what may be tried again says so.
 *
 * | code | meaning | try again |
 * | --- | --- | --- |
 * | INVALID_ARGUMENT | malformed input; `field` names it | no |
 * | NOT_FOUND | what was asked for is not here and is not expected to come | no |
 * | ALREADY_EXISTS | the same thing was accepted before | no |
 * | REJECTED | well formed, but a rule of the chain refuses it; `reason` says which | no |
 * | CONFLICT | contradicts what is recorded (another hash at a height, a stale epoch) | no |
 * | LIMIT | a queue, batch, cache or message is at its maximum | after `retryAfterMs` |
 * | UNAVAILABLE | a dependency is down or not ready | yes |
 * | DEADLINE | the caller's time is up | yes, if idempotent |
 * | DATA_LOSS | stored or received data does not match its hash or checksum | no |
 * | INTERNAL | a bug | no |
 */
export type ChainErrorDetail =
  | { code: 'INVALID_ARGUMENT'; field: string; message: string }
  | { code: 'NOT_FOUND'; message: string }
  | { code: 'ALREADY_EXISTS'; message: string }
  | { code: 'REJECTED'; reason: string; message: string; data?: string }
  | { code: 'CONFLICT'; message: string }
  | { code: 'LIMIT'; message: string; retryAfterMs: number }
  | { code: 'UNAVAILABLE'; message: string }
  | { code: 'DEADLINE'; message: string }
  | { code: 'DATA_LOSS'; message: string }
  | { code: 'INTERNAL'; message: string };

export type ChainErrorCode = ChainErrorDetail['code'];

/** The one error class of the chain: switch on `detail.code`. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
  readonly detail: ChainErrorDetail;

  constructor(detail: ChainErrorDetail, options?: { cause?: unknown }) {
    super(detail.message, options);
    this.detail = detail;
  }

  get code(): ChainErrorCode {
    return this.detail.code;
  }
}

/** True for a ChainError, of the given code if one is given. */
export function isChainError(error: unknown, code?: ChainErrorCode): error is ChainError {
  return error instanceof ChainError && (code === undefined || error.code === code);
}

/** For bugs only: @throws Error when the condition does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
