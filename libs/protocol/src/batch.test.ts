// Goal: digests bind every field, and a certificate holds only with enough genuine signers.
// Method: every field changed in turn; real BLS keys of a committee of four.
import { blsAggregate, blsFastAggregateVerify, blsProvePossession, blsPublicKey, blsSign } from '@sheaf/crypto';
import { bytesToHex, toHash32, toHeight } from '@sheaf/primitives';
import fc from 'fast-check';
import { statement as statementArbitrary } from '../test/arbitraries.ts';
import { attestationDigest, hasQuorum, type Attestation } from './attestation.ts';
import { batchDigest, commitmentsHash, verifyCertificate, type BatchStatement, type Certificate } from './batch.ts';
import { decodeBitmap, encodeBitmap } from './bitmap.ts';
import type { DaCommittee } from './custody.ts';

const hash = (byte: number) => toHash32(new Uint8Array(32).fill(byte));
const statement: BatchStatement = {
  chainId: 74_323n,
  namespace: 'payloads',
  firstHeight: toHeight(5),
  lastHeight: toHeight(6),
  lastPayloadHash: hash(1),
  commitments: [new Uint8Array(48).fill(2), new Uint8Array(48).fill(3)],
};
const attestation: Attestation = {
  chainId: 74_323n,
  height: toHeight(5),
  blockHash: hash(1),
  payloadHash: hash(2),
  commitmentsHash: hash(3),
  validatorIndex: 0,
  signature: new Uint8Array(96),
};

test('each field of a statement changes its digest', () => {
  const changes: Partial<BatchStatement>[] = [
    { chainId: 1n },
    { namespace: 'payload' },
    { firstHeight: toHeight(4) },
    { lastHeight: toHeight(7) },
    { lastPayloadHash: hash(9) },
    { commitments: statement.commitments.slice(0, 1) },
    { commitments: statement.commitments.toReversed() },
  ];
  const digests = [statement, ...changes.map((change) => ({ ...statement, ...change }))].map((each) =>
    bytesToHex(batchDigest(each)),
  );
  expect(new Set(digests).size).toBe(changes.length + 1);
});

test('two statements share a digest only when they are the same', () => {
  fc.assert(
    fc.property(statementArbitrary, statementArbitrary, (a, b) => {
      const same = JSON.stringify(batchDigest(a)) === JSON.stringify(batchDigest(b));
      expect(same).toBe(
        a.namespace === b.namespace && a.firstHeight === b.firstHeight && a.lastPayloadHash === b.lastPayloadHash,
      );
      expect(batchDigest({ ...a })).toEqual(batchDigest(a));
    }),
  );
});

test('an attestation binds what was attested, not who signs, and is no statement', () => {
  const changes: Partial<Attestation>[] = [
    { chainId: 1n },
    { height: toHeight(6) },
    { blockHash: hash(9) },
    { payloadHash: hash(9) },
    { commitmentsHash: hash(9) },
  ];
  const digests = [attestation, ...changes.map((change) => ({ ...attestation, ...change }))].map((each) =>
    bytesToHex(attestationDigest(each)),
  );
  expect(new Set(digests).size).toBe(changes.length + 1);
  expect(attestationDigest({ ...attestation, validatorIndex: 1 } as Attestation)).toEqual(
    attestationDigest(attestation),
  );
  expect(digests).not.toContain(bytesToHex(batchDigest(statement)));
});

test('the commitments’ hash depends on their order', () => {
  expect(commitmentsHash(statement.commitments)).not.toBe(commitmentsHash(statement.commitments.toReversed()));
});

describe('certificates', () => {
  const secrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
  const committee: DaCommittee = {
    nodes: secrets.map((secret) => ({
      publicKey: blsPublicKey(secret),
      proofOfPossession: blsProvePossession(secret),
    })),
    lostNodesMax: 1,
    columnsPerNode: 32,
  };
  const certify = (signers: number[], signed: BatchStatement = statement): Certificate => ({
    statement,
    signers,
    signature: blsAggregate(signers.map((signer) => blsSign(secrets[signer]!, batchDigest(signed)))),
  });
  const verify = (certificate: Certificate) => verifyCertificate(certificate, committee, blsFastAggregateVerify);

  test('three of four nodes suffice when one may be lost, two do not', async () => {
    expect(await verify(certify([0, 1, 2, 3]))).toBe(true);
    expect(await verify(certify([0, 1, 3]))).toBe(true);
    expect(await verify(certify([0, 3]))).toBe(false);
  });

  test('a wrong signer, order, repetition, stranger, statement or signature fails', async () => {
    const good = certify([0, 1, 2]);
    expect(await verify({ ...good, signers: [0, 1, 3] })).toBe(false);
    expect(await verify({ ...good, signers: [0, 2, 1] })).toBe(false);
    expect(await verify({ ...good, signers: [0, 1, 1] })).toBe(false);
    expect(await verify({ ...good, signers: [0, 1, 2, 4] })).toBe(false);
    expect(await verify({ ...good, signers: [-1, 0, 1, 2] })).toBe(false);
    expect(await verify({ ...good, signers: [] })).toBe(false);
    expect(await verify({ ...good, signature: new Uint8Array(96) })).toBe(false);
    expect(await verify(certify([0, 1, 2], { ...statement, chainId: 1n }))).toBe(false);
  });
});

test('a quorum is two thirds or more', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
      (signed, total) => {
        expect(hasQuorum(signed, total)).toBe(signed >= (2n * total + 2n) / 3n);
      },
    ),
  );
  expect([hasQuorum(2n, 3n), hasQuorum(1n, 2n), hasQuorum(66n, 100n), hasQuorum(67n, 100n)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(hasQuorum(0n, 0n)).toBe(false);
});

test('bitmaps round trip, and other lengths or stray bits are refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199)), (size, raw) => {
      const indexes = [...new Set(raw.filter((index) => index < size))].sort((a, b) => a - b);
      const bitmap = encodeBitmap(indexes, size);
      expect(decodeBitmap(bitmap, size, 'signers')).toEqual(indexes);
      expect(() => decodeBitmap(Buffer.concat([bitmap, Buffer.alloc(1)]), size, 'signers')).toThrow('signers must be');
      if (size % 8 !== 0) {
        const stray = bitmap.with(-1, bitmap.at(-1)! | (1 << (size % 8)));
        expect(() => decodeBitmap(stray, size, 'signers')).toThrow('signers must have no bit');
      }
    }),
  );
  expect(encodeBitmap([0, 9], 10)).toEqual(Uint8Array.from([1, 2]));
  expect(() => encodeBitmap([10], 10)).toThrow(RangeError);
});
