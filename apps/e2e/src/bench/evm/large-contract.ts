import { bigintToFixedBytes, hexToBytes, type Address } from '@sheaf/primitives';
import { large } from '../generated/large.ts';
import { token } from '../generated/token.ts';
import { sender, type Call, type World } from './contender.ts';
import { receiver, tokenStorage, transferData, world } from './rows.ts';

/** EIP-170. */
export const codeBytesMax = 24_576;

const contractAt = `0x${'1a'.repeat(20)}` as Address;
/** The constant of Large.sol that makes the difference: the immediate of a PUSH32. */
const edition = Buffer.from('5ea1'.repeat(16), 'hex');

/** `transfer(receiver, 1)` of the sender, on either kind of contract. */
export const transfer: Call = { to: contractAt, data: transferData(), takesEffects: true };

/**
 * A world with a contract of exactly 24 KiB that no other `variant` has: a few bytes of a constant differ. What the compiler gives of it is filled
 * up with the code's own beginning, so that there is as much to analyse and to translate as in a contract of that size.
 */
export function largeWorld(variant: number): World {
  const compiled = hexToBytes(large.deployedBytecode);
  const code = new Uint8Array(codeBytesMax);
  code.set(compiled);
  code.set(compiled.subarray(0, codeBytesMax - compiled.length), compiled.length);
  const at = Buffer.from(code).indexOf(edition);
  if (at < 0) throw new Error('Large.sol has no edition');
  code.set(bigintToFixedBytes(BigInt(variant), 4), at);
  return holding(code);
}

/** The same with OpenZeppelin's plain token and a few bytes behind it. */
export function tokenWorld(variant: number): World {
  const compiled = hexToBytes(token.deployedBytecode);
  const code = new Uint8Array(compiled.length + 4);
  code.set(compiled);
  code.set(bigintToFixedBytes(BigInt(variant), 4), compiled.length);
  return holding(code);
}

function holding(code: Uint8Array): World {
  const storage = new Map(tokenStorage([sender, receiver]));
  return world([[contractAt, { balance: 0n, nonce: 1n, code, storage }]]);
}
