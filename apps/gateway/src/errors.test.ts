// Goal: what went wrong inside reaches the caller with Ethereum's code and geth's words, and bugs do not.
// Method: the whole table, compared exactly; viem's node errors as the oracle for the words.
import { ChainError, hexToBytes } from '@sheaf/primitives';
import {
  encodeErrorResult,
  FeeCapTooLowError,
  InsufficientFundsError,
  IntrinsicGasTooLowError,
  NonceTooHighError,
  NonceTooLowError,
  parseAbi,
  TipAboveFeeCapError,
} from 'viem';
import type { RpcError } from './errors.ts';
import { executionReverted, malformedReason, refused, refusalText, toRpcError } from './errors.ts';

const plain = ({ code, message, data }: RpcError) => ({ code, message, data });

test.each<[string, ChainError, ReturnType<typeof plain>]>([
  [
    'INVALID_ARGUMENT',
    new ChainError({ code: 'INVALID_ARGUMENT', field: 'message.to', message: 'message.to must be 20 bytes' }),
    { code: -32602, message: 'invalid params: message.to must be 20 bytes', data: { parameter: 'message.to' } },
  ],
  [
    'LIMIT',
    new ChainError({ code: 'LIMIT', message: 'busy', retryAfterMs: 5 }),
    { code: -32005, message: 'busy', data: { retryAfterMs: 5 } },
  ],
  [
    'UNAVAILABLE',
    new ChainError({ code: 'UNAVAILABLE', message: 'execution is away' }),
    { code: -32002, message: 'execution is away', data: { retryAfterMs: 1_000 } },
  ],
  [
    'NOT_FOUND',
    new ChainError({ code: 'NOT_FOUND', message: 'state of 1 is pruned' }),
    { code: -32000, message: 'state of 1 is pruned', data: undefined },
  ],
  [
    'INTERNAL',
    new ChainError({ code: 'INTERNAL', message: 'secret' }),
    { code: -32603, message: 'internal error', data: undefined },
  ],
  [
    'a refused estimate',
    new ChainError({ code: 'REJECTED', reason: 'OUT_OF_GAS', message: 'gas required exceeds allowance (1)' }),
    { code: -32000, message: 'gas required exceeds allowance (1)', data: { reason: 'OUT_OF_GAS' } },
  ],
  [
    'a plain revert',
    new ChainError({ code: 'REJECTED', reason: 'REVERTED', message: 'execution reverted' }),
    { code: 3, message: 'execution reverted', data: '0x' },
  ],
])('%s', (_name, error, expected) => {
  expect(plain(toRpcError(error))).toEqual(expected);
});

test('a bug tells nothing', () => {
  expect(plain(toRpcError(new TypeError('x is undefined')))).toEqual({
    code: -32603,
    message: 'internal error',
    data: undefined,
  });
});

test('a revert carries its data and its reason', () => {
  const data = encodeErrorResult({ abi: parseAbi(['error Error(string)']), errorName: 'Error', args: ['too few'] });
  expect(plain(executionReverted(hexToBytes(data)))).toEqual({ code: 3, message: 'execution reverted: too few', data });
});

test('what may be tried again says when', () => {
  expect(plain(refused('LAGGING', 'the chain is lagging: 70 wait', 500))).toEqual({
    code: -32005,
    message: 'the chain is lagging: 70 wait',
    data: { reason: 'LAGGING', retryAfterMs: 500 },
  });
  expect(plain(refused('NONCE_TOO_LOW', ''))).toEqual({
    code: -32000,
    message: 'nonce too low',
    data: { reason: 'NONCE_TOO_LOW' },
  });
});

test('words are put before a message that lacks them, and only then', () => {
  expect(refusalText('NONCE_GAP', 'nonce gap: next nonce 1, tx nonce 3')).toBe(
    'nonce too high: nonce gap: next nonce 1, tx nonce 3',
  );
  expect(refusalText('NONCE_TOO_LOW', 'nonce too low: next nonce 4, tx nonce 3')).toBe(
    'nonce too low: next nonce 4, tx nonce 3',
  );
  expect(refusalText('EXPIRED', 'waited 3 h')).toBe('waited 3 h');
});

test.each<[string, { nodeMessage: RegExp }]>([
  ['NONCE_TOO_LOW', NonceTooLowError],
  ['NONCE_GAP', NonceTooHighError],
  ['INSUFFICIENT_FUNDS', InsufficientFundsError],
  ['INTRINSIC_GAS', IntrinsicGasTooLowError],
  ['FEE_CAP_TOO_LOW', FeeCapTooLowError],
])('viem recognizes %s', (reason, { nodeMessage }) => {
  expect(refusalText(reason, '')).toMatch(nodeMessage);
});

test('viem recognizes a tip above the cap', () => {
  const text = refusalText('FEE_CAP_TOO_LOW', 'max priority fee per gas higher than max fee per gas: tip 2, fee cap 1');
  expect(text).toMatch(TipAboveFeeCapError.nodeMessage);
});

test('the decoders field says the kind of fault', () => {
  expect(
    ['transaction.s', 'transaction.type', 'transaction.maxPriorityFeePerGas', 'transaction'].map(malformedReason),
  ).toEqual(['INVALID_SIGNATURE', 'UNSUPPORTED', 'FEE_CAP_TOO_LOW', 'MALFORMED']);
});
