// Goal: every transaction that the chain would refuse is refused with the precise reason and figures, and no other.
// Method: one valid transfer, changed in one respect a case, against fixed rules, account and queue.
import { toHeight } from '@sheaf/primitives';
import { judge, lowestBaseFee, refuseAlone, type Verdict } from './admission.ts';
import { richAccount, testQueue, testRecipient, testRules, testSender, testTransaction, waiting } from './testing.ts';

const sender = testSender(0);
const alone = (fields: Parameters<typeof testTransaction>[0], rules = testRules) =>
  refuseAlone(testTransaction(fields), rules)?.reason;
const reasonOf = (verdict: Verdict) => (verdict.kind === 'refuse' ? verdict.refusal.reason : verdict.kind);

describe('without state', () => {
  test('a plain transfer passes', () => expect(alone({})).toBeUndefined());

  test.each([
    ['another chain', { chainId: 8n }, 'WRONG_CHAIN'],
    ['before EIP-155', { type: 0, chainId: undefined, gasPrice: 100n }, 'UNSUPPORTED'],
    ['gas below intrinsic', { gasLimit: 20_999n }, 'INTRINSIC_GAS'],
    ['gas below the data floor', { gasLimit: 24_999n, data: new Uint8Array(100).fill(1) }, 'INTRINSIC_GAS'],
    ['gas above EIP-7825', { gasLimit: 16_777_217n }, 'GAS_LIMIT_EXCEEDED'],
    ['gas above the block', { gasLimit: 30_000_001n }, 'GAS_LIMIT_EXCEEDED'],
    [
      'initcode above EIP-3860',
      { to: undefined, data: new Uint8Array(49_153), gasLimit: 9_000_000n },
      'INITCODE_TOO_LARGE',
    ],
    ['max fee below any base fee', { maxFeePerGas: 6n, maxPriorityFeePerGas: 0n }, 'UNDERPRICED'],
  ] as const)('%s', (_name, fields, reason) => {
    expect(alone(fields)).toBe(reason);
  });

  test('blob transactions are refused as such', () => {
    const blob = { type: 3, maxFeePerBlobGas: 1n, blobVersionedHashes: [`0x01${'00'.repeat(31)}`] } as never;
    expect(alone(blob)).toBe('BLOB_TRANSACTION');
  });

  test('the configured tip is demanded, a max fee below the current base fee is not refused', () => {
    expect(alone({ maxPriorityFeePerGas: 9n }, { ...testRules, tipMin: 10n })).toBe('UNDERPRICED');
    expect(alone({ maxPriorityFeePerGas: 10n }, { ...testRules, tipMin: 10n })).toBeUndefined();
    expect(alone({ maxFeePerGas: 7n, maxPriorityFeePerGas: 0n })).toBeUndefined();
  });

  test('forks before Osaka and Prague have no cap, no floor, no set-code', () => {
    const prague = { ...testRules, fork: 'prague' } as const;
    const cancun = { ...testRules, fork: 'cancun' } as const;
    expect(alone({ gasLimit: 16_777_217n }, prague)).toBeUndefined();
    expect(alone({ gasLimit: 24_999n, data: new Uint8Array(100).fill(1) }, cancun)).toBeUndefined();
    const authorization = { chainId: 7n, address: testRecipient, nonce: 0n, yParity: 0, r: 1n, s: 1n };
    const setCode = { type: 4, gasLimit: 100_000n, authorizationList: [authorization] } as const;
    expect(alone(setCode as never, cancun)).toBe('UNSUPPORTED');
    expect(alone(setCode as never)).toBeUndefined();
  });

  test('figures are in the message', () => {
    expect(refuseAlone(testTransaction({ gasLimit: 20_000n }), testRules)?.message).toBe(
      'intrinsic gas too low: gas 20000, minimum needed 21000',
    );
  });
});

describe('against the account', () => {
  const verdict = (fields: Parameters<typeof testTransaction>[0], account = richAccount, queue = testQueue()) =>
    reasonOf(judge(testTransaction(fields), sender, account, queue, testRules));

  test('next nonce is accepted, lower is too low, higher is a gap that names the nonce', () => {
    const account = { ...richAccount, nonce: 5n };
    expect(verdict({ nonce: 5n }, account)).toBe('accept');
    expect(verdict({ nonce: 4n }, account)).toBe('NONCE_TOO_LOW');
    expect(judge(testTransaction({ nonce: 7n }), sender, account, testQueue(), testRules)).toEqual({
      kind: 'gap',
      expectedNonce: 5n,
    });
  });

  test('waiting transactions move the expected nonce', () => {
    const queue = testQueue(waiting(testTransaction({ nonce: 0n })), waiting(testTransaction({ nonce: 1n })));
    expect(verdict({ nonce: 2n }, richAccount, queue)).toBe('accept');
    expect(verdict({ nonce: 3n }, richAccount, queue)).toBe('gap');
  });

  test('the same transaction again is known', () => {
    const queue = testQueue(waiting(testTransaction({ nonce: 0n })));
    expect(verdict({ nonce: 0n }, richAccount, queue)).toBe('known');
  });

  test('a contract cannot send, a delegation can', () => {
    expect(verdict({}, { ...richAccount, code: 'contract' })).toBe('SENDER_NOT_EOA');
    expect(verdict({}, { ...richAccount, code: 'delegation' })).toBe('accept');
  });

  test('the balance must hold the worst case to the wei', () => {
    const cost = 21_000n * 100n + 1n;
    expect(verdict({}, { ...richAccount, balance: cost })).toBe('accept');
    expect(verdict({}, { ...richAccount, balance: cost - 1n })).toBe('INSUFFICIENT_FUNDS');
    expect(verdict({}, { ...richAccount, balance: 0n })).toBe('INSUFFICIENT_FUNDS');
  });

  test('waiting transactions count against the balance, those already in the state do not', () => {
    const cost = 21_000n * 100n + 1n;
    const queue = testQueue(waiting(testTransaction({ nonce: 0n })));
    expect(verdict({ nonce: 1n }, { ...richAccount, balance: 2n * cost }, queue)).toBe('accept');
    expect(verdict({ nonce: 1n }, { ...richAccount, balance: 2n * cost - 1n }, queue)).toBe('INSUFFICIENT_FUNDS');
    expect(verdict({ nonce: 1n }, { ...richAccount, nonce: 1n, balance: cost }, queue)).toBe('accept');
  });

  test('a sender has its bound', () => {
    const queue = testQueue(...[0n, 1n, 2n, 3n].map((nonce) => waiting(testTransaction({ nonce }))));
    expect(verdict({ nonce: 4n }, richAccount, queue)).toBe('SENDER_FULL');
  });
});

describe('replacement', () => {
  const old = waiting(testTransaction({ maxFeePerGas: 1_000n, maxPriorityFeePerGas: 100n }));
  const replace = (maxFeePerGas: bigint, maxPriorityFeePerGas: bigint, existing = old) =>
    reasonOf(
      judge(
        testTransaction({ maxFeePerGas, maxPriorityFeePerGas }),
        sender,
        richAccount,
        testQueue(existing),
        testRules,
      ),
    );

  test('needs a tenth more of both fees', () => {
    expect(replace(1_100n, 110n)).toBe('accept');
    expect(replace(1_099n, 110n)).toBe('REPLACEMENT_UNDERPRICED');
    expect(replace(1_100n, 109n)).toBe('REPLACEMENT_UNDERPRICED');
  });

  test('a tip of zero must become more than zero, as in geth', () => {
    const free = waiting(testTransaction({ maxFeePerGas: 1_000n, maxPriorityFeePerGas: 0n }));
    expect(replace(2_000n, 0n, free)).toBe('REPLACEMENT_UNDERPRICED');
    expect(replace(2_000n, 1n, free)).toBe('accept');
  });

  test('what is sealed cannot be replaced', () => {
    expect(replace(9_000n, 900n, { ...old, sealedHeight: toHeight(3) })).toBe('NONCE_TOO_LOW');
  });

  test('pays for itself alone: the replaced cost is freed', () => {
    const account = { ...richAccount, balance: 21_000n * 1_100n + 1n };
    const tx = testTransaction({ maxFeePerGas: 1_100n, maxPriorityFeePerGas: 110n });
    expect(reasonOf(judge(tx, sender, account, testQueue(old), testRules))).toBe('accept');
  });
});

test('the lowest base fee is the fixed point of EIP-1559, or genesis', () => {
  expect(lowestBaseFee(1_000_000_000n)).toBe(7n);
  expect(lowestBaseFee(3n)).toBe(3n);
});

test('legacy and access-list transactions pass with their gas price as both fees', () => {
  expect(alone({ type: 0, gasPrice: 100n })).toBeUndefined();
  expect(alone({ type: 1, gasPrice: 100n, gasLimit: 30_000n })).toBeUndefined();
});
