// Goal: an authorization names its signer, and none when the signature is not one or is malleable (EIP-7702).
// Method: real keys; the same signature mirrored, out of range, or over other fields.
import { privateKeyToAddress, signDigest } from '@sheaf/crypto';
import { bytesToBigint, toAddress } from '@sheaf/primitives';
import { authorizationDigest, recoverAuthority } from './authorization.ts';
import { secp256k1Order } from './signing-digest.ts';

const key = new Uint8Array(32).fill(7);
const fields = { chainId: 5n, address: toAddress(`0x${'ab'.repeat(20)}`), nonce: 3n };
const signature = signDigest(authorizationDigest(fields), key);
const good = { ...fields, yParity: signature.yParity, r: bytesToBigint(signature.r), s: bytesToBigint(signature.s) };

test('the signer is recovered', () => {
  expect(recoverAuthority(good)).toBe(privateKeyToAddress(key));
  expect(recoverAuthority({ ...good, nonce: 4n })).not.toBe(privateKeyToAddress(key));
});

test('what no key can have signed, or could be mirrored, has no authority', () => {
  const mirrored = { ...good, s: secp256k1Order - good.s, yParity: 1 - good.yParity };
  const wrong = [{ yParity: 2 }, { yParity: 27 }, { r: 0n }, { s: 0n }, { r: secp256k1Order }, { r: 2n ** 256n - 1n }];
  for (const each of [mirrored, ...wrong.map((change) => ({ ...good, ...change }))]) {
    expect(recoverAuthority(each)).toBeUndefined();
  }
});
