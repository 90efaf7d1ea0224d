// Goal: sources become the bytes that the yellow paper gives them.
// Method: one source a rule; every mnemonic beside the EVM's own names is checked by the contracts that use it.
import { bytesToHex, hexToBytes } from '@sheaf/primitives';
import { assemble, initCode } from './assembler.ts';

test.each([
  ['STOP ADD SIGNEXTEND CLZ KECCAK256', '0x00010b1e20'],
  ['ADDRESS GASPRICE EXTCODESIZE EXTCODEHASH BLOCKHASH BLOBBASEFEE', '0x303a3b3f404a'],
  ['POP TLOAD TSTORE MCOPY PUSH0 DUP1 DUP16 SWAP1 SWAP16 LOG0 LOG4', '0x505c5d5e5f808f909fa0a4'],
  ['CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2 STATICCALL REVERT INVALID SELFDESTRUCT', '0xf0f1f2f3f4f5fafdfeff'],
  ['0 1 255 256 0xffffff', '0x5f600160ff61010062ffffff'],
  [`0x${'ff'.repeat(32)}`, `0x7f${'ff'.repeat(32)}`],
  ['@end JUMP :loop @loop JUMP :end', '0x61000956' + '5b61000456' + '5b'],
])('%s', (source, hex) => {
  expect(bytesToHex(assemble(source).code)).toBe(hex);
});

test('labels have their places', () => {
  expect(Object.fromEntries(assemble('1 :a POP :b').labels)).toEqual({ a: 2, b: 4 });
});

test.each([
  ['ADDD', 'ADDD is no instruction'],
  ['@nowhere', 'there is no label nowhere'],
  [':a :a', 'the label a is there twice'],
  [`0x1${'00'.repeat(32)}`, 'more than 32 bytes'],
])('%s is refused', (source, message) => {
  expect(() => assemble(source)).toThrow(message);
});

test('init code copies what is behind it', () => {
  expect(bytesToHex(initCode(hexToBytes('0xaabb')))).toBe('0x610002' + '80' + '61000b' + '5f395ff3' + 'aabb');
  expect(bytesToHex(initCode(hexToBytes('0xaa'), hexToBytes('0x5f50')))).toBe('0x5f50' + '6100018061000d5f395ff3aa');
});
