// Goal: the worker answers what the plain functions do, its queue is bounded, and its end is an error for everyone.
// Method: workers without the trusted setup; one that breaks, one that never serves, one closed with jobs pending.
import { bundleWorker } from '@sheaf/testing';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  blsAggregate,
  blsPublicKey,
  blsSign,
  createCryptoWorker,
  keccak256,
  privateKeyToAddress,
  serveCryptoWorker,
  signDigest,
  type CryptoWorker,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sheaf-crypto-'));
let workerFile: string;
let worker: CryptoWorker;
beforeAll(async () => {
  workerFile = await bundleWorker('libs/crypto/test/worker-main.ts');
  worker = await createCryptoWorker({ workerFile, kzg: false, queueMax: 4 });
});
afterAll(async () => {
  await worker.close();
  rmSync(folder, { recursive: true });
});

/** A worker of one's own. */
const startBroken = (name: string, source: string, onLost?: (error: Error) => void) => {
  const file = join(folder, name);
  writeFileSync(file, source);
  return createCryptoWorker({ workerFile: file, kzg: false }, onLost && { onLost });
};
const signed = (key: Uint8Array, text: string) => {
  const digest = keccak256(new TextEncoder().encode(text));
  return { digest, ...signDigest(digest, key) };
};

test('recovers senders in order, undefined for a bad one; views into a larger buffer are fine', async () => {
  const keys = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const items = keys.map((key, index) => signed(key, `transaction ${index}`));
  const large = Buffer.concat([Buffer.alloc(1_000), items[0]!.digest, Buffer.alloc(1_000)]);
  const view = { ...items[0]!, digest: large.subarray(1_000, 1_032) };
  const bad = { ...items[1]!, r: new Uint8Array(32) };
  expect(await worker.recoverSenders([view, bad, items[2]!])).toEqual([
    privateKeyToAddress(keys[0]!),
    undefined,
    privateKeyToAddress(keys[2]!),
  ]);
  expect(large.length).toBe(2_032);
  expect(await worker.recoverSenders([])).toEqual([]);
  await expect(worker.recoverSenders([{ ...bad, s: new Uint8Array(1) }])).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'items.0.s' },
  });
});

test('verifies BLS as the plain functions do', async () => {
  const secrets = [4, 5].map((byte) => new Uint8Array(32).fill(byte));
  const publicKeys = secrets.map(blsPublicKey);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (message) => {
      const signatures = secrets.map((secret) => blsSign(secret, message));
      const aggregate = blsAggregate(signatures);
      expect(await worker.blsVerify(publicKeys[0]!, message, signatures[0]!)).toBe(true);
      expect(await worker.blsVerify(publicKeys[1]!, message, signatures[0]!)).toBe(false);
      expect(await worker.blsFastAggregateVerify(publicKeys, message, aggregate)).toBe(true);
      expect(await worker.blsFastAggregateVerify(publicKeys, message, signatures[0]!)).toBe(false);
      expect(await worker.blsFastAggregateVerify([...publicKeys, new Uint8Array(47)], message, aggregate)).toBe(false);
    }),
    { numRuns: 5 },
  );
});

test('a full queue is LIMIT, and the jobs in it are still answered', async () => {
  const ask = () => worker.recoverSenders([signed(new Uint8Array(32).fill(1), 'x')]);
  const results = await Promise.allSettled([ask(), ask(), ask(), ask(), ask()]);
  expect(results.map((result) => result.status)).toEqual([...new Array(4).fill('fulfilled'), 'rejected']);
  expect(results[4]).toMatchObject({ reason: { detail: { code: 'LIMIT', retryAfterMs: 100 } } });
  expect(await ask()).toHaveLength(1);
});

test('KZG without the trusted setup is refused', async () => {
  await expect(worker.blobToCommitment(new Uint8Array(131_072))).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'kzg' },
  });
});

test('a crash is told once and rejects what is pending and all that follows', async () => {
  const lost: string[] = [];
  const broken = await startBroken(
    'breaks.cjs',
    `const { parentPort } = require('node:worker_threads');
     parentPort.postMessage({ kind: 'ready' });
     parentPort.on('message', () => { throw new Error('out of order'); });`,
    (error) => lost.push(error.message),
  );
  const unavailable = { detail: { code: 'UNAVAILABLE', message: 'crypto worker failed: out of order' } };
  const jobs = [broken.recoverSenders([]), broken.recoverSenders([])];
  await expect(jobs[0]).rejects.toMatchObject(unavailable);
  await expect(jobs[1]).rejects.toMatchObject(unavailable);
  await expect(broken.recoverSenders([])).rejects.toMatchObject(unavailable);
  await broken.close();
  expect(lost).toEqual(['crypto worker failed: out of order']);
});

test('a worker that ends before it is warm is an error', async () => {
  await expect(startBroken('ends.cjs', '')).rejects.toMatchObject({
    detail: { code: 'UNAVAILABLE', message: 'crypto worker ended with exit code 0' },
  });
  await expect(startBroken('missing-addon.cjs', `require('no-such-addon')`)).rejects.toMatchObject({
    detail: { code: 'UNAVAILABLE' },
  });
});

test('closing rejects what is pending, twice is once', async () => {
  const onLost = () => expect('a closed worker').toBe('not lost');
  const closing = await createCryptoWorker({ workerFile, kzg: false }, { onLost });
  const job = closing.recoverSenders([signed(new Uint8Array(32).fill(1), 'x')]);
  const closed = closing.close();
  await expect(job).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  await closed;
  await closing.close();
  await expect(closing.recoverSenders([])).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
});

test('the main thread is no worker', () => {
  expect(() => serveCryptoWorker()).toThrow('this thread is no crypto worker');
});
