// Goal: transactions have Ethereum's JSON shape for every type.
// Method: viem signs, our codec reads, viem's own formatter reads our JSON back and must find what was signed.
import { decodeTransaction, recoverSender } from '@sheaf/ethereum';
import { hexToBytes, type Hash32 } from '@sheaf/primitives';
import { formatTransaction, parseTransaction, type RpcTransaction, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { quantity, transactionJson } from './json.ts';

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const to = '0x00000000000000000000000000000000000000aa';
const slot = `0x${'02'.repeat(32)}` as const;
const common = { nonce: 7, gas: 50_000n, to, value: 10n ** 18n, data: '0xdeadbeef' } as const;
const accessList = [{ address: to, storageKeys: [slot] }] as const;
const blockHash = `0x${'33'.repeat(32)}` as Hash32;

const cases: [string, TransactionSerializable, bigint][] = [
  ['legacy', { ...common, type: 'legacy', chainId: 74_323, gasPrice: 9n }, 9n],
  ['legacy before EIP-155', { ...common, type: 'legacy', gasPrice: 9n }, 9n],
  ['EIP-2930', { ...common, type: 'eip2930', chainId: 74_323, gasPrice: 9n, accessList }, 9n],
  [
    'EIP-1559',
    { ...common, type: 'eip1559', chainId: 74_323, maxFeePerGas: 100n, maxPriorityFeePerGas: 2n, accessList },
    7n,
  ],
  [
    'EIP-7702',
    {
      ...common,
      type: 'eip7702',
      chainId: 74_323,
      maxFeePerGas: 6n,
      maxPriorityFeePerGas: 2n,
      authorizationList: [
        { chainId: 74_323, address: to, nonce: 1, yParity: 1, r: slot, s: `0x${'05'.repeat(32)}` as const },
      ],
    },
    6n,
  ],
];

test.each(cases)('%s', async (_name, transaction, effectiveGasPrice) => {
  const serialized = await account.signTransaction(transaction);
  const decoded = decodeTransaction(hexToBytes(serialized));
  const inclusion = { blockHash, height: 300n, index: 2, baseFeePerGas: 5n };
  const json = transactionJson(decoded, recoverSender(decoded), inclusion) as unknown as RpcTransaction;
  const formatted = formatTransaction(json);
  const signed = parseTransaction(serialized as `0x02${string}`) as unknown as Record<string, unknown>;
  expect(formatted).toMatchObject({
    blockHash,
    blockNumber: 300n,
    transactionIndex: 2,
    from: account.address.toLowerCase(),
    nonce: 7,
    gas: 50_000n,
    to,
    value: 10n ** 18n,
    input: '0xdeadbeef',
    type: transaction.type,
    gasPrice: effectiveGasPrice,
  });
  expect(json.gasPrice).toBe(quantity(effectiveGasPrice));
  for (const field of ['r', 's', 'yParity', 'maxFeePerGas', 'maxPriorityFeePerGas', 'accessList', 'chainId'] as const) {
    if (signed[field] === undefined || (field === 'yParity' && transaction.type === 'legacy')) continue;
    const value = (formatted as unknown as Record<string, unknown>)[field];
    expect([field, normal(value)]).toEqual([field, normal(signed[field])]);
  }
  expect('chainId' in json).toBe(transaction.chainId !== undefined);
});

/** Hex numbers may have zeros in front on one side. */
function normal(value: unknown): unknown {
  return typeof value === 'string' ? BigInt(value) : value;
}

test('a transaction in no block', async () => {
  const decoded = decodeTransaction(hexToBytes(await account.signTransaction(cases[3]![1])));
  expect(transactionJson(decoded, recoverSender(decoded), undefined)).toMatchObject({
    blockHash: null,
    blockNumber: null,
    transactionIndex: null,
    gasPrice: '0x64',
  });
});
