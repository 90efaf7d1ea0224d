import { toHash32, zeroHash, type Address } from '@sheaf/primitives';
import type { BlockEnvironment, Fork } from '../../src/ports.ts';
import { coinbase, contracts, sender } from '../programs/addresses.ts';
import type { Scenario, WorldAccount } from './scenario.ts';

const block: BlockEnvironment = {
  coinbase,
  number: 1_000n,
  timestamp: 1_750_000_000n,
  prevRandao: toHash32(zeroHash),
  gasLimit: 30_000_000n,
  baseFeePerGas: 7n,
  blobBaseFee: 1n,
};

export interface Single {
  fork?: Fork;
  gas?: bigint;
  value?: bigint;
  data?: Uint8Array;
  /** Codes at the next contract addresses. */
  others?: Uint8Array[];
  /** The code is run as init code. */
  creates?: boolean;
}

export const account = (code: Uint8Array, balance = 100n): WorldAccount => ({
  nonce: 1n,
  balance,
  code,
  storage: new Map(),
});

/** A call of one code, with others beside it. */
export function single(code: Uint8Array, options: Single = {}): Scenario {
  const {
    fork = 'osaka',
    gas = 1_000_000n,
    value = 0n,
    data = new Uint8Array(0),
    others = [],
    creates = false,
  } = options;
  const world = new Map<Address, WorldAccount>([
    [sender, { ...account(new Uint8Array(0), 10n ** 18n), nonce: 7n }],
    [contracts[0]!, account(creates ? new Uint8Array(0) : code)],
  ]);
  others.forEach((other, place) => world.set(contracts[place + 1]!, account(other)));
  const message = { caller: sender, value, gas };
  return {
    fork,
    world,
    block,
    transaction: { origin: sender, gasPrice: 10n, blobVersionedHashes: [] },
    message: creates ? { ...message, to: undefined, data: code, nonce: 7n } : { ...message, to: contracts[0]!, data },
    warm: { addresses: [], slots: [] },
  };
}
