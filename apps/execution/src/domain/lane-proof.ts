import { bytesToHex, ChainError, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import { mergeTops, ownTops, readAccount, type AccountState, type StateAt } from '@sheaf/state';
import { keccak256, proveAccount, type MergedBuckets } from '@sheaf/trie';
import type { LaneReads, ReadLimits } from '../lane-ports.ts';
import type { Head } from '../ports.ts';

/** The upper levels of the state trie, which no member of a lane has alone. */
export interface UpperLevels {
  /** After the block, whose header says the root. @throws ChainError `DATA_LOSS` when it comes out another; as `LaneReads` does */
  at(block: Head, stateRoot: Hash32, own: StateAt, asker: ReadLimits): Promise<MergedBuckets>;
}

/** `kept`: of so many blocks for the next proofs. */
export function createUpperLevels(lane: LaneReads, kept: number): UpperLevels {
  const known = new Map<Hash32, MergedBuckets>();
  return {
    async at(block, stateRoot, own, asker) {
      const found = known.get(block.hash);
      if (found !== undefined) return found;
      const merged = mergeTops([ownTops(own), ...(await lane.tops(block, asker))]);
      if (bytesToHex(merged.root) !== stateRoot) {
        const message = `the members' states after block ${block.height} have root ${bytesToHex(merged.root)}, its header has ${stateRoot}`;
        throw new ChainError({ code: 'DATA_LOSS', message });
      }
      known.set(block.hash, merged);
      if (known.size > kept) known.delete(known.keys().next().value!);
      return merged;
    },
  };
}

/** The account with the nodes from the root to it, when it is here. */
export function proveOwn(
  merged: MergedBuckets,
  own: StateAt,
  address: Address,
): { account: AccountState; accountProof: Uint8Array[] } {
  const accountProof = proveAccount(merged, own, keccak256(hexToBytes(address)));
  return { account: readAccount(own, address), accountProof };
}
