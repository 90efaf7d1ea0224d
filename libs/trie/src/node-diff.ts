// What one commit did to the branches, in the order of (owner, position); both directions can be gone:
//
//   u48  owner (big-endian, as all of it)
//   u8   nibbles of the position, then one a byte
//   u8   0: the same children as before, of the same kinds, and the same extension
//          u16     children with another reference
//          32 ×    their references before
//          32 ×    their references afterwards
//        1: anything else
//          u16     bytes of the record before (0: there was none), then those
//          u16     bytes of the record afterwards (0: there is none), then those
import { ChainError } from '@sheaf/primitives';
import { countBits } from './branch-record.ts';
import type { TrieOwner } from './trie-source.ts';

/** One branch's part of a diff. Its arrays are views of the diff. */
export type NodeDiff = { owner: TrieOwner; position: Uint8Array } & (
  | { kind: 'references'; changed: number; before: Uint8Array; after: Uint8Array }
  | { kind: 'whole'; before: Uint8Array | undefined; after: Uint8Array | undefined }
);

/** Reads one entry; `end` is where the next begins. @throws ChainError `DATA_LOSS` when it is cut short or none */
export function readNodeDiff(diff: Uint8Array, at: number): { entry: NodeDiff; end: number } {
  const take = (count: number): Uint8Array => {
    if (at + count > diff.length) throw damaged('is cut short');
    return diff.subarray(at, (at += count));
  };
  const number = (count: number): number => take(count).reduce((sum, byte) => sum * 256 + byte, 0);
  const owner = number(6);
  const position = take(number(1));
  const kind = number(1);
  if (kind === 0) {
    const changed = number(2);
    const bytes = 32 * countBits(changed);
    const entry = { owner, position, kind: 'references', changed, before: take(bytes), after: take(bytes) } as const;
    return { entry, end: at };
  }
  if (kind !== 1) throw damaged(`has an entry of kind ${kind}`);
  const record = () => {
    const bytes = number(2);
    return bytes === 0 ? undefined : take(bytes);
  };
  return { entry: { owner, position, kind: 'whole', before: record(), after: record() }, end: at };
}

/**
 * The record on the other side of the entry: from `record`, which is the one that `from` is not.
 * @throws ChainError `DATA_LOSS` when a record that is needed is missing or has other children
 */
export function followNodeDiff(
  entry: NodeDiff,
  to: 'before' | 'after',
  record: Uint8Array | undefined,
): Uint8Array | undefined {
  if (entry.kind === 'whole') return entry[to];
  if (record === undefined) throw damaged('is of a branch that is missing');
  const masks = 1 + ((record[0]! + 1) >> 1);
  const present = (record[masks]! << 8) | record[masks + 1]!;
  if ((entry.changed & ~present) !== 0) throw damaged('is of a branch with other children');
  const patched = record.slice();
  const references = entry[to];
  let from = 0;
  for (let nibble = 0, place = masks + 6; nibble < 16; nibble++) {
    if ((present & (1 << nibble)) === 0) continue;
    if ((entry.changed & (1 << nibble)) !== 0) {
      patched.set(references.subarray(from, from + 32), place);
      from += 32;
    }
    place += 32;
  }
  return patched;
}

function damaged(what: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `a node diff ${what}` });
}
