import { createEvm } from '@sheaf/evm';
import { joinAccessLists, type Decision } from '@sheaf/partition';
import { payloadHash } from '@sheaf/protocol';
import { decodeAccessList, encodeAccessList } from '@sheaf/state';
import { bytesToHex } from '@sheaf/primitives';
import { createForkRules, genesis, taskOfPayload, type ExecutePayloadResult } from '@sheaf/state-transition';
import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../random.ts';
import { openMemoryChain } from '../../workloads/memory-chain.ts';
import { randomBlock } from '../../workloads/random/random-block.ts';
import { randomWorld } from '../../workloads/random/world.ts';
import { SoakFault } from '../suite.ts';
import { Garbler } from './garbler.ts';
import { openOracleChain } from './oracle.ts';
import { Simulation, type SimulationCounts, type SimulationManners } from './simulation.ts';

/** What a seed decides beside the blocks themselves. */
export interface SeedPlan {
  members: number;
  blocks: number;
  manners: SimulationManners;
  /** The member that sends garbage; -1: none. */
  garbler: number;
  /** Whether @ethereumjs/vm is asked as well. */
  oracle: boolean;
}

export interface SeedReport {
  plan: SeedPlan;
  counts: SimulationCounts;
  transactions: number;
  messages: number;
  bytes: number;
  damaged: number;
  /** Blocks that @ethereumjs/vm was asked about. */
  oracleBlocks: number;
}

const world = randomWorld();
const start = genesis(world.spec);
/** All simulations share it, as members in one process may. */
const rules = createForkRules(world.spec);
const evm = createEvm({ fork: world.spec.fork, chainId: world.spec.chainId });
const membersMax = 16;
const garbagePerBlock = 2;

export function planOf(seed: number): SeedPlan {
  const random = seededRandom(seed, 0);
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  // Small lanes more often: each of their members does more.
  const members = 1 + random.below(pick([2, 4, 8, membersMax]));
  return {
    members,
    blocks: 1 + random.below(5),
    manners: {
      reorder: pick([1, 4, 32, 1_024]),
      duplicateOneIn: pick([0, 2, 10]),
      lateOneIn: pick([0, 0, 4, 30]),
      crashesPerBlock: pick([0, 1, 1, 3]),
      coordinatorShare: pick([0, 0.3, 1]),
      slow: random.oneIn(3) ? random.below(members) : -1,
    },
    garbler: members > 1 && random.oneIn(4) ? random.below(members) : -1,
    oracle: random.oneIn(10),
  };
}

/**
 * Some random blocks on a lane, each compared with the sequential one. The same seed does the same.
 * @throws SoakFault when anything is otherwise
 */
export async function runSeed(seed: number, plan = planOf(seed)): Promise<SeedReport> {
  const { members, blocks, manners } = plan;
  const random = seededRandom(seed, 1);
  const garbler = plan.garbler < 0 ? undefined : new Garbler(seededRandom(seed, 2), plan.garbler, 1 + random.below(20));
  const atGenesis = await start;
  const chain = await openMemoryChain(world.spec);
  const oracle = plan.oracle ? await openOracleChain(world.spec, atGenesis) : undefined;
  const simulation = new Simulation({
    members,
    random,
    manners,
    rules,
    evm,
    genesis: atGenesis,
    ...(garbler && { garbler }),
  });
  let transactions = 0;
  for (let i = 0; i < blocks; i++) {
    const block = randomBlock(seededRandom(seed, 3, i), world, chain.head());
    const payload = chain.payload(block);
    // Sometimes nobody has recovered the senders before.
    const senders = random.oneIn(8) ? undefined : block.senders;
    const input = {
      payload,
      payloadHash: payloadHash(payload),
      parent: chain.header(),
      ancestors: chain.ancestors(),
      ...(senders && { senders }),
    };
    const expected = await chain.execute(payload, senders);
    garbler?.allow(random.below(2 * garbagePerBlock + 1));
    simulation.run(taskOfPayload(rules, input), (decision) => compare(decision, expected));
    const said = await oracle?.difference(expected.block);
    if (said !== undefined) throw new SoakFault(`block ${payload.height}: ${said}`);
    transactions += payload.transactions.length;
  }
  simulation.finish();
  simulation.checkFresh(random.below(members));
  const { sent, bytes } = simulation.network;
  const damaged = [...(garbler?.counts.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const oracleBlocks = oracle === undefined ? 0 : blocks;
  return { plan, counts: simulation.counts, transactions, messages: sent, bytes, damaged, oracleBlocks };
}

/** @throws SoakFault naming what the lane's block has otherwise than the sequential one */
function compare({ whole, ancestorsRead, header }: Decision, expected: ExecutePayloadResult): void {
  const { block, accessLists, codeReads } = whole!;
  const height = expected.block.header.number;
  const list = joinAccessLists(
    accessLists.map((part) => decodeAccessList(part)),
    codeReads,
  );
  const pairs: [what: string, got: unknown, wanted: unknown][] = [
    ['list of what was dropped', block.dropped, expected.block.dropped],
    ['receipts', block.receipts, expected.block.receipts],
    ['access list', bytesToHex(encodeAccessList(list)), bytesToHex(encodeAccessList(expected.accessList))],
    ['header', block.header, expected.block.header],
    ['header for members', header, expected.block.header],
    ['hash', block.hash, expected.block.hash],
    ['bytes', bytesToHex(block.rlp), bytesToHex(expected.block.rlp)],
    ['count of ancestors read', ancestorsRead, expected.headers.length],
  ];
  const wrong = pairs.find(([, got, wanted]) => !isDeepStrictEqual(got, wanted));
  if (wrong === undefined) return;
  throw new SoakFault(
    `block ${height} has another ${wrong[0]} than the sequential one: ${firstDifference(wrong[1], wrong[2])}`,
  );
}

/** Where two values part, for people. */
function firstDifference(got: unknown, wanted: unknown, at = ''): string {
  if (isObject(got) && isObject(wanted)) {
    for (const key of new Set([...Object.keys(got), ...Object.keys(wanted)])) {
      if (!isDeepStrictEqual(got[key], wanted[key])) return firstDifference(got[key], wanted[key], `${at}.${key}`);
    }
  }
  if (typeof got === 'string' && typeof wanted === 'string' && got.length > 80) {
    let from = 0;
    while (got[from] === wanted[from]) from += 1;
    const cut = (text: string) => text.slice(Math.max(0, from - 60), from + 20);
    return `${at} at ${from}: …${cut(got)}… where …${cut(wanted)}… should be`;
  }
  return `${at} is ${String(got)}, not ${String(wanted)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
