import { MissingState, notHere, type BlockEnvironment, type Evm, type MissingKey } from '@sheaf/evm';
import { ChainError, hexToBytes, limits, type Address } from '@sheaf/primitives';
import { emptyCodeHashBytes, isEmptyCode, type StateReader } from '@sheaf/state';
import { gasLeft, gasPaid, warm } from './apply-transaction.ts';
import { environmentOf } from './block-environment.ts';
import { BlockHashes } from './block-hashes.ts';
import { BlockOverlay } from './block-overlay.ts';
import { initcodeBytesMax, leastGas } from './transaction-rules.ts';
import type { ForkRules } from './fork-rules.ts';
import { haltWords } from './halt-words.ts';
import type { CallInput, CallMessage, CallResult } from './ports.ts';
import { ReadGuard } from './read-guard.ts';

/** What one run of a message used. */
export interface CallRun extends CallResult {
  /** What would be paid: refunds taken off, not below EIP-7623's floor. */
  gasPaid: bigint;
}

/**
 * Runs messages one after the other on the same state; none of them leaves a trace. Its methods throw MissingState when the
 * state has not what they need.
 */
export interface CallSession {
  balance(address: Address): bigint;
  hasCode(address: Address): boolean;
  /** @throws ChainError `REJECTED`, `DATA_LOSS` */
  run(gasLimit: bigint): CallRun;
}

/** Ready to run the message after the block. @throws ChainError `REJECTED`, `DATA_LOSS`; MissingState */
export function openCall(evm: Evm, rules: ForkRules, input: CallInput, source: StateReader): CallSession {
  const { header, message, ancestors } = input;
  const reader = new ReadGuard(source);
  const hashes = new BlockHashes(header.number, header.parentHash, ancestors, reader);
  const state = new BlockOverlay(reader, (number) => hashes.hash(number));
  // As geth does: who offers no price is not asked for one, and sees no base fee.
  const baseFeePerGas = message.gasPrice === 0n ? 0n : header.baseFeePerGas;
  const environment = { ...environmentOf(header, rules), baseFeePerGas };
  if (message.gasPrice < baseFeePerGas) {
    throw rejected(
      'FEE_CAP_TOO_LOW',
      `max fee per gas less than block base fee: gas price ${message.gasPrice}, base fee ${baseFeePerGas}`,
    );
  }
  if (message.to === undefined && message.data.length > initcodeBytesMax) {
    throw rejected(
      'INITCODE_TOO_LARGE',
      `max initcode size exceeded: code size ${message.data.length}, limit ${initcodeBytesMax}`,
    );
  }
  for (const { address, balance, nonce, code, slots } of message.overrides) {
    state.setAccount(address, {
      ...(balance === undefined ? {} : { balance }),
      ...(nonce === undefined ? {} : { nonce }),
      ...(code === undefined ? {} : { code }),
    });
    for (const { slot, value } of slots) state.setSlot(address, slot, hexToBytes(value));
  }
  const account = (address: Address) => {
    const found = state.account(hexToBytes(address));
    if (found === notHere) throw new MissingState([{ kind: 'account', address }]);
    return found;
  };
  return {
    balance: (address) => account(address)?.balance ?? 0n,
    hasCode: (address) => !isEmptyCode(account(address)?.codeHash ?? emptyCodeHashBytes),
    run: (gasLimit) => withoutGuess(input, () => runMessage(evm, rules, state, environment, message, gasLimit)),
  };
}

/** @throws ChainError `REJECTED`, `DATA_LOSS`; MissingState */
export function call(evm: Evm, rules: ForkRules, input: CallInput, source: StateReader): CallResult {
  return withoutGuess(input, () => {
    const session = openCall(evm, rules, input, source);
    const { gasLimit } = input.message;
    const { gasPaid: _, ...result } = session.run(
      gasLimit === 0n || gasLimit > limits.callGasMax ? limits.callGasMax : gasLimit,
    );
    return result;
  });
}

/** What `run` gives or throws; but when the state has guessed by then, that does not count. @throws MissingState */
export function withoutGuess<T>({ guessed }: CallInput, run: () => T): T {
  try {
    return run();
  } finally {
    if (guessed !== undefined) refuseGuesses(guessed());
  }
}

function refuseGuesses(keys: MissingKey[]): void {
  if (keys.length > 0) throw new MissingState(keys);
}

/** Refused before it could start. */
export function rejected(reason: string, message: string, data?: string): ChainError {
  return new ChainError({ code: 'REJECTED', reason, message, ...(data === undefined ? {} : { data }) });
}

function runMessage(
  evm: Evm,
  rules: ForkRules,
  state: BlockOverlay,
  environment: BlockEnvironment,
  message: CallMessage,
  gasLimit: bigint,
): CallRun {
  const { from, to, data, value, gasPrice } = message;
  const { intrinsic, floor } = leastGas({ ...message, authorizationList: [] }, rules);
  const least = intrinsic > floor ? intrinsic : floor;
  if (gasLimit < least) throw rejected('INTRINSIC_GAS', `intrinsic gas too low: have ${gasLimit}, want ${least}`);
  evm.begin(state, environment, { origin: from, gasPrice, blobVersionedHashes: [] });
  const { balance, nonce } = evm.account(from);
  const cost = gasLimit * gasPrice + value;
  if (balance < cost) {
    throw rejected(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: address ${from} have ${balance} want ${cost}`,
    );
  }
  evm.addBalance(from, -gasLimit * gasPrice);
  evm.setNonce(from, nonce + 1n);
  warm(evm, environment.coinbase, message, from);
  const result = evm.run({ caller: from, to, data, value, gas: gasLimit - intrinsic, nonce });
  if (result.status === 'missing') throw new MissingState(result.keys);
  const left = gasLeft(result);
  const used = gasLimit - left;
  return {
    status: result.status,
    output: result.status === 'halt' ? new Uint8Array(0) : result.output,
    gasUsed: used > least ? used : least,
    gasPaid: gasPaid(gasLimit, left, evm.refund(), floor),
    haltReason: result.status === 'halt' ? haltWords[result.reason] : '',
  };
}
