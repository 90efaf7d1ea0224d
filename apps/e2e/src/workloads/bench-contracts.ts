import {
  bigintToFixedBytes,
  concatBytes,
  hexToBytes,
  toHash32,
  type Address,
  type Hash32,
  type Hex,
} from '@sheaf/primitives';
import type { GenesisAccount } from '@sheaf/protocol';
import { pair } from '../bench/generated/pair.ts';
import { router } from '../bench/generated/router.ts';
import { token } from '../bench/generated/token.ts';
import { addressOfName, addressWord, entryOf, word } from './slots.ts';

/** Units of each token that each of its users has. */
const userUnits = 10n ** 21n;
const poolUnits = 10n ** 24n;
const unlimited = 2n ** 256n - 1n;
const tokenSlots = { balances: 0n, allowances: 1n, supply: 2n };
const pairSlots = { token0: 0n, token1: 1n, reserves: 2n, price0Sum: 3n, price1Sum: 4n, unlocked: 5n };

export const routerAt = addressOfName('router');

/** A contract of the genesis, as if it had been deployed and set up. */
export type Placed = [Address, GenesisAccount];

export const tokenAt = (index: number): Address => addressOfName(`token ${index}`);
export const poolAt = (index: number): Address => addressOfName(`pool ${index}`);

/** OpenZeppelin's ERC-20, of which each holder has the same; `spender` may take all of it. */
export function placeToken(
  index: number,
  holders: readonly Address[],
  more: { owner?: Address; spender?: Address } = {},
): Placed {
  const { owner, spender } = more;
  const storage = new Map<Hash32, Hash32>();
  const balances = bytesOf(tokenSlots.balances);
  const allowances = bytesOf(tokenSlots.allowances);
  for (const holder of holders) {
    storage.set(toHash32(entryOf(holder, balances)), word(userUnits));
    if (spender) storage.set(toHash32(entryOf(spender, entryOf(holder, allowances))), word(unlimited));
  }
  if (owner) storage.set(toHash32(entryOf(owner, balances)), word(poolUnits));
  storage.set(word(tokenSlots.supply), word(userUnits * BigInt(holders.length) + (owner ? poolUnits : 0n)));
  return [tokenAt(index), contract(token, storage)];
}

/** A market of tokens `2 * index` and the one after it, with those, whose users have allowed the router to take them. */
export function placePool(index: number, users: readonly Address[]): Placed[] {
  const at = poolAt(index);
  const tokens = [2 * index, 2 * index + 1] as const;
  // Two reserves of 112 bits; the time of the last change above them is long ago.
  const storage = new Map([
    [word(pairSlots.token0), toHash32(addressWord(tokenAt(tokens[0])))],
    [word(pairSlots.token1), toHash32(addressWord(tokenAt(tokens[1])))],
    [word(pairSlots.reserves), word(poolUnits | (poolUnits << 112n))],
    [word(pairSlots.price0Sum), word(1n)],
    [word(pairSlots.price1Sum), word(1n)],
    [word(pairSlots.unlocked), word(1n)],
  ]);
  const placed = tokens.map((number) => placeToken(number, users, { owner: at, spender: routerAt }));
  return [[at, contract(pair, storage)], ...placed];
}

export function placeRouter(): Placed {
  return [routerAt, contract(router, new Map())];
}

/** `transfer(to, amount)` of a token. */
export function transferData(to: Address, amount: bigint): Uint8Array {
  return concatBytes(hexToBytes('0xa9059cbb'), addressWord(to), bytesOf(amount));
}

/** `sell(market, first, amount)` of the router. */
export function sellData(market: Address, first: boolean, amount: bigint): Uint8Array {
  return concatBytes(hexToBytes('0x7da822c3'), addressWord(market), bytesOf(first ? 1n : 0n), bytesOf(amount));
}

function contract({ deployedBytecode }: { deployedBytecode: Hex }, storage: Map<Hash32, Hash32>): GenesisAccount {
  return { balance: 0n, nonce: 1n, code: hexToBytes(deployedBytecode), storage };
}

function bytesOf(value: bigint): Uint8Array {
  return bigintToFixedBytes(value, 32);
}
