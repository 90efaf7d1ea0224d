// Goal: a ChainError crosses the wire as it is, and what cannot travel is said, never dropped in silence.
// Method: every kind of error to a status and back; data at its bound and one byte over it.
import { ChainError, type ChainErrorDetail } from '@sheaf/primitives';
import type { ServiceError } from '@grpc/grpc-js';
import { fromServiceError, toStatus } from './status.ts';

const overWire = (detail: ChainErrorDetail): ChainErrorDetail => {
  const { code, details, metadata } = toStatus(new ChainError(detail));
  const error: ServiceError = Object.assign(new Error(details), { code, details, metadata });
  return fromServiceError(error, { address: 'a:1', method: 'm' }).detail;
};

test.each<ChainErrorDetail>([
  { code: 'INVALID_ARGUMENT', field: 'a.b', message: 'a.b is wrong' },
  { code: 'NOT_FOUND', message: 'not here' },
  { code: 'ALREADY_EXISTS', message: 'there already' },
  { code: 'REJECTED', reason: 'REVERTED', message: 'reverted', data: '0x0102' },
  { code: 'CONFLICT', message: 'another hash' },
  { code: 'LIMIT', message: 'full', retryAfterMs: 250 },
  { code: 'UNAVAILABLE', message: 'away' },
  { code: 'DEADLINE', message: 'late' },
  { code: 'DATA_LOSS', message: 'corrupt' },
  { code: 'INTERNAL', message: 'a bug' },
])('$code arrives as it left', (detail) => {
  expect(overWire(detail)).toEqual(detail);
});

test('an error that is no ChainError keeps its message to itself', () => {
  expect(toStatus(new Error('password 1234'))).toMatchObject({ details: 'internal error' });
});

test('data at the bound travels; over it the message says what is missing', () => {
  const rejected = (bytes: number): ChainErrorDetail => ({
    code: 'REJECTED',
    reason: 'REVERTED',
    message: 'reverted',
    data: `0x${'11'.repeat(bytes)}`,
  });
  expect(overWire(rejected(16_384))).toEqual(rejected(16_384));
  expect(overWire(rejected(16_385))).toEqual({
    code: 'REJECTED',
    reason: 'REVERTED',
    message: 'reverted (its data of 16385 bytes is left out: an error carries at most 16384)',
  });
});
