// What transactions left of one key, by their positions in the block. A transaction reads the latest version below its own.

/** One transaction's value. */
export interface Version {
  position: number;
  /** Round in which it was made; -1: another member's. */
  round: number;
}

/** As the account's code is after the transaction. */
export interface CodeVersion extends Version {
  codeHash: Uint8Array;
  /** The code itself. */
  code: Uint8Array | undefined;
  /** Whatever storage there was is gone: created, or destroyed. */
  wipes: boolean;
}

export interface NonceVersion extends Version {
  nonce: bigint;
}

/** `undefined`: zero. */
export interface SlotVersion extends Version {
  value: Uint8Array | undefined;
}

/** Mostly a position comes after nearly all others. */
const lookedAtFirst = 4;

/** The number of versions below the position: the last of them is what it reads. */
export function countBelow(versions: readonly Version[], position: number): number {
  let count = versions.length;
  for (let tries = 0; tries < lookedAtFirst; tries++) {
    if (count === 0 || versions[count - 1]!.position < position) return count;
    count -= 1;
  }
  let low = 0;
  while (low < count) {
    const middle = (low + count) >> 1;
    if (versions[middle]!.position < position) low = middle + 1;
    else count = middle;
  }
  return low;
}

/** The version that the position reads. */
export function latestBelow<V extends Version>(versions: readonly V[], position: number): V | undefined {
  return versions[countBelow(versions, position) - 1];
}

/** No versions, of any key: whoever inserts goes on with another list. */
export const noVersions: never[] = [];

/**
 * Puts it at its place; where the position has one already, in that one's. The list from now on: most keys get one version, and a
 * list that grows by itself has room for many.
 */
export function insert<V extends Version>(versions: V[], version: V): V[] {
  if (versions.length === 0) return [version];
  const at = countBelow(versions, version.position);
  if (at === versions.length) versions.push(version);
  else if (versions[at]!.position === version.position) versions[at] = version;
  else versions.splice(at, 0, version);
  return versions;
}

/** Afterwards the position has none. */
export function withdraw(versions: Version[], position: number): void {
  const at = countBelow(versions, position);
  if (versions[at]?.position === position) versions.splice(at, 1);
}

/** Afterwards none of another member is here. Whether there was one. */
export function dropForeign(versions: Version[]): boolean {
  if (versions.length === 0) return false;
  let kept = 0;
  for (const version of versions) if (version.round >= 0) versions[kept++] = version;
  const dropped = kept < versions.length;
  versions.length = kept;
  return dropped;
}
