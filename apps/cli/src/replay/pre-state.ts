import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, hexToBytes, toHash32, toHeight, zeroHash, type Hash32 } from '@sheaf/primitives';
import { bucketsOf, ownersOf } from '@sheaf/partition';
import {
  emptyCodeHashBytes,
  memoryKeyValue,
  PartitionState,
  type AccountChange,
  type BlockChanges,
} from '@sheaf/state';
import {
  checkCount,
  invalid,
  optional,
  readAddress,
  readBytes,
  readEntries,
  readObject,
  readQuantity,
  readWord,
  uint64Max,
} from './fields.ts';
import { replayLimits } from './limits.ts';

const codeHashOfNone = bytesToHex(emptyCodeHashBytes) as Hash32;

/** `{address: {nonce, balance, code, storage}}` as what makes it of nothing. @throws ChainError `INVALID_ARGUMENT` */
export function readPreState(value: unknown, field: string): BlockChanges {
  const accounts: AccountChange[] = [];
  const codes = new Map<Hash32, Uint8Array>();
  const seen = new Set<string>();
  let slotCount = 0;
  for (const [key, entry] of readEntries(value, field, replayLimits.accountsMax)) {
    const at = `${field}.${key}`;
    const json = readObject(entry, at);
    const address = readAddress(key, at);
    if (seen.has(address)) throw invalid(at, 'is there twice');
    seen.add(address);
    const code = optional(json['code'], `${at}.code`, readBytes) ?? new Uint8Array(0);
    const codeHash = code.length === 0 ? codeHashOfNone : toHash32(keccak256(code));
    if (code.length > 0) codes.set(codeHash, code);
    const storage = readEntries(json['storage'] ?? {}, `${at}.storage`, replayLimits.slotsMax);
    checkCount((slotCount += storage.length), `${field} storage`, replayLimits.slotsMax);
    const slots = storage.flatMap(([slot, content]) => {
      const word = readWord(content, `${at}.storage.${slot}`);
      return word === zeroHash
        ? []
        : [{ slot: hexToBytes(readWord(slot, `${at}.storage key`)), value: hexToBytes(word) }];
    });
    const nonce = readQuantity(json['nonce'], `${at}.nonce`, uint64Max);
    const balance = readQuantity(json['balance'], `${at}.balance`);
    // EIP-161: there are no empty accounts, and what was asked for and not there is written as one.
    if (nonce === 0n && balance === 0n && code.length === 0 && slots.length === 0) continue;
    const account = { nonce, balance, codeHash: hexToBytes(codeHash) };
    accounts.push({ address: hexToBytes(address), account, storageWiped: false, slots });
  }
  return { accounts, codes };
}

/** The state of each of so many members, in memory, at the height. An account and its code are with the owner alone. */
export function splitState({ accounts, codes }: BlockChanges, members: number, height: bigint): PartitionState[] {
  const owners = ownersOf(members);
  const parts = Array.from({ length: members }, (): BlockChanges => ({ accounts: [], codes: new Map() }));
  for (const change of accounts) {
    const part = parts[owners[keccak256(change.address)[0]!]!]!;
    part.accounts.push(change);
    const codeHash = toHash32(change.account!.codeHash);
    const code = codes.get(codeHash);
    if (code !== undefined) part.codes.set(codeHash, code);
  }
  return parts.map((part, member) => {
    const buckets = bucketsOf(member, members);
    const state = new PartitionState(memoryKeyValue(), { buckets, branchBytesCachedMax: 2 ** 20 });
    state.commit(state.prepare(part), { height: toHeight(height) });
    return state;
  });
}
