// Goal: parameters are parsed once, and each malformed one is refused with -32602 naming it.
// Method: tables of good and bad JSON for every parser, the message compared in full.
import { RpcError } from '../errors.ts';
import * as p from './params.ts';

const account = '0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B';
const word = `0x${'1f'.repeat(32)}`;

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError && error.code === -32602) return error.message.replace('invalid params: ', '');
    throw error;
  }
  throw new Error('was not refused');
}

test.each<[string, p.Parse<unknown>, unknown, string]>([
  ['address', p.address, 5, 'x must be a string: an address of 20 bytes'],
  ['short address', p.address, '0x00', 'x must be 20 bytes, got 1'],
  ['odd address', p.address, '0x0', 'x must be 0x and an even number of hex digits'],
  ['hash', p.hash, account, 'x must be 32 bytes, got 20'],
  ['quantity with zeros', p.uint256, '0x01', 'x must be a quantity: 0x and hex digits without leading zeros'],
  ['decimal quantity', p.uint256, '10', 'x must be a quantity: 0x and hex digits without leading zeros'],
  ['wide quantity', p.uint64, '0x10000000000000000', 'x must be below 2^64'],
  ['boolean', p.boolean, 'true', 'x must be true or false'],
  ['long bytes', p.bytes(2), '0x000000', 'x must be at most 2 bytes'],
  ['slot', p.slot, '0x', 'x must be 0x and 1 to 64 hex digits'],
  ['list', p.list(p.address, 1), [account, account], 'x has 2 entries, at most 1'],
  ['list entry', p.list(p.address, 1), [null], 'x[0] is missing'],
  ['tag', p.block, 'newest', 'x must be a block number or one of latest, earliest, safe, finalized, pending'],
  ['EIP-1898 both', p.block, { blockNumber: '0x1', blockHash: word }, 'x must have either blockNumber or blockHash'],
  ['EIP-1898 unknown field', p.block, { block: '0x1' }, 'x.block is unknown'],
  ['call', p.call, [], 'x must be an object'],
  ['call field', p.call, { to: '0x12' }, 'x.to must be 20 bytes, got 1'],
  ['call data', p.call, { data: '0x01', input: '0x02' }, 'x.input and data are both set and differ'],
  ['call prices', p.call, { gasPrice: '0x1', maxFeePerGas: '0x1' }, 'x.gasPrice and maxFeePerGas are both set'],
  ['call authorizations', p.call, { authorizationList: [{}] }, 'x.authorizationList is not supported in calls'],
  [
    'whole-state override',
    p.stateOverrides,
    { [account]: { state: {} } },
    `x.${account}.state is not supported; stateDiff is`,
  ],
  ['override of nobody', p.stateOverrides, { '0x12': {} }, 'x.0x12 must be 20 bytes, got 1'],
  ['block override', p.noBlockOverrides, { time: '0x1' }, 'x.time is not supported'],
  ['filter', p.logFilter, { fromblock: '0x1' }, 'x.fromblock is unknown'],
  [
    'filter range and hash',
    p.logFilter,
    { blockHash: word, toBlock: 'latest' },
    'x.blockHash excludes fromBlock and toBlock',
  ],
  ['filter topics', p.logFilter, { topics: [1, 2, 3, 4, 5] }, 'x.topics has 5 positions, at most 4'],
  ['filter topic', p.logFilter, { topics: [null, [account]] }, 'x.topics[1][0] must be 32 bytes, got 20'],
])('refuses %s', (_name, parse, value, message) => {
  expect(refusal(() => parse(value, 'x'))).toBe(message);
});

test('counts parameters by name', () => {
  const parameters = [
    p.required('address', p.address),
    p.optional('block', p.block, { tag: 'latest' as const }),
  ] as const;
  expect(p.parseParams(parameters, [account])).toEqual([account.toLowerCase(), { tag: 'latest' }]);
  expect(p.parseParams(parameters, [account, null])[1]).toEqual({ tag: 'latest' });
  expect(refusal(() => p.parseParams(parameters, []))).toBe('address is missing');
  expect(refusal(() => p.parseParams(parameters, [null]))).toBe('address is missing');
  expect(refusal(() => p.parseParams(parameters, [account, 'latest', 1]))).toBe('[2] is one too many: at most 2');
});

test('reads blocks as tag, height, hash and EIP-1898', () => {
  expect(p.block('safe', 'x')).toEqual({ tag: 'safe' });
  expect(p.block('0x10', 'x')).toEqual({ height: 16n });
  expect(p.block(word, 'x')).toEqual({ hash: word });
  expect(p.block({ blockHash: word, requireCanonical: true }, 'x')).toEqual({ hash: word });
  expect(p.block({ blockNumber: 'finalized' }, 'x')).toEqual({ tag: 'finalized' });
});

test('reads a call, ignores what wallets add, clamps the gas as geth does', () => {
  const call = p.call({ to: account, input: '0x01', data: '0x01', gas: '0xffffffffff', nonce: '0x1', feature: 1 }, 'x');
  expect(call).toMatchObject({
    to: account.toLowerCase(),
    data: new Uint8Array([1]),
    gasLimit: 50_000_000n,
    value: 0n,
  });
  expect(p.call({ gas: '0x5208', maxFeePerGas: '0x7' }, 'x')).toMatchObject({ gasLimit: 21_000n, gasPrice: 7n });
});

test('reads topics with wildcards', () => {
  const { topics } = p.logCriteria({ topics: [null, word, [word], [], [null, word]].slice(0, 4) }, 'x');
  expect(topics).toEqual([undefined, [word], [word], undefined]);
  expect(p.logCriteria({ topics: [[null, word]] }, 'x').topics).toEqual([undefined]);
});

test('pads storage keys', () => {
  expect(p.slot('0x1', 'x')).toBe(`0x${'0'.repeat(63)}1`);
  expect(p.namedSlot('0xA', 'x')).toEqual({ key: '0xA', slot: `0x${'0'.repeat(63)}a` });
});
