import { bigintToFixedBytes, toAddress, type Address } from '@sheaf/primitives';

/** Who sends the transaction: an account without code, or with a delegation. */
export const sender = numbered(0x5e17de7n);
export const coinbase = numbered(0xc01bba5en);
/** Has balance and no code. */
export const someone = numbered(0x50e017en);
/** Does not exist. */
export const nobody = numbered(0x11000000000000000000000000000000000000n);

export const contractsMax = 4;
/** Where the programs of a scenario are. */
export const contracts: Address[] = Array.from({ length: contractsMax }, (_, place) =>
  numbered(0xc0de0000n + BigInt(place)),
);
/** Accounts that delegate to `delegates[n]` (EIP-7702). */
export const delegators: Address[] = [0xde1e0000n, 0xde1e0001n, 0xde1e0002n].map(numbered);

export const precompiles: Address[] = [
  ...Array.from({ length: 17 }, (_, n) => numbered(BigInt(n + 1))),
  numbered(0x100n),
];

export function numbered(value: bigint): Address {
  return toAddress(bigintToFixedBytes(value, 20));
}
