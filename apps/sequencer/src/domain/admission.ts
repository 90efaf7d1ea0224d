import { floorDataGas, intrinsicGas, type Transaction } from '@sheaf/ethereum';
import { limits, type Address } from '@sheaf/primitives';
import { entryAt, nextNonce, type SenderQueue } from './mempool.ts';
import { worstCost, type PendingTransaction } from './pending-transaction.ts';
import { refuse, type Refusal } from './reasons.ts';

/** What admission holds transactions against. */
export interface AdmissionRules {
  readonly chainId: bigint;
  readonly fork: 'cancun' | 'prague' | 'osaka';
  /** Gas limit of a block. */
  readonly blockGasLimit: bigint;
  /** Least max priority fee, wei. */
  readonly tipMin: bigint;
  /** Lowest base fee that the chain can ever reach, wei: a max fee below it could wait for ever. */
  readonly baseFeeMin: bigint;
  /** Waiting transactions of one sender. */
  readonly senderTransactionsMax: number;
}

/** A sender's account at the executed head. */
export interface AccountSnapshot {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  readonly code: 'none' | 'delegation' | 'contract';
}

/** What is to become of a transaction. */
export type Verdict =
  | { readonly kind: 'accept'; readonly replaces: PendingTransaction | undefined }
  | { readonly kind: 'known' }
  | { readonly kind: 'gap'; readonly expectedNonce: bigint }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** EIP-3860: twice the code size limit. */
const initcodeBytesMax = 49_152;

/** EIP-1559's base fee stops falling here: an eighth of less than 8 wei rounds to nothing. */
const baseFeeFixedPoint = 7n;

/** The lowest base fee that a chain can reach from its genesis base fee, wei. */
export function lowestBaseFee(genesisBaseFee: bigint): bigint {
  return genesisBaseFee < baseFeeFixedPoint ? genesisBaseFee : baseFeeFixedPoint;
}

/** What the transaction alone gives away; undefined when nothing is wrong without looking at state. */
export function refuseAlone(tx: Transaction, rules: AdmissionRules): Refusal | undefined {
  return refuseKind(tx, rules) ?? refuseFee(tx, rules) ?? refuseGas(tx, rules);
}

function refuseKind(tx: Transaction, rules: AdmissionRules): Refusal | undefined {
  if (tx.type === 3) {
    return refuse(
      'BLOB_TRANSACTION',
      'transaction type not supported: blob transactions are not accepted on this chain',
    );
  }
  if (tx.type === 4 && rules.fork === 'cancun') {
    return refuse('UNSUPPORTED', 'transaction type not supported: set-code transactions come with the prague fork');
  }
  if (tx.chainId === undefined) {
    return refuse('UNSUPPORTED', 'only replay-protected (EIP-155) transactions allowed over RPC');
  }
  if (tx.chainId !== rules.chainId) {
    return refuse('WRONG_CHAIN', `invalid chain id for signer: have ${tx.chainId} want ${rules.chainId}`);
  }
  return undefined;
}

function refuseFee(tx: Transaction, rules: AdmissionRules): Refusal | undefined {
  const { maxFeePerGas: fee, maxPriorityFeePerGas: tip } = tx;
  if (fee < tip) {
    return refuse(
      'FEE_CAP_TOO_LOW',
      `max priority fee per gas higher than max fee per gas: tip ${tip}, fee cap ${fee}`,
    );
  }
  if (tip < rules.tipMin) {
    return refuse('UNDERPRICED', `transaction underpriced: gas tip cap ${tip}, minimum needed ${rules.tipMin}`);
  }
  if (fee < rules.baseFeeMin) {
    return refuse(
      'UNDERPRICED',
      `transaction underpriced: gas fee cap ${fee}, the base fee is never below ${rules.baseFeeMin}`,
    );
  }
  return undefined;
}

function refuseGas(tx: Transaction, rules: AdmissionRules): Refusal | undefined {
  if (tx.gasLimit > rules.blockGasLimit) {
    return refuse(
      'GAS_LIMIT_EXCEEDED',
      `exceeds block gas limit: gas limit ${tx.gasLimit}, block ${rules.blockGasLimit}`,
    );
  }
  if (rules.fork === 'osaka' && tx.gasLimit > limits.transactionGasMax) {
    return refuse(
      'GAS_LIMIT_EXCEEDED',
      `transaction gas limit too high (EIP-7825): cap ${limits.transactionGasMax}, tx ${tx.gasLimit}`,
    );
  }
  if (tx.to === undefined && tx.data.length > initcodeBytesMax) {
    return refuse(
      'INITCODE_TOO_LARGE',
      `max initcode size exceeded: code size ${tx.data.length}, limit ${initcodeBytesMax}`,
    );
  }
  const intrinsic = intrinsicGas(tx);
  if (tx.gasLimit < intrinsic) {
    return refuse('INTRINSIC_GAS', `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`);
  }
  const floor = rules.fork === 'cancun' ? 0n : floorDataGas(tx);
  if (tx.gasLimit < floor) {
    return refuse(
      'INTRINSIC_GAS',
      `insufficient gas for floor data gas cost (EIP-7623): gas ${tx.gasLimit}, minimum needed ${floor}`,
    );
  }
  return undefined;
}

/**
 * Judges a transaction that passed `refuseAlone` against its sender's account and waiting transactions. Pure: the same
 * inputs give the same verdict. The bounds of the whole mempool are not its business.
 */
export function judge(
  tx: Transaction,
  sender: Address,
  account: AccountSnapshot,
  queue: SenderQueue,
  rules: AdmissionRules,
): Verdict {
  const existing = entryAt(queue.entries, tx.nonce);
  if (existing?.hash === tx.hash) return { kind: 'known' };
  const refused = (refusal: Refusal): Verdict => ({ kind: 'refuse', refusal });
  if (account.code === 'contract') return refused(refuse('SENDER_NOT_EOA', `sender not an eoa: address ${sender}`));
  if (tx.nonce < account.nonce) {
    return refused(refuse('NONCE_TOO_LOW', `nonce too low: next nonce ${account.nonce}, tx nonce ${tx.nonce}`));
  }
  if (existing) {
    const refusal = refuseReplacement(tx, existing);
    if (refusal) return refused(refusal);
  } else {
    const expectedNonce = nextNonce(queue.entries, account.nonce);
    if (tx.nonce > expectedNonce) return { kind: 'gap', expectedNonce };
    if (queue.entries.length >= rules.senderTransactionsMax) {
      const message = `account limit exceeded: ${queue.entries.length} transactions of this sender wait already`;
      return refused(refuse('SENDER_FULL', message, 1_000));
    }
  }
  const poor = refuseFunds(tx, existing, account, queue);
  return poor ? refused(poor) : { kind: 'accept', replaces: existing };
}

/** The refusal of a nonce that did not become executable in time. */
export function refuseGap(nonce: bigint, expectedNonce: bigint): Refusal {
  return refuse('NONCE_GAP', `nonce gap: next nonce ${expectedNonce}, tx nonce ${nonce}`);
}

function refuseReplacement(tx: Transaction, existing: PendingTransaction): Refusal | undefined {
  if (existing.sealedHeight !== undefined) {
    const message = `nonce too low: nonce ${tx.nonce} is in payload ${existing.sealedHeight} already`;
    return refuse('NONCE_TOO_LOW', message);
  }
  // geth's rule: both fees at least 10 % higher, and never merely equal.
  const raised = (old: bigint, offered: bigint): boolean => offered > old && offered * 100n >= old * 110n;
  const feeRaised = raised(existing.maxFeePerGas, tx.maxFeePerGas);
  const tipRaised = raised(existing.maxPriorityFeePerGas, tx.maxPriorityFeePerGas);
  if (feeRaised && tipRaised) return undefined;
  return refuse(
    'REPLACEMENT_UNDERPRICED',
    `replacement transaction underpriced: fee cap ${tx.maxFeePerGas} and tip ${tx.maxPriorityFeePerGas} ` +
      `must each be 10% above ${existing.maxFeePerGas} and ${existing.maxPriorityFeePerGas}`,
  );
}

function refuseFunds(
  tx: Transaction,
  replaced: PendingTransaction | undefined,
  account: AccountSnapshot,
  queue: SenderQueue,
): Refusal | undefined {
  let others = queue.costTotal - (replaced ? worstCost(replaced) : 0n);
  // Entries below the account's nonce are paid already: the snapshot may be newer than the mempool.
  for (const entry of queue.entries) {
    if (entry.nonce >= account.nonce) break;
    others -= worstCost(entry);
  }
  const cost = worstCost(tx);
  if (others + cost <= account.balance) return undefined;
  const waiting = others === 0n ? '' : `, queued cost ${others}`;
  return refuse(
    'INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: balance ${account.balance}, tx cost ${cost}${waiting}, ` +
      `overshot ${others + cost - account.balance}`,
  );
}
