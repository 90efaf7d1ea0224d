import { createAddressFromString } from '@ethereumjs/util';
import { hexToBytes, bigintToBytes, bytesToBigint, ChainError, limits } from '@sheaf/primitives';
import { noAccount } from './account-codec.ts';
import { BlockHashes } from './block-hashes.ts';
import { BlockState } from './block-state.ts';
import { initcodeBytesMax, leastGas } from './check-transaction.ts';
import { openMachine, type Machine } from './machine.ts';
import type { CallInput, CallMessage, CallResult, NodeReader, StateOverride } from './ports.ts';
import { RecordingReader } from './recording-reader.ts';
import type { Rules } from './rules.ts';

/** What one run of a message used. */
export interface CallRun extends CallResult {
  /** What would be paid: refunds taken off, not below EIP-7623's floor. */
  gasPaid: bigint;
}

/** Runs messages one after the other on the same state; none of them leaves a trace. */
export interface CallSession {
  state: BlockState;
  run(gasLimit: bigint): Promise<CallRun>;
}

/** Ready to run the message after the block. @throws ChainError `REJECTED`, `DATA_LOSS` */
export async function openCall(rules: Rules, input: CallInput, source: NodeReader): Promise<CallSession> {
  const { header, message, ancestors } = input;
  const reader = new RecordingReader(source);
  const state = new BlockState(header.stateRoot, reader);
  const hashes = new BlockHashes(header.number, header.parentHash, ancestors, reader);
  // As geth does: who offers no price is not asked for one, and sees no base fee.
  const baseFeePerGas = message.gasPrice === 0n ? 0n : header.baseFeePerGas;
  const machine = await openMachine(rules, { ...header, baseFeePerGas }, state, hashes);
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
  for (const override of message.overrides) applyOverride(state, override);
  return {
    state,
    async run(gasLimit) {
      await state.checkpoint();
      try {
        return await runMessage(rules, machine, state, message, gasLimit);
      } finally {
        machine.evm.journal.cleanJournal();
        machine.evm.transientStorage.clear();
        state.originalStorageCache.clear();
        await state.revert();
        reader.check();
      }
    },
  };
}

/** @throws ChainError `REJECTED`, `DATA_LOSS` */
export async function call(rules: Rules, input: CallInput, source: NodeReader): Promise<CallResult> {
  const session = await openCall(rules, input, source);
  const { gasLimit } = input.message;
  const { gasPaid: _, ...result } = await session.run(
    gasLimit === 0n || gasLimit > limits.callGasMax ? limits.callGasMax : gasLimit,
  );
  return result;
}

/** Refused before it could start. */
export function rejected(reason: string, message: string, data?: string): ChainError {
  return new ChainError({ code: 'REJECTED', reason, message, ...(data === undefined ? {} : { data }) });
}

async function runMessage(
  rules: Rules,
  machine: Machine,
  state: BlockState,
  message: CallMessage,
  gasLimit: bigint,
): Promise<CallRun> {
  const priced = { ...message, authorizationList: [] };
  const least = leastGas(priced, rules);
  const intrinsic = leastGas(priced, { ...rules, prague: false });
  if (gasLimit < least) throw rejected('INTRINSIC_GAS', `intrinsic gas too low: have ${gasLimit}, want ${least}`);
  const account = state.account(message.from) ?? noAccount;
  const cost = gasLimit * message.gasPrice + message.value;
  if (account.balance < cost) {
    throw rejected(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: address ${message.from} have ${account.balance} want ${cost}`,
    );
  }
  if (message.gasPrice > 0n) {
    state.setAccount(message.from, { ...account, balance: account.balance - gasLimit * message.gasPrice });
  }
  warm(machine, message);
  const { execResult } = await machine.evm.runCall({
    block: machine.block,
    caller: createAddressFromString(message.from),
    ...(message.to === undefined ? {} : { to: createAddressFromString(message.to) }),
    data: message.data,
    value: message.value,
    gasPrice: message.gasPrice,
    gasLimit: gasLimit - intrinsic,
  });
  const gasUsed = max(intrinsic + execResult.executionGasUsed, least);
  const refund = execResult.gasRefund ?? 0n;
  const refunded =
    intrinsic + execResult.executionGasUsed - min(refund, (intrinsic + execResult.executionGasUsed) / 5n);
  const error = execResult.exceptionError?.error;
  return {
    status: error === undefined ? 'success' : error === 'revert' ? 'revert' : 'halt',
    output: error === undefined || error === 'revert' ? execResult.returnValue : new Uint8Array(0),
    gasUsed,
    gasPaid: max(refunded, rules.prague ? least : 0n),
    haltReason: error === undefined || error === 'revert' ? '' : error,
  };
}

/** EIP-2929, 2930, 3651: what is warm from the start. */
function warm({ evm, block }: Machine, message: CallMessage): void {
  const { journal } = evm;
  journal.cleanJournal();
  for (const address of evm.precompiles.keys()) journal.addAlwaysWarmAddress(address);
  journal.addAlwaysWarmAddress(message.from);
  if (message.to !== undefined) journal.addAlwaysWarmAddress(message.to);
  journal.addAlwaysWarmAddress(block.header.coinbase.toString());
  for (const { address, storageKeys } of message.accessList) {
    journal.addAlwaysWarmAddress(address);
    for (const key of storageKeys) journal.addAlwaysWarmSlot(address, key);
  }
}

function applyOverride(state: BlockState, { address, balance, nonce, code, slots }: StateOverride): void {
  const account = state.account(address) ?? noAccount;
  state.setAccount(address, { ...account, balance: balance ?? account.balance, nonce: nonce ?? account.nonce });
  if (code !== undefined) state.setCode(address, code);
  for (const { slot, value } of slots) state.setSlot(address, slot, bigintToBytes(bytesToBigint(hexToBytes(value))));
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
