// Goal: the codec reads and writes transactions of every type exactly as Ethereum does, and accepts nothing else.
// Method: fast-check against @ethereumjs/tx as the oracle; damaged encodings must be refused or round-trip.
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common';
import { createTx, createTxFromRLP } from '@ethereumjs/tx';
import type { KZG } from '@ethereumjs/util';
import { privateKeyToAddress } from '@sheaf/crypto';
import { bigintToBytes, bytesToHex, concatBytes, isChainError, toAddress, toHash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { decodeTransaction } from './decode-transaction.ts';
import { encodeTransaction } from './encode-transaction.ts';
import { floorDataGas, intrinsicGas } from './gas.ts';
import { recoverSender, signTransaction, type UnsignedTransaction } from './sign-transaction.ts';
import { signingDigest } from './signing-digest.ts';
import type { TransactionType } from './transaction.ts';

const chainId = 74323n;
// The oracle's blob transactions ask for KZG to be present; nothing here uses it.
const kzg = {} as KZG;
const common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
  hardfork: Hardfork.Osaka,
  customCrypto: { kzg },
});

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = bytesOf(20).map((bytes) => toAddress(bytes));
const hash = bytesOf(32).map((bytes) => toHash32(bytes));
const privateKey = fc
  .bigInt({ min: 1n, max: 2n ** 250n })
  .map((n) => new Uint8Array(Buffer.from(n.toString(16).padStart(64, '0'), 'hex')));
const wei = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 128n }));

function unsigned(type: TransactionType): fc.Arbitrary<UnsignedTransaction> {
  const base = {
    type: fc.constant(type),
    chainId: type === 0 ? fc.constantFrom(chainId, undefined) : fc.constant(chainId),
    nonce: fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 2n })),
    gasLimit: fc.bigInt({ min: 12_000_000n, max: 16_777_216n }),
    to: type >= 3 ? address : fc.option(address, { nil: undefined }),
    value: wei,
    data: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ minLength: 40, maxLength: 300 })),
  };
  const accessList = fc.array(fc.record({ address, storageKeys: fc.array(hash, { maxLength: 3 }) }), { maxLength: 3 });
  if (type === 0) return fc.record({ ...base, gasPrice: wei });
  if (type === 1) return fc.record({ ...base, gasPrice: wei, accessList });
  const fees = fc.tuple(wei, wei).map(([a, b]) => ({ maxFeePerGas: a + b, maxPriorityFeePerGas: b }));
  const authorization = fc.record({
    chainId: fc.constantFrom(0n, chainId),
    address,
    nonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    yParity: fc.constantFrom(0, 1),
    r: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
    s: fc.bigInt({ min: 1n, max: 2n ** 255n }),
  });
  const own = {
    2: fc.record({ ...base, accessList }),
    3: fc.record({
      ...base,
      accessList,
      maxFeePerBlobGas: wei,
      blobVersionedHashes: fc.array(
        bytesOf(31).map((tail) => toHash32(concatBytes(Uint8Array.of(1), tail))),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    4: fc.record({ ...base, accessList, authorizationList: fc.array(authorization, { minLength: 1, maxLength: 3 }) }),
  }[type];
  return fc.tuple(own as fc.Arbitrary<UnsignedTransaction>, fees).map(([fields, fee]) => ({ ...fields, ...fee }));
}

const anyUnsigned = fc.constantFrom<TransactionType>(0, 1, 2, 3, 4).chain(unsigned);

test('what is signed here, the oracle reads with the same fields, hash, sender and gas', () => {
  fc.assert(
    fc.property(anyUnsigned, privateKey, (fields, key) => {
      const raw = signTransaction(fields, key);
      const tx = decodeTransaction(raw);
      const oracle = createTxFromRLP(raw, { common });
      expect(bytesToHex(oracle.hash())).toBe(tx.hash);
      expect(oracle.getSenderAddress().toString()).toBe(recoverSender(tx));
      expect(recoverSender(tx)).toBe(privateKeyToAddress(key));
      expect(oracle.nonce).toBe(tx.nonce);
      expect(oracle.gasLimit).toBe(tx.gasLimit);
      expect(oracle.value).toBe(tx.value);
      expect(oracle.to?.toString()).toBe(tx.to);
      expect(bytesToHex(oracle.data)).toBe(bytesToHex(tx.data));
      expect(bytesToHex(oracle.getMessageToVerifySignature())).toBe(bytesToHex(signingDigest(tx)));
      expect(oracle.getIntrinsicGas()).toBe(intrinsicGas(tx));
      expect(floorDataGas(tx)).toBeGreaterThanOrEqual(21_000n);
      expect(bytesToHex(encodeTransaction(tx, tx))).toBe(bytesToHex(raw));
    }),
    { numRuns: 150 },
  );
});

test('what the oracle signs is decoded and encoded alike', () => {
  fc.assert(
    fc.property(anyUnsigned, privateKey, (fields, key) => {
      const unsignedTx = decodeTransaction(signTransaction(fields, key));
      const oracle = createTx(
        {
          type: unsignedTx.type,
          chainId,
          nonce: unsignedTx.nonce,
          gasLimit: unsignedTx.gasLimit,
          ...(unsignedTx.type < 2
            ? { gasPrice: unsignedTx.maxFeePerGas }
            : { maxFeePerGas: unsignedTx.maxFeePerGas, maxPriorityFeePerGas: unsignedTx.maxPriorityFeePerGas }),
          to: unsignedTx.to,
          value: unsignedTx.value,
          data: unsignedTx.data,
          accessList: unsignedTx.accessList.map((entry) => ({
            address: entry.address,
            storageKeys: entry.storageKeys,
          })),
          maxFeePerBlobGas: unsignedTx.maxFeePerBlobGas,
          blobVersionedHashes: unsignedTx.blobVersionedHashes,
          authorizationList: unsignedTx.authorizationList.map((entry) =>
            [entry.chainId, entry.address, entry.nonce, BigInt(entry.yParity), entry.r, entry.s].map((part) =>
              typeof part === 'bigint' ? bigintToBytes(part) : Buffer.from(part.slice(2), 'hex'),
            ),
          ),
        } as unknown as Parameters<typeof createTx>[0],
        { common },
      ).sign(key);
      const tx = decodeTransaction(oracle.serialize());
      expect(tx.hash).toBe(bytesToHex(oracle.hash()));
      expect(bytesToHex(encodeTransaction(tx, tx))).toBe(bytesToHex(oracle.serialize()));
      expect(recoverSender(tx)).toBe(privateKeyToAddress(key));
      if (fields.chainId !== undefined)
        expect(bytesToHex(signTransaction(fields, key))).toBe(bytesToHex(oracle.serialize()));
    }),
    { numRuns: 60 },
  );
});

test('a damaged encoding is refused by field, or is another canonical transaction', () => {
  const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.boolean() });
  fc.assert(
    fc.property(anyUnsigned, privateKey, damage, (fields, key, { at, to, cut }) => {
      const raw = Uint8Array.from(signTransaction(fields, key));
      raw[at % raw.length] = to;
      const damaged = cut ? raw.subarray(0, at % raw.length) : raw;
      try {
        const tx = decodeTransaction(damaged);
        expect(bytesToHex(encodeTransaction(tx, tx))).toBe(bytesToHex(damaged));
      } catch (error) {
        if (!isChainError(error, 'INVALID_ARGUMENT')) throw error;
        expect(error.message).toMatch(/^transaction/);
      }
    }),
    { numRuns: 400 },
  );
});
