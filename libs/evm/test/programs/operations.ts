import { opcodesOf, type Opcode } from '../../src/opcodes.ts';

export const PUSH0 = 0x5f;
export const PUSH1 = 0x60;
export const JUMPDEST = 0x5b;

/** Of the latest fork: what a program may be made of. Where the fork lacks one, it is an invalid opcode there. */
export const effects: readonly (Opcode | undefined)[] = opcodesOf('osaka');

const codes = new Map(effects.flatMap((opcode) => (opcode === undefined ? [] : [[opcode.name, opcode.code] as const])));

/** @throws Error when there is no such instruction */
export function byName(name: string): number {
  const code = codes.get(name);
  if (code === undefined) throw new Error(`no instruction ${name}`);
  return code;
}

/** Instructions by what they are to a generator. All take their words from the stack and can be given any. */
export const environment = [
  'ADDRESS', 'ORIGIN', 'CALLER', 'CALLVALUE', 'CALLDATASIZE', 'CODESIZE', 'GASPRICE', 'RETURNDATASIZE', 'COINBASE',
  'TIMESTAMP', 'NUMBER', 'PREVRANDAO', 'GASLIMIT', 'CHAINID', 'SELFBALANCE', 'BASEFEE', 'BLOBBASEFEE', 'PC', 'MSIZE', 'GAS',
]; // prettier-ignore

export const binary = [
  'ADD', 'MUL', 'SUB', 'DIV', 'SDIV', 'MOD', 'SMOD', 'EXP', 'SIGNEXTEND', 'LT', 'GT', 'SLT', 'SGT', 'EQ', 'AND', 'OR', 'XOR',
  'BYTE', 'SHL', 'SHR', 'SAR',
]; // prettier-ignore

export const ternary = ['ADDMOD', 'MULMOD'];
