import type { Address, Hash32 } from '@sheaf/primitives';
import type { BlockEnvironment, Fork, Message, TransactionEnvironment } from '../../src/ports.ts';

/** An account before the transaction. Storage without zeros; 32-byte words. */
export interface WorldAccount {
  nonce: bigint;
  balance: bigint;
  code: Uint8Array;
  storage: ReadonlyMap<Hash32, Hash32>;
}

export type World = ReadonlyMap<Address, WorldAccount>;

/** One message with all that it can depend on. */
export interface Scenario {
  fork: Fork;
  world: World;
  block: BlockEnvironment;
  transaction: TransactionEnvironment;
  /** From the transaction's sender, whose nonce is raised before it runs. */
  message: Message;
  /** What an access list would warm, besides the sender, the target, the coinbase and the precompiles. */
  warm: { addresses: Address[]; slots: [Address, Hash32][] };
}

export interface AccountState {
  nonce: bigint;
  balance: bigint;
  codeHash: Hash32;
}

/** All that a run can be seen by; the state after it as far as it has accounts. */
export interface Outcome {
  status: 'success' | 'revert' | 'halt';
  /** Why it halted, in the words of who ran it. */
  reason: string | undefined;
  output: string;
  gasLeft: bigint;
  refund: bigint;
  created: Address | undefined;
  logs: { address: string; topics: string[]; data: string }[];
  accounts: Record<Address, AccountState>;
  /** `address slot` to value; zeros are left out. */
  storage: Record<string, string>;
  createdAccounts: Address[];
  destroyedAccounts: Address[];
}
