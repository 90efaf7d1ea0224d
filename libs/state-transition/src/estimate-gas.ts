import { bytesToHex, isChainError, limits } from '@sheaf/primitives';
import type { Evm } from '@sheaf/evm';
import { openCall, rejected, withoutGuess, type CallRun, type CallSession } from './call.ts';
import type { StateReader } from '@sheaf/state';
import type { CallInput } from './ports.ts';
import type { ForkRules } from './fork-rules.ts';

const transferGas = 21_000n;
/** What a call with value adds for its callee, and so may be needed beyond what was used. */
const callStipend = 2_300n;
/** geth stops within 1.5 % of the limit. */
const tolerancePerMille = 15n;

/**
 * The least gas limit with which the message succeeds, by binary search as geth's estimator does it.
 * @throws ChainError `REJECTED`: `REVERTED` with the revert data, `OUT_OF_GAS`, or why it cannot start; `DATA_LOSS`. MissingState
 */
export function estimateGas(evm: Evm, rules: ForkRules, input: CallInput, source: StateReader): bigint {
  return withoutGuess(input, () => search(rules, input, openCall(evm, rules, input, source)));
}

function search(rules: ForkRules, input: CallInput, session: CallSession): bigint {
  let high = highest(rules, input, session);
  if (isPlainTransfer(input, session) && high >= transferGas && succeeds(session, transferGas)) return transferGas;
  const first = attempt(session, high);
  if (first === undefined || first.status === 'halt') {
    if (first !== undefined && first.haltReason !== 'out of gas') throw rejected('HALTED', first.haltReason);
    throw rejected('OUT_OF_GAS', `gas required exceeds allowance (${high})`);
  }
  if (first.status === 'revert') throw rejected('REVERTED', 'execution reverted', bytesToHex(first.output));
  let low = first.gasPaid - 1n;
  // A callee gets at most 63/64 of what is left (EIP-150): the first guess, and usually the answer.
  const guess = ((first.gasUsed + callStipend) * 64n) / 63n;
  if (guess < high) {
    if (succeeds(session, guess)) high = guess;
    else low = guess;
  }
  while (low + 1n < high && (high - low) * 1_000n >= high * tolerancePerMille) {
    let middle = (low + high) / 2n;
    if (middle > low * 2n) middle = low * 2n;
    if (succeeds(session, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The highest limit to try: the caller's, the service's, the fork's, and what the sender can pay. */
function highest(rules: ForkRules, { message, header }: CallInput, session: CallSession): bigint {
  let high = message.gasLimit >= transferGas ? message.gasLimit : header.gasLimit;
  for (const bound of [limits.callGasMax, rules.osaka ? limits.transactionGasMax : high])
    if (high > bound) high = bound;
  if (message.gasPrice === 0n) return high;
  const balance = session.balance(message.from);
  if (balance < message.value) throw rejected('INSUFFICIENT_FUNDS', 'insufficient funds for transfer');
  const affordable = (balance - message.value) / message.gasPrice;
  return affordable < high ? affordable : high;
}

function isPlainTransfer({ message }: CallInput, session: CallSession): boolean {
  return message.data.length === 0 && message.to !== undefined && !session.hasCode(message.to);
}

function succeeds(session: CallSession, gasLimit: bigint): boolean {
  return attempt(session, gasLimit)?.status === 'success';
}

/** The run; `undefined` when the limit does not even cover the intrinsic gas. */
function attempt(session: CallSession, gasLimit: bigint): CallRun | undefined {
  try {
    return session.run(gasLimit);
  } catch (error) {
    if (
      isChainError(error, 'REJECTED') &&
      error.detail.code === 'REJECTED' &&
      error.detail.reason === 'INTRINSIC_GAS'
    ) {
      return undefined;
    }
    throw error;
  }
}
