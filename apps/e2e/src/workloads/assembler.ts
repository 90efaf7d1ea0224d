import { bigintToBytes, bytesToHex, hexToBytes } from '@sheaf/primitives';

/** Byte of the first name of each run; the others follow it. */
const runs: readonly (readonly [number, string])[] = [
  [0x00, 'STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND'],
  [0x10, 'LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ'],
  [0x20, 'KECCAK256'],
  [0x30, 'ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY GASPRICE'],
  [0x3b, 'EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH'],
  [0x40, 'BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE'],
  [0x50, 'POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0'],
  [0x80, Array.from({ length: 16 }, (_, i) => `DUP${i + 1}`).join(' ')],
  [0x90, Array.from({ length: 16 }, (_, i) => `SWAP${i + 1}`).join(' ')],
  [0xa0, 'LOG0 LOG1 LOG2 LOG3 LOG4'],
  [0xf0, 'CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2'],
  [0xfa, 'STATICCALL'],
  [0xfd, 'REVERT INVALID SELFDESTRUCT'],
];
const opcodes = new Map(
  runs.flatMap(([first, names]) => names.split(' ').map((name, i) => [name, first + i] as const)),
);
const [push0, push1, push2, jumpDestination] = [0x5f, 0x60, 0x61, 0x5b];

/** EVM code with the places of its labels. */
export interface Assembly {
  code: Uint8Array;
  labels: ReadonlyMap<string, number>;
}

/**
 * Words between spaces: a mnemonic is its byte, a number (decimal or 0x) the shortest PUSH of it, `:name` a JUMPDEST with
 * a name, `@name` a PUSH2 of its place.
 * @throws Error naming the word that is none of these, or the label that is missing or there twice
 */
export function assemble(source: string): Assembly {
  const bytes: number[] = [];
  const labels = new Map<string, number>();
  const uses: { at: number; name: string }[] = [];
  for (const word of source.split(/\s+/).filter((text) => text !== '')) {
    const opcode = opcodes.get(word);
    if (opcode !== undefined) bytes.push(opcode);
    else if (/^(\d+|0x[0-9a-f]+)$/i.test(word)) bytes.push(...push(word));
    else if (word.startsWith(':')) {
      const name = word.slice(1);
      if (labels.has(name)) throw new Error(`the label ${name} is there twice`);
      labels.set(name, bytes.length);
      bytes.push(jumpDestination);
    } else if (word.startsWith('@')) {
      uses.push({ at: bytes.length + 1, name: word.slice(1) });
      bytes.push(push2, 0, 0);
    } else throw new Error(`${word} is no instruction`);
  }
  for (const { at, name } of uses) {
    const place = labels.get(name);
    if (place === undefined) throw new Error(`there is no label ${name}`);
    bytes[at] = place >> 8;
    bytes[at + 1] = place & 0xff;
  }
  return { code: Uint8Array.from(bytes), labels };
}

function push(word: string): number[] {
  const value = bigintToBytes(BigInt(word));
  if (value.length > 32) throw new Error(`${word} has more than 32 bytes`);
  return value.length === 0 ? [push0] : [push1 - 1 + value.length, ...value];
}

/** Init code that leaves `runtime` (at most 65,535 bytes) as the contract's code, after `before` has run. */
export function initCode(runtime: Uint8Array, before: Uint8Array = new Uint8Array(0)): Uint8Array {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  // PUSH2 length, DUP1, PUSH2 offset, PUSH0, CODECOPY, PUSH0, RETURN.
  const copy = `61${hex(runtime.length)}8061${hex(before.length + 11)}5f395ff3`;
  return hexToBytes(`${bytesToHex(before)}${copy}${bytesToHex(runtime).slice(2)}`);
}
