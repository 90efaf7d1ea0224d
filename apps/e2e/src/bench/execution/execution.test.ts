// Goal: whatever the bench measures makes the same blocks, on this disk: it would throw otherwise.
// Method: few transactions on one member, on accounted lanes, and on the peer; one of mainnet's blocks when they are there.
import { createEvm, warmPrecompiles } from '@sheaf/evm';
import { Experience } from '@sheaf/partition';
import { ownClock } from '../clock.ts';
import { workloadCase, type BenchCase } from './bench-case.ts';
import { findMainnetBlocks, mainnetCase } from './mainnet-cases.ts';
import { PeerChain } from './peer.ts';
import { SequentialChain } from './sequential.ts';
import { StoreFolder } from './store.ts';
import { VirtualLane } from './virtual-lane.ts';

const clock = ownClock('wall');
let folder: StoreFolder;
beforeAll(() => warmPrecompiles({ pointEvaluation: false }));
beforeEach(() => void (folder = new StoreFolder()));
afterEach(() => folder.close());

async function executeEverywhere(each: BenchCase, members: readonly number[]): Promise<void> {
  const alone = new SequentialChain(folder.next(), each);
  for (const block of each.blocks) await alone.execute(block);
  await alone.close();
  for (const count of members) {
    const evm = createEvm({ fork: each.spec.fork, chainId: each.spec.chainId });
    const experiences = Array.from({ length: count }, () => new Experience(count));
    const lane = new VirtualLane(count, each, { clock, evm, experiences, dataDir: () => folder.next() });
    for (const block of each.blocks) {
      const account = lane.execute(block);
      expect(account.cpuMs).toHaveLength(count);
      expect(account.criticalMs).toBeGreaterThanOrEqual(Math.max(...account.cpuMs));
      expect(account.criticalMs).toBeGreaterThanOrEqual(account.headMs);
      expect(account.messages > 0).toBe(count > 1);
      lane.maintain();
    }
    await lane.close();
  }
  const peer = await PeerChain.open(each);
  for (const block of each.blocks) expect(await peer.execute(block, clock)).toBeGreaterThan(0);
}

test('a workload', async () => {
  const each = await workloadCase('erc20-20', { blocks: 1, transactions: 40, warmUpTransactions: 20, accounts: 120 });
  expect(each.blocks.map(({ included }) => included.length)).toEqual([20, 40]);
  await executeEverywhere(each, [1, 3]);
});

test('another block than the right one is no figure', async () => {
  const each = await workloadCase('transfers', { blocks: 0, transactions: 1, warmUpTransactions: 4, accounts: 8 });
  const alone = new SequentialChain(folder.next(), each);
  const [block] = each.blocks;
  await expect(alone.execute({ ...block!, hash: `0x${'11'.repeat(32)}` })).rejects.toThrow('is right');
  await alone.close();
  const peer = await PeerChain.open(each);
  const wrong = { ...block!, header: { ...block!.header, gasUsed: 1n } };
  await expect(peer.execute(wrong, clock)).rejects.toThrow('gasUsed');
});

const files = mainnetFiles();
(files.length > 0 ? test : test.skip)('a block of mainnet', async () => {
  const each = await mainnetCase(files.find((file) => file.includes('19933122'))!);
  // One of 45 has blobs.
  expect(each!.blocks[0]).toMatchObject({ dropped: 1 });
  await executeEverywhere(each!, [2]);
});

function mainnetFiles(): string[] {
  try {
    return findMainnetBlocks();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn(`skipped: ${(error as Error).message}`);
    return [];
  }
}
