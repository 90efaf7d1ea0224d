import type { Header } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';

/** What a random block is made from: the chain before it. */
export interface Head {
  parent: Header;
  /** Zero of everything when there is none. */
  account(address: Address): { nonce: bigint; balance: bigint; hasCode: boolean };
}
