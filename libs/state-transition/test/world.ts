// A world of a sender and what a test gives, on the real engine.
import { createEvm, notHere, type Fork, type HostAccount } from '@sheaf/evm';
import { keccak256, privateKeyToAddress, signDigest } from '@sheaf/crypto';
import {
  authorizationDigest,
  blobBaseFee,
  gasPerBlob,
  type Authorization,
  type TransactionFields,
} from '@sheaf/ethereum';
import { bytesToBigint, bytesToHex, hexToBytes, toAddress, toHash32, zeroHash } from '@sheaf/primitives';
import { emptyCodeHashBytes } from '@sheaf/state';
import { applyTransaction, BlockOverlay, createForkRules, type AppliedTransaction } from '../src/index.ts';

export const chainId = 7n;
export const key = new Uint8Array(32).fill(3);
export const sender = toAddress(`0x${'aa'.repeat(20)}`);
export const authority = privateKeyToAddress(key);
export const to = toAddress(`0x${'bb'.repeat(20)}`);
export const contract = toAddress(`0x${'cc'.repeat(20)}`);
export const coinbase = toAddress(`0x${'ee'.repeat(20)}`);
export const blobHash = toHash32(`0x01${'77'.repeat(31)}`);
export const funds = 10n ** 20n;
export const baseFeePerGas = 1_000n;

export interface Given {
  nonce?: bigint;
  balance?: bigint;
  code?: string;
  slots?: Record<string, string>;
}

/** A world of the sender and what is given. */
export function open(fork: Fork, given: Record<string, Given | 'not here'> = {}) {
  const accounts: Record<string, Given | 'not here'> = { [sender]: { balance: funds }, ...given };
  const codes = new Map<string, Uint8Array>();
  const found = (address: Uint8Array) => accounts[bytesToHex(address)];
  const state = {
    account(address: Uint8Array): HostAccount | undefined | typeof notHere {
      const account = found(address);
      if (account === 'not here') return notHere;
      if (account === undefined) return undefined;
      const { nonce = 0n, balance = 0n, code = '', slots } = account;
      const codeHash = code === '' ? emptyCodeHashBytes : keccak256(hexToBytes(`0x${code}`));
      if (code !== '') codes.set(bytesToHex(codeHash), hexToBytes(`0x${code}`));
      return { nonce, balance, codeHash, hasStorage: slots !== undefined };
    },
    storage(address: Uint8Array, slot: Uint8Array) {
      const account = found(address);
      const value = account === 'not here' ? undefined : account?.slots?.[bytesToHex(slot)];
      return value === undefined ? undefined : hexToBytes(value);
    },
    code: (codeHash: Uint8Array) => codes.get(bytesToHex(codeHash))!,
  };
  const rules = createForkRules({ fork, chainId });
  const evm = createEvm({ fork, chainId, mode: 'interpreter' });
  const overlay = new BlockOverlay(state);
  const environment = {
    coinbase,
    number: 5n,
    timestamp: 1_000n,
    prevRandao: zeroHash,
    gasLimit: 30_000_000n,
    baseFeePerGas,
    blobBaseFee: blobBaseFee(0n, rules.blobs),
  };
  const apply = (
    fields: Partial<TransactionFields>,
    place: { gasLeft?: bigint; blobGasLeft?: bigint; feeApart?: boolean } = {},
    from = sender,
  ) => {
    const full = { rules, environment, gasLeft: 30_000_000n, blobGasLeft: 6n * gasPerBlob, ...place };
    return applyTransaction(evm, overlay, full, { ...plain, ...fields }, from);
  };
  const account = (address: string) => {
    const found = overlay.account(hexToBytes(address));
    return found === notHere ? undefined : found;
  };
  return {
    apply,
    account,
    code: (address: string) => bytesToHex(overlay.code(account(address)!.codeHash) as Uint8Array),
    /** What the included transaction did; it has happened afterwards. */
    include(fields: Partial<TransactionFields>): AppliedTransaction {
      const outcome = apply(fields);
      if (outcome.status !== 'included') throw new Error(JSON.stringify(outcome));
      overlay.apply(outcome.effects);
      return outcome;
    },
  };
}

export const plain: TransactionFields = {
  type: 2,
  chainId,
  nonce: 0n,
  gasLimit: 100_000n,
  maxFeePerGas: 2_000n,
  maxPriorityFeePerGas: 10n,
  to,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  authorizationList: [],
  maxFeePerBlobGas: 0n,
  blobVersionedHashes: [],
};
export const blob: Partial<TransactionFields> = { type: 3, blobVersionedHashes: [blobHash], maxFeePerBlobGas: 1n };
export const signed = (fields: Partial<Authorization> = {}): Authorization => {
  const authorization = { chainId, address: contract, nonce: 0n, ...fields };
  const { r, s, yParity } = signDigest(authorizationDigest(authorization), key);
  return { yParity, r: bytesToBigint(r), s: bytesToBigint(s), ...authorization, ...fields };
};
export const setCode: Partial<TransactionFields> = { type: 4, authorizationList: [signed()] };
export const dataOf = (bytes: number, byte = 1) => new Uint8Array(bytes).fill(byte);
