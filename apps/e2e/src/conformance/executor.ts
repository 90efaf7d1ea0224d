import type { BlobSchedule, Log, TransactionFields } from '@sheaf/ethereum';
import type { BlockEnvironment, Fork } from '@sheaf/evm';
import type { Address, Hash32 } from '@sheaf/primitives';
import type { World } from './world.ts';

/** Where transactions run. */
export interface BlockSetting {
  fork: Fork;
  chainId: bigint;
  /** The state before the first of them. */
  world: World;
  environment: BlockEnvironment;
  /** Gas of all transactions together, when it is not the environment's gas limit. */
  gasMax?: bigint;
  /** What `environment.blobBaseFee` follows from. */
  excessBlobGas: bigint;
  /** `undefined`: mainnet's for the fork. */
  blobs: BlobSchedule | undefined;
  /** What BLOCKHASH sees. 32 bytes. */
  blockHash(number: bigint): Uint8Array | undefined;
}

/** What became of one transaction. */
export type Outcome =
  | {
      kind: 'included';
      success: boolean;
      /** After refunds. */
      gasUsed: bigint;
      output: Uint8Array;
      logs: readonly Log[];
    }
  | {
      kind: 'refused';
      /** In our own words. */
      reason: string;
      /** In those of execution-spec-tests; `undefined`: the executor does not tell. */
      names: readonly string[] | undefined;
    }
  /** Neither: the engine could not run it. */
  | { kind: 'stopped'; message: string };

/** Transactions one after the other on one state. */
export interface BlockRun {
  apply(transaction: TransactionFields, sender: Address): Outcome | Promise<Outcome>;
  stateRoot(): Hash32 | Promise<Hash32>;
  /** The state now, when the executor can list it. */
  world(): World | undefined;
}

/** Something that executes transactions. */
export interface Executor {
  /** As failures name it. */
  readonly name: string;
  start(setting: BlockSetting): BlockRun | Promise<BlockRun>;
  /** After it threw: forgets whatever may be in disorder. */
  reset(): void;
}
