// Goal: sealing happens when the rules say so, batches stay within their bounds, lags refuse at their bound exactly.
// Method: tables over the pure decisions, at and next to each bound.
import fc from 'fast-check';
import { batchLength } from './batch.ts';
import { refuseLag } from './lags.ts';
import { refuse, refuseMalformed } from './reasons.ts';
import { decideSeal, type SealMoment } from './seal-timing.ts';

const timing = { sealIntervalMs: 100, heartbeatMs: 12_000 };
const moment: SealMoment = { headExecuted: true, executableWork: true, held: false, sinceSealMs: 100 };

test.each<[string, Partial<SealMoment>, object]>([
  ['work and the interval passed', {}, { kind: 'seal', heartbeat: false }],
  ['work too early', { sinceSealMs: 40 }, { kind: 'wait', ms: 60 }],
  ['no work', { executableWork: false }, { kind: 'wait', ms: 11_900 }],
  ['no work for long', { executableWork: false, sinceSealMs: 12_000 }, { kind: 'seal', heartbeat: true }],
  ['not executed yet', { headExecuted: false, sinceSealMs: 99_999 }, { kind: 'wait', ms: undefined }],
  ['held by a lag', { held: true, sinceSealMs: 99_999 }, { kind: 'wait', ms: undefined }],
])('sealing: %s', (_name, change, decision) => {
  expect(decideSeal({ ...moment, ...change }, timing)).toEqual(decision);
});

test('lags refuse from their bound on, with a time to try again', () => {
  const bounds = { safeLagMax: 64n, finalizedLagMax: 128n };
  const lag = (safe: bigint, finalized: bigint) => refuseLag({ sealed: 200n, executed: 200n, safe, finalized }, bounds);
  expect(lag(137n, 73n)).toBeUndefined();
  expect(lag(136n, 73n)).toMatchObject({ reason: 'LAGGING', retryAfterMs: 1_000 });
  expect(lag(137n, 72n)?.message).toContain('128 blocks wait for finality');
});

test('a batch takes the longest prefix that surely fits, and at least one payload', () => {
  const bounds = { payloadsMax: 5, blobsMax: 2 };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 12 }), (sizes) => {
      const length = batchLength(sizes, bounds);
      const fits = (count: number) =>
        count <= 5 && sizes.slice(0, count).reduce((sum, size) => sum + size + 9, 64) <= 2 * 126_976;
      expect(length).toBe(sizes.length === 0 ? 0 : Math.max(1, longest(sizes.length, fits)));
    }),
  );
});

function longest(max: number, fits: (count: number) => boolean): number {
  let count = 0;
  while (count < max && fits(count + 1)) count += 1;
  return count;
}

test('messages are cut at 512 bytes, and decoder faults get their reason', () => {
  expect(Buffer.byteLength(refuse('MALFORMED', 'x'.repeat(2_000)).message)).toBe(512);
  const fault = (field: string, message = '') => refuseMalformed({ code: 'INVALID_ARGUMENT', field, message }).reason;
  expect(fault('transaction.nonce')).toBe('MALFORMED');
  expect(fault('transaction.s')).toBe('INVALID_SIGNATURE');
  expect(fault('transaction.signature')).toBe('INVALID_SIGNATURE');
  expect(fault('transaction.type')).toBe('UNSUPPORTED');
  expect(fault('transaction.maxPriorityFeePerGas', 'must not be above maxFeePerGas')).toBe('FEE_CAP_TOO_LOW');
});
