// Goal: signatures recover to their signer and to nobody else; the native binding does it.
// Method: known key of the usual test mnemonic, fast-check round trips with altered digests, malformed input by field.
import { hexToBytes, isChainError } from '@sheaf/primitives';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import { privateKeyToAddress, publicKeyToAddress, recoverPublicKey, signDigest } from './secp256k1.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Any 31 bytes, not all zero, are a key below the order. */
const privateKey = bytes32
  .filter((key) => key.subarray(1).some((byte) => byte !== 0))
  .map((key) => Uint8Array.from([0, ...key.subarray(1)]));

const faultField = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isChainError(error) && error.detail.code === 'INVALID_ARGUMENT') return error.detail.field;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('the native binding is loaded, not the JavaScript fallback', () => {
  const require = createRequire(__filename);
  expect(require('secp256k1')).toBe(require('secp256k1/bindings'));
});

test('address of the first account of the usual test mnemonic', () => {
  const key = hexToBytes('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
  expect(privateKeyToAddress(key)).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
});

test('a signature recovers its signer, low s, and another digest somebody else', () => {
  const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
  fc.assert(
    fc.property(privateKey, bytes32, (key, digest) => {
      const signature = signDigest(digest, key);
      expect(BigInt(`0x${Buffer.from(signature.s).toString('hex')}`) <= halfOrder).toBe(true);
      expect(publicKeyToAddress(recoverPublicKey(digest, signature))).toBe(privateKeyToAddress(key));
      const other = Uint8Array.from(digest, (byte, index) => (index === 0 ? byte ^ 1 : byte));
      expect(publicKeyToAddress(recoverPublicKey(other, signature))).not.toBe(privateKeyToAddress(key));
    }),
    { numRuns: 50 },
  );
});

test('malformed input is refused by name', () => {
  const zeros = new Uint8Array(32);
  const ones = new Uint8Array(32).fill(0xff);
  const short = new Uint8Array(31);
  const good = { r: zeros.with(31, 1), s: zeros.with(31, 1), yParity: 0 } as const;
  expect(faultField(() => recoverPublicKey(short, good))).toBe('digest');
  expect(faultField(() => recoverPublicKey(zeros, { ...good, r: short }))).toBe('signature.r');
  expect(faultField(() => recoverPublicKey(zeros, { ...good, s: short }))).toBe('signature.s');
  expect(faultField(() => recoverPublicKey(zeros, { ...good, r: zeros }))).toBe('signature');
  expect(faultField(() => recoverPublicKey(zeros, { ...good, s: ones }))).toBe('signature');
  expect(faultField(() => signDigest(zeros, zeros))).toBe('privateKey');
  expect(faultField(() => signDigest(zeros, ones))).toBe('privateKey');
  expect(faultField(() => publicKeyToAddress(short))).toBe('publicKey');
});
