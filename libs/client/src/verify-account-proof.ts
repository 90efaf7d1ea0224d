import { hexToBytes, toAddress, toHash32, zeroHash, type Address, type Hash32, type Hex } from '@sheaf/primitives';
import { keccak256, nodeBytesMax, proofNodesMax, verifyProof } from '@sheaf/trie';
import { noAccount, readAccount, readSlot, type Account } from './read-account.ts';
import { invalid, readBytes, readHash, readList, readObject, readQuantity } from './read-json.ts';

/** What was asked for, and the state root that is believed. */
export interface AccountQuery {
  /** Of the block: from a header whose hash the caller trusts. */
  stateRoot: Hex;
  address: Hex;
  /** Keys of slots, 32 bytes each, in the order of the request; at most 1,024. */
  slots: readonly Hex[];
}

/** What the state root says. */
export interface ProvenAccount extends Account {
  address: Address;
  /** False: it is proven that there is no such account; then all of it is zero, and its hashes those of nothing. */
  exists: boolean;
  /** The slots in the order of the query; one that is not set is zero. */
  slots: readonly { key: Hash32; value: bigint }[];
}

const slotsMax = 1024;

/**
 * The account and the slots by the answer of eth_getProof (EIP-1186), which is believed in nothing: every node is hashed
 * from the state root on, and what the answer claims beside its proofs must be what they prove.
 * @param answer the parsed JSON; members that EIP-1186 does not know are left alone
 * @throws ChainError `INVALID_ARGUMENT` whose field leads to what is wrong: `proof.balance`, `proof.accountProof.2`,
 * `proof.storageProof.0.proof.1`; or to the part of the query that is
 * @example
 * const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getProof', params: [address, slots, 'latest'] });
 * const headers = { 'content-type': 'application/json' };
 * const { result } = await (await fetch(url, { method: 'POST', headers, body })).json();
 * const { exists, balance } = verifyAccountProof({ stateRoot, address, slots }, result);
 */
export function verifyAccountProof(query: AccountQuery, answer: unknown): ProvenAccount {
  const stateRoot = hexToBytes(toHash32(query.stateRoot, 'stateRoot'));
  const address = toAddress(query.address, 'address');
  const keys = readList(query.slots, slotsMax, 'slots').map((key, at) => readHash(key, `slots.${at}`));
  const claimed = readObject(answer, 'proof');
  if (toAddress(readBytes(claimed['address'], 20, 'proof.address'), 'proof.address') !== address) {
    throw invalid('proof.address', 'is not the one that was asked for');
  }
  const nodes = readNodes(claimed['accountProof'], 'proof.accountProof');
  const leaf = verifyProof(stateRoot, keccak256(hexToBytes(address)), nodes, 'proof.accountProof');
  const account = leaf === undefined ? noAccount : readAccount(leaf, 'proof.accountProof');
  checkClaims(claimed, account, leaf !== undefined);
  const slotProofs = readList(claimed['storageProof'], slotsMax, 'proof.storageProof');
  if (slotProofs.length !== keys.length) throw invalid('proof.storageProof', `must be of ${keys.length} slots`);
  const storageRoot = hexToBytes(account.storageHash);
  const slots = keys.map((key, at) => verifySlot(storageRoot, key, slotProofs[at], `proof.storageProof.${at}`));
  return { ...account, address, exists: leaf !== undefined, slots };
}

function checkClaims(claimed: Readonly<Record<string, unknown>>, account: Account, exists: boolean): void {
  const check = (field: string, holds: boolean): void => {
    if (!holds) throw invalid(`proof.${field}`, 'is not what the state root says');
  };
  check('nonce', readQuantity(claimed['nonce'], 'proof.nonce') === account.nonce);
  check('balance', readQuantity(claimed['balance'], 'proof.balance') === account.balance);
  // For an account that does not exist EIP-1186 leaves the hashes open: geth answers zeros, Anvil those of nothing.
  const names = (field: 'codeHash' | 'storageHash'): boolean => {
    const hash = readHash(claimed[field], `proof.${field}`);
    return hash === account[field] || (!exists && hash === zeroHash);
  };
  check('codeHash', names('codeHash'));
  check('storageHash', names('storageHash'));
}

function verifySlot(storageRoot: Uint8Array, key: Hash32, answer: unknown, field: string) {
  const claimed = readObject(answer, field);
  if (readQuantity(claimed['key'], `${field}.key`) !== BigInt(key)) {
    throw invalid(`${field}.key`, 'is not the one that was asked for');
  }
  const nodes = readNodes(claimed['proof'], `${field}.proof`);
  const leaf = verifyProof(storageRoot, keccak256(hexToBytes(key)), nodes, `${field}.proof`);
  const value = leaf === undefined ? 0n : readSlot(leaf, `${field}.proof`);
  if (readQuantity(claimed['value'], `${field}.value`) !== value) {
    throw invalid(`${field}.value`, 'is not what the state root says');
  }
  return { key, value };
}

function readNodes(value: unknown, field: string): Uint8Array[] {
  return readList(value, proofNodesMax, field).map((node, at) => readBytes(node, nodeBytesMax, `${field}.${at}`));
}
