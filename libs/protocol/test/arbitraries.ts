import { toAddress, toEpoch, toHash32, toHeight } from '@sheaf/primitives';
import fc from 'fast-check';
import type { BatchStatement, Deposit, Payload } from '../src/index.ts';

const uint64Max = 2n ** 64n - 1n;

/** Bytes of exactly this length. */
export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const uint64 = (min = 0n) => fc.bigInt({ min, max: uint64Max });
export const hash = bytes(32).map((value) => toHash32(value));
export const address = bytes(20).map((value) => toAddress(value));

const deposit: fc.Arbitrary<Deposit> = fc.record({
  index: uint64(),
  validatorIndex: uint64(),
  address,
  amountGwei: uint64(),
});

/** Any valid payload of few and small transactions. */
export const payload: fc.Arbitrary<Payload> = fc.record({
  chainId: uint64(1n),
  height: uint64(1n).map((value) => toHeight(value)),
  epoch: uint64(1n).map((value) => toEpoch(value)),
  parentHash: hash,
  timestamp: uint64(),
  baseFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  gasLimit: uint64(1n),
  feeRecipient: address,
  prevRandao: hash,
  deposits: fc.array(deposit, { maxLength: 16 }),
  transactions: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 }),
});

/** Payloads whose heights follow one another. */
export const run: fc.Arbitrary<Payload[]> = fc
  .tuple(fc.bigInt({ min: 1n, max: 2n ** 63n }), fc.array(payload, { minLength: 1, maxLength: 5 }))
  .map(([first, payloads]) => payloads.map((item, index) => ({ ...item, height: toHeight(first + BigInt(index)) })));

export const statement: fc.Arbitrary<BatchStatement> = fc.record({
  chainId: uint64(1n),
  namespace: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
  firstHeight: uint64(1n).map((value) => toHeight(value)),
  lastHeight: uint64(1n).map((value) => toHeight(value)),
  lastPayloadHash: hash,
  commitments: fc.array(bytes(48), { minLength: 1, maxLength: 32 }),
});
