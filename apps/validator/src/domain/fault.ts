import { ChainError, isChainError } from '@sheaf/primitives';

/**
 * Why a height is not verified: `unavailable` (a peer is away, slow or not there yet: try again quietly) or `wrong` (what was served does
 * not verify: alarm, do not sign).
 */
export type FaultKind = 'unavailable' | 'wrong';

const notNow = new Set(['UNAVAILABLE', 'DEADLINE', 'NOT_FOUND', 'LIMIT', 'INTERNAL']);

/** Anything that is not known to be harmless is wrong: refusing to sign is the safe side. */
export function faultKind(error: unknown): FaultKind {
  return isChainError(error) && notNow.has(error.code) ? 'unavailable' : 'wrong';
}

/** What was served contradicts itself or what this validator computed. */
export function wrong(message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message }, { cause });
}

/** @throws ChainError as `wrong` unless the condition holds */
export function requireRight(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw wrong(message());
}
