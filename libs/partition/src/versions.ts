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

/** What the transaction adds to a balance, and the sum with all versions below it. */
export interface Credit extends Version {
  delta: bigint;
  sum: bigint;
}

/** `undefined`: zero. */
export interface SlotVersion extends Version {
  value: Uint8Array | undefined;
}

/** The number of versions below the position: the last of them is what it reads. */
export function countBelow(versions: readonly Version[], position: number): number {
  let count = versions.length;
  while (count > 0 && versions[count - 1]!.position >= position) count -= 1;
  return count;
}

/** The version that the position reads. */
export function latestBelow<V extends Version>(versions: readonly V[], position: number): V | undefined {
  return versions[countBelow(versions, position) - 1];
}

/** Puts it at its place; where the position has one already, in that one's. */
export function insert<V extends Version>(versions: V[], version: V): void {
  let at = versions.length;
  while (at > 0 && versions[at - 1]!.position > version.position) at -= 1;
  if (at > 0 && versions[at - 1]!.position === version.position) versions[at - 1] = version;
  else if (at === versions.length) versions.push(version);
  else versions.splice(at, 0, version);
}

/** Afterwards the position has none. */
export function withdraw<V extends Version>(versions: V[], position: number): void {
  for (let at = versions.length - 1; at >= 0; at--) {
    if (versions[at]!.position > position) continue;
    if (versions[at]!.position === position) versions.splice(at, 1);
    return;
  }
}

/** As `insert`, with the sums made right. */
export function insertCredit(credits: Credit[], credit: Credit): void {
  insert(credits, credit);
  addUp(credits, credit.position);
}

export function withdrawCredit(credits: Credit[], position: number): void {
  withdraw(credits, position);
  addUp(credits, position);
}

function addUp(credits: Credit[], from: number): void {
  let at = credits.length;
  while (at > 0 && credits[at - 1]!.position >= from) at -= 1;
  let sum = at === 0 ? 0n : credits[at - 1]!.sum;
  for (; at < credits.length; at++) {
    sum += credits[at]!.delta;
    credits[at]!.sum = sum;
  }
}
