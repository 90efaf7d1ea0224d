import type { Header } from '@sheaf/ethereum';
import type { Hash32 } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import type { StateChanges } from './ports.ts';

/** Block 0 and its whole state, the fork's system contracts (EIP-4788, 2935, 7002, 7251) added where the alloc lacks them. */
export async function genesis(
  _spec: ChainSpec,
): Promise<{ header: Header; hash: Hash32; rlp: Uint8Array; changes: StateChanges }> {
  throw new Error('not yet');
}
