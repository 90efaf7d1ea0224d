// Goal: heads move only forward, safe and finalized never pass latest, and a contradiction stops everything.
// Method: an index writer in memory that keeps blocks by height and refuses another one as PostgreSQL does.
import { ChainError, type Hash32, type Height } from '@sheaf/primitives';
import type { ExecutedBlock, Head, IndexWriter } from '../ports.ts';
import { openHeads } from './heads.ts';

const hash = (n: number): Hash32 => `0x${n.toString(16).padStart(64, '0')}` as Hash32;

function block(height: number, id = height): ExecutedBlock {
  return {
    hash: hash(id),
    payloadHash: hash(id + 1_000),
    header: { number: BigInt(height) as Height } as ExecutedBlock['header'],
    transactions: [],
    withdrawals: [],
    receipts: [],
    sizeBytes: 1,
  };
}

function memory(): IndexWriter & { heads: Map<string, Head> } {
  const blocks = new Map<bigint, ExecutedBlock>();
  const heads = new Map<string, Head>();
  return {
    heads,
    latest: () => Promise.resolve(undefined),
    head: (name) => Promise.resolve(heads.get(name)),
    refAt: (height) => Promise.resolve(blocks.get(height)),
    append(one) {
      const { number } = one.header;
      const known = blocks.get(number) ?? one;
      if (known.hash !== one.hash)
        return Promise.reject(new ChainError({ code: 'CONFLICT', message: `another ${number}` }));
      blocks.set(number, one);
      return Promise.resolve();
    },
    advance: (name, head) => Promise.resolve(void heads.set(name, head)),
  };
}

async function setUp(heights: number) {
  const index = memory();
  const alarms: string[] = [];
  const heads = await openHeads({ index, onDivergence: (what) => alarms.push(what) });
  const { signal } = new AbortController();
  for (let height = 0; height <= heights; height++) await heads.append(block(height));
  return { index, heads, alarms, signal };
}

test('nothing can be read before genesis', async () => {
  const heads = await openHeads({ index: memory() });
  expect(heads.ready()).toBe(false);
  expect(() => heads.latest()).toThrow('no block is indexed yet');
});

test('safe and finalized start at genesis and move to what is certified and final', async () => {
  const { heads, index, signal } = await setUp(3);
  expect(heads.safe()).toMatchObject({ height: 0n, hash: hash(0) });
  await heads.certified(2n as Height, hash(1_002), signal);
  await heads.finalize({ height: 1n as Height, hash: hash(1) }, signal);
  expect([heads.safe(), heads.finalized()]).toEqual([
    { height: 2n, hash: hash(2) },
    { height: 1n, hash: hash(1) },
  ]);
  await heads.certified(1n as Height, hash(1_001), signal);
  expect(heads.safe().height).toBe(2n);
  // Final implies available.
  await heads.finalize({ height: 3n as Height, hash: hash(3) }, signal);
  expect(heads.safe().height).toBe(3n);
  expect(index.heads.get('finalized')).toEqual({ height: 3n, hash: hash(3) });
});

test('finality waits for the block, and gives up when stopped', async () => {
  const { heads, signal } = await setUp(1);
  const waiting = heads.finalize({ height: 2n as Height, hash: hash(2) }, signal);
  expect(heads.finalized().height).toBe(0n);
  await heads.append(block(2));
  await waiting;
  expect(heads.finalized().height).toBe(2n);
  const stopping = new AbortController();
  const abandoned = heads.certified(9n as Height, hash(1_009), stopping.signal);
  stopping.abort();
  await expect(abandoned).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('listeners hear each block once, in order', async () => {
  const { heads } = await setUp(0);
  const heard: bigint[] = [];
  const stop = heads.listen((one) => heard.push(one.header.number));
  await heads.append(block(1));
  await heads.append(block(1));
  await heads.append(block(2));
  stop();
  await heads.append(block(3));
  expect(heard).toEqual([1n, 2n]);
});

test.each<[string, (heads: Awaited<ReturnType<typeof setUp>>) => Promise<void>, string]>([
  ['another block at an indexed height', ({ heads }) => heads.append(block(1, 99)), 'another 1'],
  [
    'a certificate for another payload',
    ({ heads, signal }) => heads.certified(1n as Height, hash(5), signal),
    'the certificate of height 1 is for payload',
  ],
  [
    'finality of another block',
    ({ heads, signal }) => heads.finalize({ height: 1n as Height, hash: hash(5) }, signal),
    'settlement finalized',
  ],
])('%s raises the alarm once and stops the index', async (_name, contradict, words) => {
  const all = await setUp(1);
  await expect(contradict(all)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(all.alarms).toHaveLength(1);
  expect(all.heads.divergence()).toContain(words);
  await expect(all.heads.append(block(2))).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(all.heads.latest().header.number).toBe(1n);
  expect(all.alarms).toHaveLength(1);
});
