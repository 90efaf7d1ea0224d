// Goal: what is guessed at a glance is what decoding says, and no bytes make it throw.
// Method: random signed transactions of every type; random and damaged bytes.
import { decodeTransaction, encodeTransaction, type TransactionFields, type TransactionType } from '@sheaf/ethereum';
import { bytesToHex, equalBytes, toAddress, toHash32, type Address } from '@sheaf/primitives';
import fc from 'fast-check';
import { skim } from './skim.ts';

const address: fc.Arbitrary<Address> = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => toAddress(bytesToHex(bytes)));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHash32(bytesToHex(bytes)));
const number = fc.bigInt({ min: 0n, max: 2n ** 60n });
const raws = fc
  .record({
    type: fc.constantFrom<TransactionType>(0, 1, 2, 4),
    old: fc.boolean(),
    nonce: number,
    gasLimit: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
    fee: number,
    to: fc.option(address, { nil: undefined }),
    value: number,
    data: fc.uint8Array({ maxLength: 400 }),
    accessList: fc.array(fc.record({ address, storageKeys: fc.array(hash, { maxLength: 2 }) }), { maxLength: 2 }),
  })
  .map(({ type, old, fee, to, accessList, ...rest }) => {
    const authorization = {
      chainId: 1n,
      address: toAddress(`0x${'11'.repeat(20)}`),
      nonce: 0n,
      yParity: 0,
      r: 1n,
      s: 1n,
    };
    const fields: TransactionFields = {
      ...rest,
      type,
      chainId: type === 0 && old ? undefined : 1n,
      ...(type < 2 && { gasPrice: fee }),
      maxFeePerGas: fee,
      maxPriorityFeePerGas: fee,
      to: type === 4 ? (to ?? toAddress(`0x${'22'.repeat(20)}`)) : to,
      accessList: type === 0 ? [] : accessList,
      authorizationList: type === 4 ? [authorization] : [],
      maxFeePerBlobGas: 0n,
      blobVersionedHashes: [],
    };
    return encodeTransaction(fields, { r: 1n, s: 1n, yParity: 0 });
  });

test('as decoded', () => {
  fc.assert(
    fc.property(raws, (raw) => {
      const { to, data, gasLimit } = decodeTransaction(raw);
      const seen = skim(raw)!;
      expect([seen.to && toAddress(seen.to), seen.gasLimit]).toEqual([to, Number(gasLimit)]);
      expect(equalBytes(seen.data, data)).toBe(true);
      expect(seen.selector).toBe(data.length < 4 ? -1 : Number(bytesToHex(data.subarray(0, 4))));
    }),
  );
});

test('any bytes', () => {
  const damaged = fc.tuple(raws, fc.nat(), fc.nat({ max: 255 })).map(([raw, at, byte]) => {
    const other = raw.slice();
    other[at % raw.length] = byte;
    return other;
  });
  const cut = fc.tuple(raws, fc.nat()).map(([raw, at]) => raw.subarray(0, at % (raw.length + 1)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), damaged, cut), (raw) => {
      const seen = skim(raw);
      if (seen === undefined) return;
      expect(seen.gasLimit).toBeGreaterThanOrEqual(0);
      expect(seen.to === undefined || seen.to.length === 20).toBe(true);
    }),
    { numRuns: 500 },
  );
});
