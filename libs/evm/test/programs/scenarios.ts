import fc from 'fast-check';
import { bigintToFixedBytes, concatBytes, hexToBytes, toHash32, type Address, type Hash32 } from '@sheaf/primitives';
import type { BlockEnvironment, Fork, Message, TransactionEnvironment } from '../../src/ports.ts';
import type { Scenario, WorldAccount } from '../support/scenario.ts';
import { coinbase, contracts, contractsMax, delegators, nobody, precompiles, sender, someone } from './addresses.ts';
import type { Program } from './ast.ts';
import { compile, type PlannedCreation } from './compile.ts';
import { createAddress } from './create-address.ts';
import { program } from './statements.ts';
import { bytes, seldom, slot, slotValue, word } from './words.ts';

export const forks: Fork[] = ['cancun', 'prague', 'osaka'];

/** What fast-check draws: small and shrinkable. `toScenario` makes the whole of it. */
export interface Plan {
  fork: Fork;
  programs: Program[];
  /** In place of the first program: bytes of no meaning. */
  garbage: Uint8Array | undefined;
  storages: [bigint, bigint][][];
  balances: bigint[];
  /** The first contract has the last nonce there is: it can create nothing (EIP-2681). */
  exhausted: boolean;
  /** What the delegators point to. */
  delegates: Address[];
  /** Delegators have a delegation; without, they have no code. */
  delegated: boolean;
  /** Accounts put where creations will be. */
  collisions: { creator: number; which: number; has: 'nonce' | 'code' | 'storage' | 'balance' }[];
  to: 'contract' | 'delegator' | 'create' | 'other';
  other: Address;
  value: bigint;
  data: bigint[];
  tail: Uint8Array;
  gas: bigint;
  warmContracts: number;
  warmSlots: bigint[];
  /** An account without anything, which a touch removes (EIP-161). */
  hollow: boolean;
}

const gas: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 200_000n, max: 1_200_000n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 200_000n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1_200_000n, max: 4_000_000n }) },
);

const storage = fc.uniqueArray(fc.tuple(slot, slotValue), { maxLength: 5, selector: ([key]) => key });

export const plan: fc.Arbitrary<Plan> = fc.record({
  fork: fc.constantFrom(...forks),
  programs: fc.array(program, { minLength: 1, maxLength: contractsMax }),
  garbage: seldom(fc.oneof(fc.uint8Array({ maxLength: 200 }), bytes(200)), 20),
  storages: fc.array(storage, { maxLength: contractsMax }),
  balances: fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { maxLength: contractsMax }),
  exhausted: fc.nat(40).map((n) => n === 1),
  delegates: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...contracts) },
      { weight: 1, arbitrary: fc.constantFrom(...delegators, ...precompiles.slice(0, 4), nobody, someone) },
    ),
    { minLength: delegators.length, maxLength: delegators.length },
  ),
  delegated: fc.nat(4).map((n) => n !== 1),
  collisions: fc.array(
    fc.record({
      creator: fc.nat(contractsMax - 1),
      which: fc.nat(3),
      has: fc.constantFrom('nonce', 'code', 'storage', 'balance'),
    }),
    { maxLength: 2 },
  ),
  to: fc.oneof(
    { weight: 12, arbitrary: fc.constant('contract' as const) },
    fc.constantFrom('delegator' as const, 'create' as const, 'other' as const),
  ),
  other: fc.constantFrom(nobody, someone, ...precompiles),
  value: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 500n })),
  data: fc.array(word, { maxLength: 6 }),
  tail: fc.uint8Array({ maxLength: 31 }),
  gas,
  warmContracts: fc.nat(3),
  warmSlots: fc.array(slot, { maxLength: 3 }),
  hollow: fc.nat(9).map((n) => n === 1),
});

const block: BlockEnvironment = {
  coinbase,
  number: 1_000n,
  timestamp: 1_750_000_000n,
  prevRandao: toHash32(word32(2n ** 255n + 12_345n)),
  gasLimit: 30_000_000n,
  baseFeePerGas: 7n,
  blobBaseFee: 3n,
};

const transaction: TransactionEnvironment = {
  origin: sender,
  gasPrice: 9n,
  blobVersionedHashes: [1n, 2n].map((n) => toHash32(word32(2n ** 248n + n))),
};

const senderNonce = 5n;
const contractNonce = 1n;
const lastNonce = 2n ** 64n - 1n;
const nothing = { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: new Map<Hash32, Hash32>() };

export function toScenario(drawn: Plan): Scenario {
  const compiled = drawn.programs.map((one) => compile(one));
  if (drawn.garbage !== undefined) compiled[0] = { code: harmlessStart(drawn.garbage), creations: [] };
  const world = new Map<Address, WorldAccount>();
  world.set(sender, { ...nothing, nonce: senderNonce, balance: 10n ** 18n });
  world.set(someone, { ...nothing, balance: 1n });
  if (drawn.hollow) world.set(contracts[contractsMax - 1]!, nothing);
  compiled.forEach(({ code }, place) => {
    world.set(contracts[place]!, {
      nonce: drawn.exhausted && place === 0 ? lastNonce : contractNonce,
      balance: drawn.balances[place] ?? 0n,
      code,
      storage: new Map(
        (drawn.storages[place] ?? [])
          .filter(([, value]) => value !== 0n)
          .map(([key, value]) => [toHash32(word32(key)), toHash32(word32(value))]),
      ),
    });
  });
  delegators.forEach((address, place) => {
    const code = concatBytes(Uint8Array.of(0xef, 0x01, 0x00), hexToBytes(drawn.delegates[place]!));
    world.set(address, { ...nothing, nonce: 1n, balance: 3n, code: drawn.delegated ? code : nothing.code });
  });
  addCollisions(
    drawn,
    compiled.map(({ creations }) => creations),
    world,
  );
  return {
    fork: drawn.fork,
    world,
    block,
    transaction,
    message: messageOf(drawn, compiled[0]!.code),
    warm: {
      addresses: contracts.slice(0, drawn.warmContracts),
      slots: drawn.warmSlots.map((key) => [contracts[0]!, toHash32(word32(key))]),
    },
  };
}

function messageOf(drawn: Plan, initCode: Uint8Array): Message {
  const data = concatBytes(...drawn.data.map(word32), drawn.tail);
  const message = { caller: sender, value: drawn.value, gas: drawn.gas };
  switch (drawn.to) {
    case 'contract':
      return { ...message, to: contracts[0]!, data };
    case 'delegator':
      return { ...message, to: delegators[0]!, data };
    case 'other':
      return { ...message, to: drawn.other, data };
    case 'create':
      return { ...message, to: undefined, data: initCode, nonce: senderNonce };
  }
}

function addCollisions(drawn: Plan, creations: PlannedCreation[][], world: Map<Address, WorldAccount>): void {
  for (const { creator, which, has } of drawn.collisions) {
    const planned = creations[creator]?.[which];
    if (planned === undefined) continue;
    const address = createAddress(contracts[creator]!, planned, contractNonce + BigInt(which));
    world.set(address, {
      ...nothing,
      balance: 1n,
      ...(has === 'nonce' ? { nonce: 1n } : {}),
      ...(has === 'code' ? { code: Uint8Array.of(0x00) } : {}),
      ...(has === 'storage' ? { storage: new Map([[toHash32(word32(0n)), toHash32(word32(1n))]]) } : {}),
    });
  }
}

/**
 * Code that begins with EF cannot be deployed since London (EIP-3541), and the oracle takes EF00 for the object format
 * that no fork here has.
 */
function harmlessStart(code: Uint8Array): Uint8Array {
  return code[0] === 0xef ? code.with(0, 0xee) : code;
}

function word32(value: bigint): Uint8Array {
  return bigintToFixedBytes(value, 32);
}
