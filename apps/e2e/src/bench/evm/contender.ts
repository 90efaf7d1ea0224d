import type { Address, Hash32, Hex } from '@sheaf/primitives';

/** The state that a row runs on; nothing that a call does to it stays. */
export type World = ReadonlyMap<Address, WorldAccount>;

export interface WorldAccount {
  balance: bigint;
  nonce: bigint;
  code: Uint8Array;
  storage: ReadonlyMap<Hash32, Hash32>;
}

/** From the sender, without value, with `callGas`. */
export interface Call {
  to: Address;
  data: Uint8Array;
  /** Whether the caller takes what the call did (logs, accounts, slots), as a block does, or only its output, as eth_call. */
  takesEffects: boolean;
}

export interface Timed {
  elapsedNs: number;
  /** What the last call returned. */
  output: Hex;
  /** By the message, without a transaction's intrinsic gas and refund; unknown where the engine does not say. */
  gasUsed: bigint | undefined;
}

/** One engine over one world. */
export interface Session {
  /**
   * Makes the call `times` times, one after the other, each as a transaction of its own: access sets are cold but for
   * sender, callee and coinbase, and storage is as the world has it.
   * @throws BenchFault when it fails
   */
  time(call: Call, times: number): Promise<Timed>;
}

/** One column of the table. */
export interface Contender {
  name: string;
  /** Whether a single call can be timed: an engine behind HTTP is measured by the slope alone. */
  inProcess: boolean;
  open(world: World): Promise<Session>;
  /**
   * After the row's calls. @throws BenchFault when the engine did not run the row in the way which its column claims
   */
  verify(world: World): void;
  close(): Promise<void>;
}

/** More than any row takes, less than Anvil's limit. */
export const callGas = 25_000_000_000n;

/** The block that every engine sees. */
export const blockOfCalls = {
  number: 1n,
  timestamp: 1_800_000_000n,
  coinbase: `0x${'c0'.repeat(20)}` as Address,
  gasLimit: 30_000_000_000n,
};

export const sender = `0x${'5e'.repeat(20)}` as Address;
