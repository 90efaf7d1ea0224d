import { ChainError } from '@sheaf/primitives';

/** What is stored, or was received for it, is not what it must be. */
export function damaged(message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message }, { cause });
}

/** What somebody handed over is refused, naming the part of it. */
export function invalid(field: string, what: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` }, { cause });
}
