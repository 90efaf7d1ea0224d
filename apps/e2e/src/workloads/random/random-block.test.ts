// Goal: random blocks do all that they are said to do, and a seed repeats them.
// Method: chains of some blocks from fixed seeds on the sequential engine; what happened is counted by feature, from what
// the engine says of each transaction. Every third block is executed again with its senders recovered.
import { warmPrecompiles } from '@sheaf/evm';
import { toAddress } from '@sheaf/primitives';
import { isEmptyCode } from '@sheaf/state';
import type { ExecutedBlock, ExecutePayloadResult } from '@sheaf/state-transition';
import { seededRandom } from '../../random.ts';
import { openMemoryChain } from '../memory-chain.ts';
import { blockFeatures, transactionFeatures, type BlockFeature, type Feature } from './features.ts';
import type { Head } from './head.ts';
import { randomBlock, type RandomBlock } from './random-block.ts';
import { randomWorld } from './world.ts';

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

const world = randomWorld();
const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
const heights = 15;

type Fate = 'success' | 'failure' | 'dropped';

/** What became of each transaction of the payload. */
function fates(block: ExecutedBlock, count: number): Fate[] {
  const dropped = new Set(block.dropped.map(({ payloadIndex }) => payloadIndex));
  const receipts = block.receipts.values();
  return Array.from({ length: count }, (_, index) =>
    dropped.has(index) ? 'dropped' : receipts.next().value!.status ? 'success' : 'failure',
  );
}

const totals = { success: 0, failure: 0, dropped: 0 };
const byFeature = new Map<Feature, typeof totals>(
  transactionFeatures.map((feature) => [feature, { success: 0, failure: 0, dropped: 0 }]),
);
const ofBlocks = new Map<BlockFeature, number>(blockFeatures.map((feature) => [feature, 0]));
const reasons = new Set<string>();
const dropReasonsMet = [
  'BLOB_TRANSACTION',
  'FEE_CAP_TOO_LOW',
  'GAS_LIMIT_EXCEEDED',
  'INITCODE_TOO_LARGE',
  'INSUFFICIENT_FUNDS',
  'INTRINSIC_GAS',
  'INVALID_SIGNATURE',
  'MALFORMED',
  'NONCE_TOO_HIGH',
  'NONCE_TOO_LOW',
  'SENDER_NOT_EOA',
  'WRONG_CHAIN',
];
/** What blocks left behind, by their changes. */
const done = { accountsNew: 0, accountsGone: 0, contractsNew: 0, delegations: 0, delegationsCleared: 0, blocksFull: 0 };

function count(block: RandomBlock, { block: executed, changes }: ExecutePayloadResult, before: Head): void {
  for (const [index, fate] of fates(executed, block.transactions.length).entries()) {
    totals[fate] += 1;
    for (const feature of block.features[index]!) byFeature.get(feature)![fate] += 1;
  }
  for (const feature of block.blockFeatures) ofBlocks.set(feature, ofBlocks.get(feature)! + 1);
  for (const { reason } of executed.dropped) reasons.add(reason);
  if (executed.header.gasUsed === block.gasLimit) done.blocksFull += 1;
  const actors = new Set(world.actors.map(({ address }) => address));
  for (const { address: bytes, account } of changes.accounts) {
    const address = toAddress(bytes);
    const { nonce, balance, hasCode } = before.account(address);
    const hadAccount = nonce > 0n || balance > 0n || hasCode;
    const hasCodeNow = account !== undefined && !isEmptyCode(account.codeHash);
    if (!hadAccount && account) done.accountsNew += 1;
    if (hadAccount && !account) done.accountsGone += 1;
    if (actors.has(address)) {
      if (!hasCode && hasCodeNow) done.delegations += 1;
      if (hasCode && !hasCodeNow) done.delegationsCleared += 1;
    } else if (!hasCode && hasCodeNow) done.contractsNew += 1;
  }
}

test.each(seeds)('seed %d: the same again, of the promised size, by whom it says', async (seed) => {
  const chain = await openMemoryChain(world.spec);
  for (let height = 1; height <= heights; height++) {
    const head = chain.head();
    const block = randomBlock(seededRandom(seed, height), world, head);
    expect(randomBlock(seededRandom(seed, height), randomWorld(), head)).toEqual(block);
    const { length } = block.transactions;
    expect(length).toBeGreaterThanOrEqual(5);
    expect(length).toBeLessThanOrEqual(60);
    expect([block.senders.length, block.features.length]).toEqual([length, length]);
    const known = height % 3 === 0 ? undefined : block.senders;
    const result = await chain.execute(chain.payload(block), known);
    const dropped = new Set(result.block.dropped.map(({ payloadIndex }) => payloadIndex));
    expect(result.block.receipts.map(({ sender }) => sender)).toEqual(
      block.senders.filter((_, index) => !dropped.has(index)),
    );
    count(block, result, head);
  }
});

test('every feature is met, with the outcome that it is about', () => {
  const dropping: Feature[] = [
    'nonce-low',
    'nonce-high',
    'no-funds',
    'fee-cap',
    'garbage',
    'bad-signature',
    'not-an-eoa',
    'wrong-chain',
    'little-gas',
    'too-much-gas',
    'large-init-code',
    'blob',
  ];
  const failing: Feature[] = ['revert', 'out-of-gas', 'create-collision'];
  const missed = transactionFeatures.filter((feature) => {
    const wanted = dropping.includes(feature) ? 'dropped' : failing.includes(feature) ? 'failure' : 'success';
    return byFeature.get(feature)![wanted] < 2;
  });
  expect(missed).toEqual([]);
  // Not only meant, but done.
  expect(totals.success / (totals.success + totals.failure + totals.dropped)).toBeGreaterThan(0.6);
  expect([...reasons].sort()).toEqual(dropReasonsMet);
  for (const [what, times] of Object.entries(done)) expect([what, times > 1]).toEqual([what, true]);
  expect([...ofBlocks].filter(([, times]) => times < 2)).toEqual([]);
});
