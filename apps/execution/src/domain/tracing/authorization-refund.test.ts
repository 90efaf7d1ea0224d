// Goal: authorizations give back what EIP-7702 says, before the transaction's message begins.
// Method: signed authorizations over a state made by hand.
import { privateKeyToAddress, signDigest } from '@sheaf/crypto';
import { authorizationDigest, type Authorization } from '@sheaf/ethereum';
import { bytesToBigint, toAddress, type Address } from '@sheaf/primitives';
import { emptyCodeHashBytes } from '@sheaf/state';
import { authorizationRefund } from './authorization-refund.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const who = (fill: number): Address => privateKeyToAddress(key(fill));
const target = toAddress(`0x${'77'.repeat(20)}`);

function signed(fill: number, nonce: bigint, chainId = 0n): Authorization {
  const fields = { chainId, address: target, nonce };
  const { r, s, yParity } = signDigest(authorizationDigest(fields), key(fill));
  return { ...fields, r: bytesToBigint(r), s: bytesToBigint(s), yParity };
}

/** 1 is there, 2 is not, 3 has code, 4 delegates. */
const codes = new Map([
  [who(3), Uint8Array.of(1)],
  [who(4), Uint8Array.of(0xef, 0x01, 0x00, ...new Uint8Array(20))],
]);
const state = {
  account: async (address: Address) =>
    [who(1), who(3), who(4)].includes(address)
      ? { nonce: 3n, balance: 1n, codeHash: codes.has(address) ? key(9) : emptyCodeHashBytes, hasStorage: false }
      : undefined,
  storage: async () => undefined,
  code: async () => new Uint8Array(0),
};

test.each<[string, Authorization[], bigint]>([
  ['an account that is there', [signed(1, 3n)], 12_500n],
  ['one that is not', [signed(2, 0n)], 0n],
  ['one that is not, twice', [signed(2, 0n), signed(2, 1n)], 12_500n],
  ['one twice, with its next nonce', [signed(1, 3n), signed(1, 4n)], 25_000n],
  ['one twice, with the same nonce', [signed(1, 3n), signed(1, 3n)], 12_500n],
  ['another nonce', [signed(1, 4n)], 0n],
  ['another chain', [signed(1, 3n, 6n)], 0n],
  ['the own chain', [signed(1, 3n, 5n)], 12_500n],
  ['a bad signature', [{ ...signed(1, 3n), yParity: 2 }], 0n],
  ['the sender, whose nonce has risen', [signed(1, 3n), signed(8, 1n)], 25_000n],
])('%s', async (_, authorizationList, refund) => {
  const transaction = { authorizationList, nonce: 0n };
  expect(await authorizationRefund(transaction, who(8), 5n, state)).toBe(refund);
});

test('an account with code of its own cannot delegate, one that delegates can', async () => {
  const withCodes = { ...state, code: async () => codes.get(asked)! };
  let asked = who(3);
  const refund = (fill: number) => {
    asked = who(fill);
    return authorizationRefund({ authorizationList: [signed(fill, 3n)], nonce: 0n }, who(8), 5n, withCodes);
  };
  expect([await refund(3), await refund(4)]).toEqual([0n, 12_500n]);
});
