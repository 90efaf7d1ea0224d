// Goal: a payload has one encoding and one hash; every other byte string is refused, naming the field.
// Method: fast-check round trips, altered bytes, hand-made bad RLP.
import { ChainError, decodeRlp, encodeRlp, equalBytes, isChainError, limits, type RlpItem } from '@sheaf/primitives';
import fc from 'fast-check';
import { payload as payloadArbitrary } from '../test/arbitraries.ts';
import { decodePayload, encodePayload, payloadHash, payloadRandao, type Payload } from './payload.ts';

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ChainError && error.detail.code === 'INVALID_ARGUMENT') return error.detail.field;
    throw error;
  }
  throw new Error('nothing was refused');
};
const sample = fc.sample(
  payloadArbitrary.filter((payload) => payload.deposits.length > 0 && payload.transactions.length > 0),
  { numRuns: 1, seed: 1 },
)[0]!;

test('round trip', () => {
  fc.assert(
    fc.property(payloadArbitrary, (payload) => {
      const encoded = encodePayload(payload);
      expect(decodePayload(encoded)).toEqual(payload);
      expect(payloadHash(decodePayload(encoded))).toBe(payloadHash(payload));
    }),
  );
});

test('whatever is accepted is the canonical encoding: an altered byte gives another payload or none', () => {
  fc.assert(
    fc.property(payloadArbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (payload, at, change) => {
      const encoded = encodePayload(payload);
      const position = at % encoded.length;
      const altered = encoded.with(position, encoded[position]! ^ change);
      let decoded: Payload;
      try {
        decoded = decodePayload(altered);
      } catch (error) {
        expect(isChainError(error, 'INVALID_ARGUMENT')).toBe(true);
        return;
      }
      expect(equalBytes(encodePayload(decoded), altered)).toBe(true);
      expect(payloadHash(decoded)).not.toBe(payloadHash(payload));
    }),
    { numRuns: 500 },
  );
});

/** The sample's RLP with one item replaced. */
const withItem = (index: number, item: RlpItem) => {
  const items = decodeRlp(encodePayload(sample), 'payload') as RlpItem[];
  return encodeRlp(items.with(index, item));
};
const goodDeposit = [new Uint8Array(0), new Uint8Array(0), new Uint8Array(20), new Uint8Array(0)];

test.each<[string, Uint8Array]>([
  ['payload', encodeRlp([])],
  ['payload', new Uint8Array(limits.payloadBytesMax + 1)],
  ['payload.chainId', withItem(0, new Uint8Array(9).fill(1))],
  ['payload.chainId', withItem(0, new Uint8Array(0))],
  ['payload.height', withItem(1, new Uint8Array(0))],
  ['payload.height', withItem(1, Uint8Array.from([0, 1]))],
  ['payload.epoch', withItem(2, new Uint8Array(0))],
  ['payload.parentHash', withItem(3, new Uint8Array(31))],
  ['payload.timestamp', withItem(4, [])],
  ['payload.baseFeePerGas', withItem(5, new Uint8Array(33).fill(1))],
  ['payload.gasLimit', withItem(6, new Uint8Array(0))],
  ['payload.feeRecipient', withItem(7, new Uint8Array(21))],
  ['payload.prevRandao', withItem(8, new Uint8Array(0))],
  ['payload.deposits', withItem(9, new Array<RlpItem>(17).fill(goodDeposit))],
  ['payload.deposits.1', withItem(9, [goodDeposit, goodDeposit.slice(1)])],
  ['payload.deposits.0.address', withItem(9, [goodDeposit.with(2, new Uint8Array(19))])],
  ['payload.transactions', withItem(10, new Uint8Array(3))],
  ['payload.transactions', withItem(10, new Array<RlpItem>(10_001).fill(Uint8Array.from([1])))],
  ['payload.transactions.1', withItem(10, [Uint8Array.from([1]), new Uint8Array(0)])],
  ['payload.transactions.0', withItem(10, [new Uint8Array(131_073)])],
])('bad %s is refused by name', (field, encoded) => {
  expect(refusal(() => decodePayload(encoded))).toBe(field);
});

test('a payload over 2 MiB is not encoded', () => {
  const transactions = new Array<Uint8Array>(17).fill(new Uint8Array(131_072));
  expect(() => encodePayload({ ...sample, transactions })).toThrow('more than 2097152');
});

test('randomness depends on chain, height and parent', () => {
  fc.assert(
    fc.property(payloadArbitrary, ({ chainId, height, parentHash }) => {
      const value = payloadRandao(chainId, height, parentHash);
      expect(payloadRandao(chainId, height, parentHash)).toBe(value);
      expect(payloadRandao(chainId ^ 1n, height, parentHash)).not.toBe(value);
      expect(payloadRandao(chainId, (height ^ 1n) as typeof height, parentHash)).not.toBe(value);
    }),
  );
});
