import {
  MissingState,
  notHere,
  type BlockEnvironment,
  type Evm,
  type Host,
  type MessageResult,
  type MissingKey,
  type TransactionEffects,
} from '@sheaf/evm';
import { contractAddress, effectiveGasPrice, type Logs, type TransactionFields } from '@sheaf/ethereum';
import { bytesToHex, isChainError, type Address, type Hash32 } from '@sheaf/primitives';
import { isEmptyCode } from '@sheaf/state';
import { authorize } from './authorize.ts';
import {
  blobGas,
  leastGas,
  refuseFields,
  refuseForm,
  refusePlace,
  refuseSender,
  type LeastGas,
} from './transaction-rules.ts';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';

/** Where in which block a transaction stands. */
export interface TransactionPlace {
  rules: ForkRules;
  environment: BlockEnvironment;
  /** The block's gas limit less what the transactions before it used. */
  gasLeft: bigint;
  /** The most blob gas of a block less what the transactions before it have. */
  blobGasLeft: bigint;
  /** The fee is not paid but said, when the transaction has no other use for the fee recipient. By default it is paid. */
  feeApart?: boolean;
}

/** What an included transaction did. */
export interface AppliedTransaction {
  status: 'included';
  /** Whether its message succeeded. */
  success: boolean;
  /** Refunds taken off, not below EIP-7623's floor. */
  gasUsed: bigint;
  blobGasUsed: bigint;
  /** Wei. */
  effectiveGasPrice: bigint;
  /** Where a creation, failed or not, puts its contract. */
  contractAddress: Address | undefined;
  /** What the message returned or reverted with. */
  output: Uint8Array;
  logs: Logs;
  /**
   * Wei that the fee recipient is still to get; 0: nothing is owed. Only with `TransactionPlace.feeApart`, and when the
   * recipient is not among the accounts of `effects`. Even a fee of nothing touches it (EIP-161).
   */
  feeApart: bigint;
  effects: TransactionEffects;
}

/** What became of a transaction. Only an included one changes anything, and that only when its effects are applied. */
export type TransactionOutcome =
  | AppliedTransaction
  | { status: 'invalid'; reason: InvalidReason }
  /** State that the host has not: apply it again when it has come. */
  | { status: 'missing'; keys: MissingKey[] }
  /** No rule of Ethereum's forbids it, but it needs more memory than the engine has. The same for
   * everyone. Of the effects only the reads count. */
  | { status: 'exhausted'; cause: string; effects: TransactionEffects };

/**
 * One transaction at its place: every rule of the fork, from the intrinsic gas to the fee. `transaction` may be of any
 * origin: what a decoder would refuse is refused here too, except that its signature is the caller's to check.
 * The host is only read: `BlockOverlay.apply(outcome.effects)` makes it part of the block.
 */
export function applyTransaction(
  evm: Evm,
  host: Host,
  place: TransactionPlace,
  transaction: TransactionFields,
  sender: Address,
): TransactionOutcome {
  const { rules } = place;
  const least = leastGas(transaction, rules);
  const reason =
    refuseForm(transaction, rules) ?? refuseFields(transaction, rules) ?? refusePlace(transaction, least, place);
  if (reason !== undefined) return { status: 'invalid', reason };
  try {
    return run(evm, host, place, transaction, sender, least);
  } catch (error) {
    if (error instanceof MissingState) return { status: 'missing', keys: error.keys };
    // The machine's own limit; what it read until then is told all the same.
    if (isChainError(error, 'LIMIT')) return { status: 'exhausted', cause: error.message, effects: evm.finish() };
    throw error;
  }
}

function run(
  evm: Evm,
  host: Host,
  { rules, environment, feeApart = false }: TransactionPlace,
  transaction: TransactionFields,
  sender: Address,
  { intrinsic, floor }: LeastGas,
): TransactionOutcome {
  const { gasLimit, to, value, data, nonce, authorizationList, blobVersionedHashes } = transaction;
  const price = effectiveGasPrice(transaction, environment.baseFeePerGas);
  evm.begin(host, environment, { origin: sender, gasPrice: price, blobVersionedHashes });
  const account = evm.account(sender);
  const reason = refuseSender(transaction, account, () => senderCode(host, account.codeHash), rules);
  if (reason !== undefined) return { status: 'invalid', reason };

  const blobGasUsed = blobGas(transaction);
  evm.addBalance(sender, -(gasLimit * price + blobGasUsed * environment.blobBaseFee));
  evm.setNonce(sender, nonce + 1n);
  warm(evm, environment.coinbase, transaction, sender);
  authorize(evm, rules.chainId, authorizationList);

  const result = evm.run({ caller: sender, to, value, data, gas: gasLimit - intrinsic, nonce });
  if (result.status === 'missing') return { status: 'missing', keys: result.keys };

  const gasUsed = gasPaid(gasLimit, gasLeft(result), evm.refund(), floor);
  if (gasUsed < gasLimit) evm.addBalance(sender, (gasLimit - gasUsed) * price);
  const fee = gasUsed * (price - environment.baseFeePerGas);
  // A fee is a sum that needs no state: whoever has the recipient's account adds it.
  const isApart = feeApart && !evm.isLoaded(environment.coinbase);
  if (!isApart) evm.addBalance(environment.coinbase, fee);
  const effects = evm.finish();
  return {
    status: 'included',
    success: result.status === 'success',
    gasUsed,
    blobGasUsed,
    effectiveGasPrice: price,
    contractAddress: to === undefined ? contractAddress(sender, nonce) : undefined,
    output: result.status === 'halt' ? new Uint8Array(0) : result.output,
    logs: effects.logs,
    feeApart: isApart ? fee : 0n,
    effects,
  };
}

/** EIP-2929, 2930, 3651: what is warm from the start beside the precompiles. */
export function warm(
  evm: Evm,
  coinbase: Address,
  { to, accessList }: Pick<TransactionFields, 'to' | 'accessList'>,
  sender: Address,
): void {
  evm.warmAddress(sender);
  evm.warmAddress(coinbase);
  if (to !== undefined) evm.warmAddress(to);
  for (const { address, storageKeys } of accessList) {
    evm.warmAddress(address);
    for (const slot of storageKeys) evm.warmSlot(address, slot);
  }
}

/** What is paid: at most a fifth is refunded (EIP-3529), and not below the floor (EIP-7623). */
export function gasPaid(gasLimit: bigint, left: bigint, refund: bigint, floor: bigint): bigint {
  const used = gasLimit - left;
  const refundMax = used / 5n;
  const paid = used - (refund < refundMax ? refund : refundMax);
  return paid > floor ? paid : floor;
}

/** A halt takes all. */
export function gasLeft(result: Exclude<MessageResult, { status: 'missing' }>): bigint {
  return result.status === 'halt' ? 0n : result.gasLeft;
}

/** From the host, not the engine, which may have it from before: the host is to know that it was read. */
function senderCode(host: Host, codeHash: Uint8Array): Uint8Array {
  if (isEmptyCode(codeHash)) return new Uint8Array(0);
  const code = host.code(codeHash);
  if (code === notHere) throw new MissingState([{ kind: 'code', codeHash: bytesToHex(codeHash) as Hash32 }]);
  return code;
}
