import { isDeepStrictEqual } from 'node:util';
import { bytesToHex } from '@sheaf/primitives';
import { disassemble } from './disassemble.ts';
import type { Scenario } from './scenario.ts';

/** The fields in which the two differ, each with both values; empty when they are the same. */
export function differences(left: object, right: object, path = ''): string[] {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => {
    const [a, b] = [(left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]];
    if (isDeepStrictEqual(a, b)) return [];
    const both = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null;
    return both ? differences(a, b, `${path}${key}.`) : [`${path}${key}: ${String(a)} | ${String(b)}`];
  });
}

/** The scenario as a person can read it: the message and every code as instructions. */
export function describeScenario({ fork, world, message, warm }: Scenario): string {
  const codes = [...world].map(([address, { nonce, balance, code, storage }]) => {
    const slots = [...storage].map(([slot, value]) => `  ${BigInt(slot)} = ${BigInt(value)}`);
    return [`${address} nonce ${nonce} balance ${balance} code ${shortHex(code)}`, ...slots, disassemble(code)].join(
      '\n',
    );
  });
  const { to, value, gas, data } = message;
  const head = `${fork}: to ${to ?? '(create)'} value ${value} gas ${gas} data ${shortHex(data)}`;
  const init = to === undefined ? [disassemble(data)] : [];
  const warmed = `warm ${warm.addresses.join(' ')} ${warm.slots.map((pair) => pair.join(':')).join(' ')}`;
  return [head, warmed, ...init, ...codes].join('\n');
}

const shownMax = 4_096;

function shortHex(bytes: Uint8Array): string {
  return bytes.length <= shownMax ? bytesToHex(bytes) : `${bytesToHex(bytes.subarray(0, 64))}… (${bytes.length} bytes)`;
}
