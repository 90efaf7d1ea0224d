// What suffices to execute one block with no other state: of the account trie and of each storage that the block touches
// the nodes on the way to what it read and wrote, and those that a deletion needs, in the compact form of libs/trie (no
// hash of anything that is there); and the codes that it read.
//
//   RLP of [account trie, [[account key, storage trie]…] by rising key, [code…] by rising hash]
import { ChainError, compareBytes, decodeRlp, encodeRlp, hexToBytes, limits, type RlpItem } from '@sheaf/primitives';
import type { AccessList } from './access-list.ts';
import type { StateAt } from './state-at.ts';
import { collectWitnessPart, joinWitness } from './witness-part.ts';

/** A witness, its tries still encoded. */
export interface StateWitness {
  accounts: Uint8Array;
  /** By rising account key. */
  storages: { account: Uint8Array; trie: Uint8Array }[];
  /** By rising hash. */
  codes: Uint8Array[];
}

/**
 * The witness of a block with this access list, from the state before it, of a partition that has all buckets; of several
 * partitions `joinWitness` makes it.
 * @throws ChainError `DATA_LOSS`, `NOT_FOUND` when the state is not kept any more
 */
export function collectWitness(before: StateAt, list: AccessList): StateWitness {
  const codes = [...list.codeReads].sort().map((hash) => before.code(hexToBytes(hash)));
  const { root: _, ...witness } = joinWitness([collectWitnessPart(before, list.accounts)], codes);
  return witness;
}

export function encodeWitness({ accounts, storages, codes }: StateWitness): Uint8Array {
  return encodeRlp([accounts, storages.map(({ account, trie }) => [account, trie]), codes]);
}

/** @throws ChainError `INVALID_ARGUMENT` unless it is one; what its parts hash to is not known here */
export function decodeWitness(bytes: Uint8Array, field = 'witness'): StateWitness {
  if (bytes.length > limits.witnessBytesMax) throw invalid(field, `has more than ${limits.witnessBytesMax} bytes`);
  const items = decodeRlp(bytes, field);
  if (items instanceof Uint8Array || items.length !== 3) throw invalid(field, 'is no list of three');
  const [accounts, storages, codes] = items;
  if (!(accounts instanceof Uint8Array)) throw invalid(`${field}.accounts`, 'is no string of bytes');
  if (!storages || storages instanceof Uint8Array) throw invalid(`${field}.storages`, 'is no list');
  if (!codes || codes instanceof Uint8Array) throw invalid(`${field}.codes`, 'is no list');
  return {
    accounts,
    storages: decodeStorages(storages, `${field}.storages`),
    codes: codes.map((code, i) => {
      if (!(code instanceof Uint8Array)) throw invalid(`${field}.codes.${i}`, 'is no string of bytes');
      return code;
    }),
  };
}

/** Each account once, or two of them could say different things. */
export function decodeStorages(items: readonly RlpItem[], field: string): StateWitness['storages'] {
  const storages: StateWitness['storages'] = [];
  for (const [i, item] of items.entries()) {
    const [account, trie] = item instanceof Uint8Array || item.length !== 2 ? [] : item;
    if (!(account instanceof Uint8Array) || account.length !== 32 || !(trie instanceof Uint8Array)) {
      throw invalid(`${field}.${i}`, 'is no account key with a trie');
    }
    const before = storages.at(-1);
    if (before !== undefined && compareBytes(before.account, account) >= 0) {
      throw invalid(`${field}.${i}`, 'is not above the one before');
    }
    storages.push({ account, trie });
  }
  return storages;
}

function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}
