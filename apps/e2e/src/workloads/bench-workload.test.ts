// Goal: a bench measures what it says: real transactions, nearly all of which succeed, of accounts that meet in contracts alone.
// Method: small blocks of every workload on the sequential engine, with and without known senders.
import { decodeTransaction } from '@sheaf/ethereum';
import { benchNames, benchWorkload } from './bench-workload.ts';
import { openMemoryChain } from './memory-chain.ts';

const small = { blocks: 2, transactions: 150, warmUpTransactions: 40, accounts: 900 };

test.each(benchNames)('%s: everything succeeds, senders are who they are said to be', async (name) => {
  const { spec, warmUp, blocks } = benchWorkload(name, small);
  expect(blocks).toHaveLength(small.blocks);
  const chain = await openMemoryChain(spec);
  const baseFees = new Set<bigint>();
  for (const [index, block] of [warmUp, ...blocks].entries()) {
    const payload = chain.payload(block);
    baseFees.add(payload.baseFeePerGas);
    // The last without: recovered from the signatures.
    const known = index < small.blocks ? block.senders : undefined;
    const { block: executed } = await chain.execute(payload, known);
    expect(executed.dropped).toEqual([]);
    expect(executed.receipts.map(({ sender }) => sender)).toEqual(block.senders);
    expect(executed.receipts.filter(({ status }) => !status)).toEqual([]);
    expect(executed.receipts).toHaveLength(index === 0 ? small.warmUpTransactions : small.transactions);
    expect(new Set(block.senders).size).toBe(block.senders.length);
    const logs = { transfers: 0, 'erc20-one': 1, 'erc20-20': 1, 'pools-50': 4, 'pool-hot': 4 }[name];
    expect(executed.receipts.every((receipt) => receipt.logs.length === logs)).toBe(true);
    const targets = new Set(block.transactions.map((raw) => decodeTransaction(raw).to));
    const contracts = new Set(
      executed.receipts.flatMap((receipt) => receipt.logs.list().map(({ address }) => address)),
    );
    if (name === 'transfers') expect(targets.size).toBe(block.transactions.length);
    else if (index > 0)
      expect(contracts.size).toBeGreaterThan({ 'erc20-one': 0, 'erc20-20': 15, 'pools-50': 100, 'pool-hot': 2 }[name]);
  }
  expect(baseFees.size).toBe(small.blocks + 1);
});

test('a seed gives the same bytes again, another one others', () => {
  const draw = (seed: number) => benchWorkload('pools-50', { ...small, seed, blocks: 1 }).blocks[0]!.transactions;
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
});

test('too few accounts are refused', () => {
  expect(() => benchWorkload('transfers', { ...small, accounts: 299 })).toThrow(
    'accounts must be at least 2 a transaction',
  );
});
