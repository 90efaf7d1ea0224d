// Goal: the bloom of a block has the bits of all its logs' blooms, wherever these are in memory.
// Method: random blooms, at any offset of a buffer, against the bits one by one.
import { Logs, type Receipt } from '@sheaf/ethereum';
import { toAddress } from '@sheaf/primitives';
import fc from 'fast-check';
import { unionOfBlooms } from './block-run.ts';

const logs = Logs.of([{ address: toAddress(new Uint8Array(20)), topics: [], data: new Uint8Array(0) }]);

test('all bits, of those with logs', () => {
  const bloom = fc.record({
    bits: fc.uint8Array({ minLength: 256, maxLength: 256 }),
    offset: fc.nat({ max: 7 }),
    bare: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(bloom, { maxLength: 5 }), (blooms) => {
      const receipts = blooms.map(({ bits, offset, bare }) => {
        const logsBloom = new Uint8Array(264).subarray(offset, offset + 256);
        logsBloom.set(bits);
        return { logs: bare ? Logs.none : logs, logsBloom } as unknown as Receipt;
      });
      const expected = new Uint8Array(256);
      for (const { bits, bare } of blooms) if (!bare) for (let i = 0; i < 256; i++) expected[i]! |= bits[i]!;
      expect(unionOfBlooms(receipts)).toEqual(expected);
    }),
  );
});
