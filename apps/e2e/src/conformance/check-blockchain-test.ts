import { receiptsRoot } from '@sheaf/ethereum';
import { createForkRules, importBlock, type BlockFault, type ImportBlockResult } from '@sheaf/state-transition';
import { ancestorHash, parentHashOf, type BlockchainTest, type ChainBlock } from './blockchain-test.ts';
import { isExpected, namesOfFault } from './exceptions.ts';
import type { SheafExecutor } from './sheaf-executor.ts';
import { differ, type Facts, type Observation } from './verdict.ts';
import { differWorlds, type World } from './world.ts';

/** Imports the blocks one after the other and compares each verdict, the last block and the state with the fixture. */
export function checkBlockchainTest(executor: SheafExecutor, test: BlockchainTest): Observation {
  const facts: Facts = {};
  const differences: string[] = [];
  if (test.pre.root() !== test.genesis.stateRoot)
    differences.push(differ('genesis state root', test.genesis.stateRoot, test.pre.root()));
  let head: ChainBlock = { header: test.genesis, hash: test.genesisHash, world: test.pre, parent: undefined };
  const chain = new Map([[head.hash, head]]);
  for (const [place, { rlp, exceptions }] of test.blocks.entries()) {
    const name = `blocks[${place}]`;
    // A block without a known parent is imported on the head, which refuses it for that.
    const parent = chain.get(parentHashOf(rlp) ?? head.hash) ?? head;
    const before = parent.world.root();
    const { result, world } = importOn(executor, test, parent, rlp);
    facts[name] = factOf(result);
    const difference = compareVerdict(result, exceptions);
    if (difference !== undefined) differences.push(`${name} ${difference}`);
    if (parent.world.root() !== before) differences.push(differ(`${name} state before`, before, parent.world.root()));
    if (result.status === 'valid') {
      head = { header: result.block.header, hash: result.hash, world: world ?? parent.world, parent };
      chain.set(head.hash, head);
    }
  }
  facts['lastblockhash'] = head.hash;
  if (head.hash !== test.lastBlockHash) differences.push(differ('lastblockhash', test.lastBlockHash, head.hash));
  differences.push(...compareState(head.world, test));
  return { executor: executor.name, differences, facts };
}

function importOn(
  executor: SheafExecutor,
  { fork, chainId, blobs }: BlockchainTest,
  parent: ChainBlock,
  rlp: Uint8Array,
): { result: ImportBlockResult; world: World | undefined } {
  let world: World | undefined;
  const blockHash = (number: bigint) => ancestorHash(parent, number);
  const result = importBlock(
    executor.evm(fork, chainId),
    createForkRules({ fork, chainId, ...(blobs && { blobs }) }),
    parent.world.host(blockHash),
    {
      rlp,
      parent: parent.header,
      blockHash,
      stateRoot: (changes) => (world = parent.world.apply(changes)).root(),
    },
  );
  if (result.status === 'valid') world = parent.world.apply(result.changes);
  return { result, world };
}

function compareVerdict(result: ImportBlockResult, exceptions: readonly string[]): string | undefined {
  const wanted = exceptions.join(' or ');
  if (result.status === 'missing') return differ('result', 'a verdict', 'a state that is not there');
  if (result.status === 'valid')
    return exceptions.length === 0 ? undefined : differ('expectException', wanted, 'a valid block');
  if (exceptions.length === 0) return differ('verdict', 'a valid block', describe(result.fault));
  return isExpected(namesOfFault(result.fault), exceptions)
    ? undefined
    : differ('expectException', wanted, describe(result.fault));
}

function compareState(world: World, { post, postRoot }: BlockchainTest): string[] {
  const root = post?.root() ?? postRoot;
  if (root === undefined || root === world.root()) return [];
  const accounts = post ? differWorlds(post, world) : [];
  return [differ(post ? 'postState' : 'postStateHash', root, world.root()), ...accounts.map((line) => `  ${line}`)];
}

function describe(fault: BlockFault): string {
  const where = fault.field === 'transactions' ? `transactions[${fault.index}] ${fault.reason}` : fault.field;
  return `${where} (${fault.message})`;
}

function factOf(result: ImportBlockResult): string {
  if (result.status === 'missing') return 'missing';
  if (result.status === 'invalid') return describe(result.fault);
  const gasUsed = result.receipts.at(-1)?.cumulativeGasUsed ?? 0n;
  return `${result.hash}, ${gasUsed} gas, receipts ${receiptsRoot(result.receipts)}`;
}
