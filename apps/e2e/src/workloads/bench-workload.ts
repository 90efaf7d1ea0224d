import type { UnsignedTransaction } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';
import type { GenesisAccount } from '@sheaf/protocol';
import { seededRandom, type Random } from '../random.ts';
import {
  placePool,
  placeRouter,
  placeToken,
  poolAt,
  routerAt,
  sellData,
  tokenAt,
  transferData,
} from './bench-contracts.ts';
import { createSigner, type Signer } from './keys.ts';
import { addressOfName } from './slots.ts';
import { workloadSpec, type Workload, type WorkloadBlock } from './workload.ts';

/** What a bench executes: each name a chain of its own. */
export const benchNames = ['transfers', 'erc20-one', 'erc20-20', 'pools-50', 'pool-hot'] as const;
export type BenchName = (typeof benchNames)[number];

export interface BenchOptions {
  seed: number;
  /** Without the warm-up. */
  blocks: number;
  /** Of each block; no account is in a block twice. */
  transactions: number;
  /** Of the block that nobody measures. */
  warmUpTransactions: number;
  /** Funded at genesis, each with a key; by default 20,000, of pools half, since each of their users has four slots. */
  accounts: number;
}

export const benchDefaults: Omit<BenchOptions, 'accounts'> = {
  seed: 1,
  blocks: 4,
  transactions: 5_000,
  warmUpTransactions: 1_000,
};
/** For each account that a transaction is about. */
const accountsEach = 10_000;

/** 5,000 swaps are two thirds of it: the base fee rises then, and falls with all else. */
const blockGasLimit = 1_000_000_000n;
const etherEach = 10_000n * 10n ** 18n;
/** No base fee gets there within 50 full blocks. */
const maxFeePerGas = 1_000n * 10n ** 9n;

/** One kind of transaction, between users of one group. Group g has the users whose number is g modulo their count. */
interface Scenario {
  groups: number;
  /** Accounts that a transaction is about. */
  users: 1 | 2;
  place(groups: readonly (readonly Address[])[]): (readonly [Address, GenesisAccount])[];
  message(
    random: Random,
    group: number,
    receiver: Address,
  ): Pick<UnsignedTransaction, 'to' | 'data' | 'value' | 'gasLimit'>;
}

const noData = new Uint8Array(0);
const scenarios: Record<BenchName, Scenario> = {
  transfers: {
    groups: 1,
    users: 2,
    place: () => [],
    message: (random, _, to) => ({ to, data: noData, value: amount(random, 10 ** 9), gasLimit: 21_000n }),
  },
  'erc20-one': tokens(1),
  'erc20-20': tokens(20),
  'pools-50': pools(50),
  'pool-hot': pools(1),
};

function tokens(groups: number): Scenario {
  return {
    groups,
    users: 2,
    place: (users) => users.map((holders, index) => placeToken(index, holders)),
    message: (random, group, to) => ({
      to: tokenAt(group),
      data: transferData(to, amount(random, 10 ** 9)),
      value: 0n,
      gasLimit: 100_000n,
    }),
  };
}

function pools(groups: number): Scenario {
  return {
    groups,
    users: 1,
    place: (users) => [placeRouter(), ...users.flatMap((traders, index) => placePool(index, traders))],
    message: (random, group) => ({
      to: routerAt,
      data: sellData(poolAt(group), random.oneIn(2), 1_000n + amount(random, 10 ** 9)),
      value: 0n,
      gasLimit: 300_000n,
    }),
  };
}

function amount(random: Random, end: number): bigint {
  return 1n + BigInt(random.below(end));
}

/**
 * The named workload. In a block every sender is another account, and every receiver too, so that transactions meet in
 * the contracts alone. `signer`: who signs, if not this process anew.
 * @throws RangeError when the accounts are too few
 */
export function benchWorkload(
  name: BenchName,
  options: Partial<BenchOptions> = {},
  signer: Signer = createSigner(),
): Workload {
  const scenario = scenarios[name];
  const { users: usersEach } = scenario;
  const { seed, blocks, transactions, warmUpTransactions, accounts } = {
    accounts: usersEach * accountsEach,
    ...benchDefaults,
    ...options,
  };
  if (usersEach * Math.max(transactions, warmUpTransactions) > accounts) {
    throw new RangeError(`accounts must be at least ${usersEach} a transaction, got ${accounts}`);
  }
  const users = Array.from({ length: accounts }, (_, account) => signer.address(account));
  const groups = Array.from({ length: scenario.groups }, (_, group) =>
    users.filter((_, account) => account % scenario.groups === group),
  );
  const funded = users.map((user): [Address, GenesisAccount] => [
    user,
    { balance: etherEach, nonce: 0n, code: noData, storage: new Map() },
  ]);
  const feeRecipient = addressOfName('fee recipient');
  const spec = workloadSpec(new Map([...funded, ...scenario.place(groups)]), blockGasLimit, feeRecipient);

  const random = seededRandom(seed, benchNames.indexOf(name));
  const nonces = new Uint32Array(accounts);
  const makeBlock = (count: number): WorkloadBlock => {
    const deal = dealer(random, accounts, scenario.groups);
    const block: WorkloadBlock = {
      transactions: [],
      senders: [],
      deposits: [],
      gasLimit: blockGasLimit,
      feeRecipient,
      seconds: 1n,
    };
    for (let i = 0; i < count; i++) {
      const { group, picked } = deal(usersEach);
      const sender = picked[0]!;
      const message = scenario.message(random, group, users[picked.at(-1)!]!);
      const nonce = BigInt(nonces[sender]!++);
      block.transactions.push(signer.sign(sender, { chainId: spec.chainId, nonce, ...fees(random), ...message }));
      block.senders.push(users[sender]);
    }
    return block;
  };
  return {
    name,
    spec,
    warmUp: makeBlock(warmUpTransactions),
    blocks: Array.from({ length: blocks }, () => makeBlock(transactions)),
  };
}

/** As wallets send them: most by EIP-1559, some legacy. */
function fees(
  random: Random,
): Pick<UnsignedTransaction, 'type' | 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas'> {
  const tip = BigInt(random.below(2_000_000_000));
  if (random.oneIn(10)) return { type: 0, gasPrice: maxFeePerGas };
  return { type: 2, maxFeePerGas, maxPriorityFeePerGas: tip };
}

/** Accounts of a group drawn evenly, none twice; from the next group when that one has too few left. */
function dealer(random: Random, accounts: number, groups: number) {
  const decks = Array.from({ length: groups }, (_, group) => {
    const size = Math.ceil((accounts - group) / groups);
    return Array.from({ length: size }, (_, i) => group + i * groups);
  });
  const draw = (deck: number[]): number => {
    const place = random.below(deck.length);
    const picked = deck[place]!;
    deck[place] = deck.at(-1)!;
    deck.pop();
    return picked;
  };
  return (count: number): { group: number; picked: number[] } => {
    const wanted = random.below(groups);
    for (let i = 0; i < groups; i++) {
      const group = (wanted + i) % groups;
      const deck = decks[group]!;
      if (deck.length >= count) return { group, picked: Array.from({ length: count }, () => draw(deck)) };
    }
    throw new RangeError('accounts must be more: a block has used up all groups');
  };
}
