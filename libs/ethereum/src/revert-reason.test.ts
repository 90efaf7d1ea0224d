// Goal: Solidity's revert reasons are read, anything else is left alone, and no output can break the reader.
// Method: viem's encoder as the oracle, a property over random bytes.
import { hexToBytes } from '@sheaf/primitives';
import fc from 'fast-check';
import { encodeErrorResult, parseAbi } from 'viem';
import { revertReason } from './revert-reason.ts';

const abi = parseAbi(['error Error(string)', 'error Panic(uint256)', 'error Custom(uint256)']);

test('reads Error(string)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(revertReason(hexToBytes(encodeErrorResult({ abi, errorName: 'Error', args: [text] })))).toBe(text);
    }),
  );
});

test('reads Panic(uint256)', () => {
  const reason = (code: bigint) =>
    revertReason(hexToBytes(encodeErrorResult({ abi, errorName: 'Panic', args: [code] })));
  expect(reason(0x11n)).toBe('arithmetic underflow or overflow');
  expect(reason(0x99n)).toBe('unknown panic code: 0x99');
});

test('leaves custom errors, plain reverts and broken encodings alone', () => {
  expect(revertReason(hexToBytes(encodeErrorResult({ abi, errorName: 'Custom', args: [1n] })))).toBeUndefined();
  expect(revertReason(new Uint8Array(0))).toBeUndefined();
  expect(revertReason(hexToBytes(`0x08c379a0${'ff'.repeat(64)}`))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      revertReason(Uint8Array.from([0x08, 0xc3, 0x79, 0xa0, ...tail]));
    }),
  );
});
