// Goal: the only payload that passes is the one that the rules allow after its parent.
// Method: a right payload after a made-up parent, then every ruled field altered, one at a time.
import type { Header } from '@sheaf/ethereum';
import { toAddress, toEpoch, toHash32, toHeight, zeroAddress, zeroHash } from '@sheaf/primitives';
import { payloadRandao, type ChainSpec, type Payload } from '@sheaf/protocol';
import { checkPayload } from './check-payload.ts';

const parentPayload = toHash32(new Uint8Array(32).fill(9));
const header = {
  number: toHeight(4),
  timestamp: 100n,
  gasLimit: 30_000_000n,
  gasUsed: 15_000_000n,
  baseFeePerGas: 1000n,
} as Header;
const parent = { header, hash: zeroHash, payloadHash: parentPayload };
const spec = { chainId: 7n, genesis: { gasLimit: 30_000_000n }, feeRecipient: zeroAddress } as ChainSpec;
const right: Payload = {
  chainId: 7n,
  height: toHeight(5),
  epoch: toEpoch(1),
  parentHash: parentPayload,
  timestamp: 100n,
  baseFeePerGas: 1000n,
  gasLimit: 30_000_000n,
  feeRecipient: zeroAddress,
  prevRandao: payloadRandao(7n, toHeight(5), parentPayload),
  deposits: [],
  transactions: [],
};

test('the right payload passes, at any later time and epoch', () => {
  checkPayload(right, spec, parent);
  checkPayload({ ...right, timestamp: 101n, epoch: toEpoch(9) }, spec, parent);
});

test.each<[string, Partial<Payload>]>([
  ['chainId', { chainId: 8n }],
  ['height', { height: toHeight(6) }],
  ['parentHash', { parentHash: zeroHash }],
  ['baseFeePerGas', { baseFeePerGas: 1001n }],
  ['gasLimit', { gasLimit: 30_000_001n }],
  ['feeRecipient', { feeRecipient: toAddress(new Uint8Array(20).fill(1)) }],
  ['prevRandao', { prevRandao: zeroHash }],
  ['timestamp', { timestamp: 99n }],
  ['deposits', { deposits: [{ index: 0n, validatorIndex: 0n, address: zeroAddress, amountGwei: 1n }] }],
])('refuses another %s', (name, change) => {
  expect(() => checkPayload({ ...right, ...change }, spec, parent)).toThrow(name);
});
