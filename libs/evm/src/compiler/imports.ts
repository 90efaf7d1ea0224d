/** Functions of the machine on the memory stack: `(sp) -> ()`, the result in the place of the deepest operand. */
const pure = 'mul div sdiv mod smod addmod mulmod signextend exp byte shl shr sar clz calldataload'.split(' ');

/** Functions of the machine on the frame: `() -> status`. */
const state = (
  'keccak256 balance calldatacopy codecopy extcodesize extcodecopy returndatacopy extcodehash blockhash selfbalance ' +
  'blobhash mcopy sload sstore tload tstore log0 log1 log2 log3 log4 create call callcode delegatecall create2 ' +
  'staticcall selfdestruct return_ revert'
).split(' ');

/** What a compiled module takes from the machine besides its memory. */
export const imports: readonly { name: string; signature: string }[] = [
  ...pure.map((name) => ({ name, signature: 'i:' })),
  ...state.map((name) => ({ name, signature: ':i' })),
  { name: 'expGas', signature: 'i:i' },
  { name: 'expand', signature: 'l:i' },
];

const indices = new Map(imports.map(({ name }, index) => [name, index]));

/** @throws RangeError when the machine has no such function */
export function importIndex(name: string): number {
  const index = indices.get(name);
  if (index === undefined) throw new RangeError(`the machine has no function ${name}`);
  return index;
}
