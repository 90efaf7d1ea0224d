import type { Deposit } from '@sheaf/protocol';
import type { Address } from '@sheaf/primitives';
import type { Random } from '../../random.ts';
import type { WorkloadBlock } from '../workload.ts';
import { Draft } from './draft.ts';
import type { BlockFeature, Feature } from './features.ts';
import type { Head } from './head.ts';
import { invalid } from './invalid.ts';
import * as scenarios from './scenarios.ts';
import { setCode } from './set-code.ts';
import type { RandomWorld } from './world.ts';

/** A block with what it was made to do. */
export interface RandomBlock extends WorkloadBlock {
  /** One set a transaction. */
  features: ReadonlySet<Feature>[];
  blockFeatures: ReadonlySet<BlockFeature>;
}

/** With the longest scenario begun last, a block has 60. */
const transactionCounts = { min: 5, max: 50 };
const transferGas = 21_000n;

/** Weights of the scenarios in a block of a mood. */
type Mood = readonly (readonly [weight: number, scenario: scenarios.Scenario])[];
const { transfer, transferChain, burst, hotCounter, hotPool, program, deepCall, outOfGas } = scenarios;
const { createTransaction, create2Collision, selfDestructNew, selfDestructOld, coinbaseGame } = scenarios;
const { delegatedCall, refund, transient, request, notAnEoa } = scenarios;
const mixed: Mood = [
  [6, transfer],
  [2, transferChain],
  [2, burst],
  [4, hotCounter],
  [4, hotPool],
  [8, program],
  [4, deepCall],
  [2, outOfGas],
  [2, createTransaction],
  [2, create2Collision],
  [2, selfDestructNew],
  [2, selfDestructOld],
  [2, coinbaseGame],
  [2, setCode],
  [2, delegatedCall],
  [1, refund],
  [1, transient],
  [2, request],
  [1, notAnEoa],
  [4, invalid],
];
/** Half of the blocks are mixed; the others have much of one thing, so that it meets itself. */
const moods: readonly Mood[] = [
  [
    [1, transfer],
    [2, transferChain],
    [1, burst],
  ],
  [
    [3, hotCounter],
    [3, hotPool],
    [1, program],
  ],
  [
    [3, program],
    [3, deepCall],
    [1, outOfGas],
    [1, transient],
  ],
  [
    [3, createTransaction],
    [3, create2Collision],
    [3, selfDestructNew],
    [1, transfer],
  ],
  [
    [4, setCode],
    [4, delegatedCall],
    [1, transfer],
    [1, invalid],
  ],
  [
    [4, coinbaseGame],
    [2, selfDestructOld],
    [2, transfer],
    [1, program],
  ],
];

/**
 * A block that comes after `head`, of 5 to 60 transactions. The same numbers, world and head give the same block. What is said of nonces holds if all goes as it should: where it does
 * not, what follows is dropped, and that is wanted too.
 */
export function randomBlock(random: Random, world: RandomWorld, head: Head): RandomBlock {
  const blockFeatures = new Set<BlockFeature>();
  const coinbase = pickCoinbase(random, world, blockFeatures);
  const draft = new Draft(random, world, head, coinbase);
  const { min, max } = transactionCounts;
  const gasLimit = chooseGasLimit(draft, blockFeatures);
  const more = min + random.below(random.oneIn(2) ? max - min + 1 : 16);
  const count = Math.min(draft.transactions.length + more, max);
  const mood = random.oneIn(2) ? mixed : draft.pick(moods);
  while (draft.transactions.length < count) choose(random, mood)(draft);
  const deposits = makeDeposits(draft, blockFeatures);
  const seconds = draft.pick([0n, 1n, 12n]);
  if (seconds === 0n) blockFeatures.add('same-second');
  const { transactions, senders, features } = draft;
  return { transactions, senders, deposits, gasLimit, feeRecipient: coinbase, seconds, features, blockFeatures };
}

function choose(random: Random, mood: Mood): scenarios.Scenario {
  let left = random.below(mood.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, scenario] of mood) {
    if (left < weight) return scenario;
    left -= weight;
  }
  throw new Error('weights are whole numbers');
}

function pickCoinbase(random: Random, world: RandomWorld, features: Set<BlockFeature>): Address {
  const { actors, contracts, strangers, spec } = world;
  const kind = random.below(6);
  if (kind === 0) {
    features.add('coinbase-actor');
    return actors[random.below(actors.length)]!.address;
  }
  if (kind === 1) {
    features.add('coinbase-contract');
    return contracts[random.below(contracts.length)]!;
  }
  if (kind === 2) {
    features.add('coinbase-fresh');
    return strangers[random.below(strangers.length)]!;
  }
  return spec.feeRecipient;
}

/**
 * Usually room for all. Sometimes so little that not all fit: after some plain transfers, which are added here, exactly
 * one more fits, or one lacks a single unit.
 */
function chooseGasLimit(draft: Draft, features: Set<BlockFeature>): bigint {
  const { random, world } = draft;
  const { gasLimit } = world.spec.genesis;
  if (!random.oneIn(5)) return gasLimit;
  features.add('gas-limit-edge');
  if (random.oneIn(2)) return 1_600_000n + BigInt(random.below(5_000_000));
  const fitting = 2 + random.below(8);
  const to = world.spec.feeRecipient;
  for (let i = 0; i < fitting + 2; i++)
    draft.send(draft.actor(), { type: 2, accessList: [], to, value: 1n, gasLimit: transferGas }, ['transfer']);
  return transferGas * BigInt(fitting) + draft.pick([-1n, 0n, 1n, transferGas - 1n, transferGas]);
}

function makeDeposits(draft: Draft, features: Set<BlockFeature>): Deposit[] {
  const { random, world, coinbase, head } = draft;
  if (random.oneIn(3)) return [];
  return Array.from({ length: 1 + random.below(4) }, (_, i) => {
    const [feature, address] = draft.pick<readonly [BlockFeature, Address]>([
      ['withdrawal-fresh', draft.freshAddress()],
      ['withdrawal-old', draft.pick(world.actors).address],
      ['withdrawal-contract', draft.pick(world.contracts)],
      ['withdrawal-coinbase', coinbase],
    ]);
    features.add(feature);
    const amountGwei = random.oneIn(4) ? 0n : BigInt(1 + random.below(10 ** 9));
    if (amountGwei === 0n) features.add('withdrawal-zero');
    return { index: head.parent.number * 4n + BigInt(i), validatorIndex: BigInt(random.below(9)), address, amountGwei };
  });
}
