import type { Hash32 } from '@sheaf/primitives';

/** One account that a block leaves other than it found it. */
export interface AccountChange {
  /** 20 bytes. */
  address: Uint8Array;
  /** As it is after the block; `undefined`: there is none. */
  account: { nonce: bigint; balance: bigint; codeHash: Uint8Array } | undefined;
  /** Its slots of before the block are gone: `slots` is its whole storage. */
  storageWiped: boolean;
  /** Slots that differ from before the block (from zero when wiped), in no order. 32 bytes each; zero: not set. */
  slots: { slot: Uint8Array; value: Uint8Array }[];
}

/** All that a block changes in the state: the difference between after and before, whatever happened in between. */
export interface BlockChanges {
  /** In no order, each address once. */
  accounts: AccountChange[];
  /** Codes that accounts above have anew, by their hash. */
  codes: Map<Hash32, Uint8Array>;
}
