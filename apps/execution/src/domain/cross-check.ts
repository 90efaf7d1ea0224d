import type { Hash32 } from '@sheaf/primitives';

/** Announcements that are ahead of this lane, until it is there. */
const aheadMax = 256;

/** Compares what other lanes announce with what this one has. */
export interface CrossCheck {
  announced(height: bigint, hash: Hash32): void;
  /** This lane has the block of the height now. */
  executed(height: bigint): void;
}

export function createCrossCheck(deps: {
  /** `undefined`: this lane is not there yet. */
  hashAt(height: bigint): Hash32 | undefined;
  onDivergence(height: bigint, own: Hash32, other: Hash32): void;
}): CrossCheck {
  const ahead = new Map<bigint, Set<Hash32>>();
  const compare = (height: bigint, other: Hash32, own: Hash32) => {
    if (own !== other) deps.onDivergence(height, own, other);
  };
  return {
    announced(height, hash) {
      const own = deps.hashAt(height);
      if (own !== undefined) return compare(height, hash, own);
      const known = ahead.get(height);
      if (known !== undefined) known.add(hash);
      else if (ahead.size < aheadMax) ahead.set(height, new Set([hash]));
    },
    executed(height) {
      const hashes = ahead.get(height);
      ahead.delete(height);
      const own = hashes && deps.hashAt(height);
      for (const hash of hashes ?? []) if (own !== undefined) compare(height, hash, own);
    },
  };
}
