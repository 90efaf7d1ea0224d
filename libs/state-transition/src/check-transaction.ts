import { keccak256 } from '@sheaf/crypto';
import { decodeTransaction, floorDataGas, intrinsicGas, recoverSender, type Transaction } from '@sheaf/ethereum';
import { isChainError, limits, toHash32, type Address, type Hash32 } from '@sheaf/primitives';
import type { AccountState, DropReason } from './ports.ts';
import type { Rules } from './rules.ts';

/** EIP-3860. */
export const initcodeBytesMax = 49_152;

/** A transaction that may be run, or why not. */
export type Checked = { transaction: Transaction; sender: Address } | { hash: Hash32; reason: DropReason };

/** What the state says about a sender. */
export interface SenderState {
  account(address: Address): AccountState | undefined;
  code(address: Address): Uint8Array;
}

/**
 * Whether a payload's transaction is valid at its place. The rules are the protocol's and in a fixed order, so that
 * the reason is the same for everyone; the library's own checks, which come after, are never the ones that decide.
 */
export function checkTransaction(
  raw: Uint8Array,
  known: { sender: Address | undefined } | undefined,
  place: { rules: Rules; baseFeePerGas: bigint; gasLeft: bigint },
  state: SenderState,
): Checked {
  const hash = toHash32(keccak256(raw));
  const transaction = decode(raw);
  if (transaction === undefined) return { hash, reason: 'MALFORMED' };
  const reason = refuseForm(transaction, place);
  if (reason !== undefined) return { hash, reason };
  const sender = known === undefined ? recover(transaction) : known.sender;
  if (sender === undefined) return { hash, reason: 'INVALID_SIGNATURE' };
  const refusal =
    refusePrice(transaction, place) ??
    refuseSender(transaction, state.account(sender), () => state.code(sender), place.rules);
  return refusal === undefined ? { transaction, sender } : { hash, reason: refusal };
}

function decode(raw: Uint8Array): Transaction | undefined {
  try {
    return decodeTransaction(raw);
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}

function recover(transaction: Transaction): Address | undefined {
  try {
    return recoverSender(transaction);
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}

function refuseForm(transaction: Transaction, { rules }: { rules: Rules }): DropReason | undefined {
  if (transaction.type === 3) return 'BLOB_TRANSACTION';
  if (transaction.type === 4 && !rules.prague) return 'UNSUPPORTED';
  if (transaction.chainId !== undefined && transaction.chainId !== rules.chainId) return 'WRONG_CHAIN';
  return undefined;
}

function refusePrice(
  transaction: Transaction,
  { rules, baseFeePerGas, gasLeft }: { rules: Rules; baseFeePerGas: bigint; gasLeft: bigint },
): DropReason | undefined {
  const { gasLimit, to, data } = transaction;
  if (gasLimit > gasLeft || (rules.osaka && gasLimit > limits.transactionGasMax)) return 'GAS_LIMIT_EXCEEDED';
  if (to === undefined && data.length > initcodeBytesMax) return 'INITCODE_TOO_LARGE';
  if (gasLimit < leastGas(transaction, rules)) return 'INTRINSIC_GAS';
  return transaction.maxFeePerGas < baseFeePerGas ? 'FEE_CAP_TOO_LOW' : undefined;
}

/** The intrinsic gas, or EIP-7623's floor when that is higher. */
export function leastGas(transaction: Parameters<typeof intrinsicGas>[0], rules: Rules): bigint {
  const intrinsic = intrinsicGas(transaction);
  if (!rules.prague) return intrinsic;
  const floor = floorDataGas(transaction);
  return floor > intrinsic ? floor : intrinsic;
}

function refuseSender(
  transaction: Transaction,
  account: AccountState | undefined,
  code: () => Uint8Array,
  rules: Rules,
): DropReason | undefined {
  const { nonce = 0n, balance = 0n } = account ?? {};
  if (transaction.nonce < nonce) return 'NONCE_TOO_LOW';
  if (transaction.nonce > nonce) return 'NONCE_TOO_HIGH';
  if (balance < transaction.gasLimit * transaction.maxFeePerGas + transaction.value) return 'INSUFFICIENT_FUNDS';
  if (account === undefined) return undefined;
  const bytes = code();
  // EIP-3607, and EIP-7702's exception: 0xef0100 ‖ address delegates.
  const delegated = rules.prague && bytes.length === 23 && bytes[0] === 0xef && bytes[1] === 0x01 && bytes[2] === 0x00;
  return bytes.length === 0 || delegated ? undefined : 'SENDER_NOT_EOA';
}
