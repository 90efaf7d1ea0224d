import { emptyRoot, Trie } from '@sheaf/ethereum';
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToHex,
  encodeRlp,
  encodeRlpBytes,
  hexToBytes,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { keccak256 } from '@sheaf/crypto';
import { emptyCodeHash } from '../src/index.ts';

export interface WorldAccount {
  nonce: bigint;
  balance: bigint;
  /** None of them zero. */
  slots: ReadonlyMap<bigint, bigint>;
}

/** eth_getProof's answer, as JSON has it. */
export interface Answer {
  address: string;
  balance: string;
  nonce: string;
  codeHash: string;
  storageHash: string;
  accountProof: string[];
  storageProof: { key: string; value: string; proof: string[] }[];
}

/** A world of accounts without code, and the answers about it: made by libs/ethereum's trie in geth's form. */
export function makeWorld(accounts: ReadonlyMap<Address, WorldAccount>) {
  const state = new Trie();
  const storages = new Map<Address, Trie>();
  for (const [address, { nonce, balance, slots }] of accounts) {
    const storage = new Trie();
    for (const [key, value] of slots) storage.put(slotKey(key), encodeRlpBytes(bigintToBytes(value)));
    storages.set(address, storage);
    const fields = [bigintToBytes(nonce), bigintToBytes(balance), storage.commit().root, hexToBytes(emptyCodeHash)];
    state.put(keccak256(hexToBytes(address)), encodeRlp(fields));
  }
  const stateRoot = bytesToHex(state.commit().root) as Hash32;
  const answer = (address: Address, keys: readonly bigint[]): Answer => {
    const account = accounts.get(address);
    const storage = storages.get(address) ?? new Trie();
    return {
      address,
      balance: quantity(account?.balance ?? 0n),
      nonce: quantity(account?.nonce ?? 0n),
      codeHash: account === undefined ? `0x${'00'.repeat(32)}` : emptyCodeHash,
      storageHash: account === undefined ? emptyRoot : bytesToHex(storage.commit().root),
      accountProof: state.prove(keccak256(hexToBytes(address))).map(bytesToHex),
      storageProof: keys.map((key) => ({
        key: quantity(key),
        value: quantity(account?.slots.get(key) ?? 0n),
        proof: storage.prove(slotKey(key)).map(bytesToHex),
      })),
    };
  };
  return { stateRoot, answer };
}

/** A slot's key as the query has it. */
export function slotHex(key: bigint): Hash32 {
  return bytesToHex(bigintToFixedBytes(key, 32)) as Hash32;
}

function slotKey(key: bigint): Uint8Array {
  return keccak256(bigintToFixedBytes(key, 32));
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
