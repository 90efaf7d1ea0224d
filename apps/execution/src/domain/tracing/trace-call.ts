import { Account, createAddressFromString } from '@ethereumjs/util';
import { floorDataGas, intrinsicGas } from '@sheaf/ethereum';
import { ChainError, hexToBytes, limits } from '@sheaf/primitives';
import type { TraceOptions } from '@sheaf/proto';
import {
  BlockHashes,
  BlockOverlay,
  type CallInput,
  type CallMessage,
  type CallResult,
  type ForkRules,
} from '@sheaf/state-transition';
import { createTracer } from './create-tracer.ts';
import { hostState } from './host-state.ts';
import { SteppingEvm } from './stepping-evm.ts';
import { blockOf, type TraceSource } from './trace-block.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { TraceOutcome } from './tracer.ts';

/**
 * Runs the message with the engine that steps. `expected`: what the engine of blocks has made of it on the same state.
 * @throws ChainError `DATA_LOSS` when the two differ, `LIMIT`, `DEADLINE`; MissingState
 */
export async function traceCall(
  { rules, budget }: { rules: ForkRules; budget: TraceBudget },
  input: CallInput & { options: TraceOptions },
  source: TraceSource,
  expected: CallResult,
): Promise<Uint8Array> {
  const { message, options } = input;
  const header = { ...input.header, ...(message.gasPrice === 0n && { baseFeePerGas: 0n }) };
  const hashes = new BlockHashes(header.number, header.parentHash, input.ancestors, {
    fail: (text) => new ChainError({ code: 'DATA_LOSS', message: text }),
  });
  const overlay = new BlockOverlay(source.state, (number) => hashes.hash(number));
  await override(overlay, message, source);
  const found = hostState(overlay, source.fetch);
  const gasLimit =
    message.gasLimit === 0n || message.gasLimit > limits.callGasMax ? limits.callGasMax : message.gasLimit;
  const subject = {
    from: message.from,
    to: message.to,
    nonce: (await found.account(message.from))?.nonce ?? 0n,
    gasLimit,
    coinbase: header.coinbase,
    authorities: [],
    logsBefore: 0,
  };
  const tracer = createTracer(options.tracer, subject, budget);
  const stepping = await SteppingEvm.open(rules, budget);
  stepping.begin({ state: found, tracer, blockHash: (number) => hashes.hash(number), refund: 0n });
  const outcome = await run(stepping, rules, { message, header, gasLimit }, expected);
  return new TextEncoder().encode(await tracer.finish(outcome, stepping.state));
}

async function override(overlay: BlockOverlay, message: CallMessage, { fetch }: TraceSource): Promise<void> {
  for (const { address, balance, nonce, code, slots } of message.overrides) {
    await fetch([{ kind: 'account', address }, ...slots.map(({ slot }) => ({ kind: 'slot', address, slot }) as const)]);
    overlay.setAccount(address, {
      ...(balance === undefined ? {} : { balance }),
      ...(nonce === undefined ? {} : { nonce }),
      ...(code === undefined ? {} : { code }),
    });
    for (const { slot, value } of slots) overlay.setSlot(address, slot, hexToBytes(value));
  }
}

/** As `call` of libs/state-transition runs a message: its gas is bought, its sender's nonce rises, its fee is paid. */
async function run(
  stepping: SteppingEvm,
  rules: ForkRules,
  { message, header, gasLimit }: { message: CallMessage; header: CallInput['header']; gasLimit: bigint },
  expected: CallResult,
): Promise<TraceOutcome> {
  const { evm } = stepping;
  const { to, data, value, gasPrice } = message;
  const fields = { ...message, authorizationList: [] };
  const intrinsic = intrinsicGas(fields);
  const floor = rules.prague ? floorDataGas(fields) : 0n;
  const caller = createAddressFromString(message.from);
  const coinbase = createAddressFromString(header.coinbase);

  await evm.journal.cleanup();
  await pay(stepping, caller, -gasLimit * gasPrice, 1n);
  for (const address of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(address);
  for (const address of [message.from, header.coinbase, ...(to === undefined ? [] : [to])]) {
    evm.journal.addAlwaysWarmAddress(address);
  }
  for (const { address, storageKeys } of message.accessList) {
    evm.journal.addAlwaysWarmAddress(address);
    for (const slot of storageKeys) evm.journal.addAlwaysWarmSlot(address, slot);
  }
  const { execResult } = await evm.runCall({
    block: blockOf(header, stepping),
    gasPrice,
    caller,
    gasLimit: gasLimit - intrinsic,
    ...(to !== undefined && { to: createAddressFromString(to) }),
    value,
    data,
    skipNonceIncrement: true,
  });
  const { exceptionError, executionGasUsed, gasRefund, returnValue } = execResult;
  const used = executionGasUsed + intrinsic;
  const least = intrinsic > floor ? intrinsic : floor;
  const reverted = exceptionError?.error === 'revert';
  const status = exceptionError === undefined ? 'success' : reverted ? 'revert' : 'halt';
  const output = status === 'halt' ? new Uint8Array(0) : returnValue;
  refuseDifference(expected, { status, output, gasUsed: used > least ? used : least });

  const refundMax = used / 5n;
  const refund = gasRefund ?? 0n;
  const afterRefund = used - (refund < refundMax ? refund : refundMax);
  const gasUsed = afterRefund > floor ? afterRefund : floor;
  await pay(stepping, caller, (gasLimit - gasUsed) * gasPrice, 0n);
  await pay(stepping, coinbase, gasUsed * (gasPrice - header.baseFeePerGas), 0n);
  return { gasUsed, failed: exceptionError !== undefined, output };
}

async function pay(
  { evm, state }: SteppingEvm,
  address: ReturnType<typeof createAddressFromString>,
  wei: bigint,
  nonces: bigint,
): Promise<void> {
  const account = (await state.getAccount(address)) ?? new Account();
  account.balance += wei;
  account.nonce += nonces;
  await evm.journal.putAccount(address, account);
}

function refuseDifference(expected: CallResult, run: Pick<CallResult, 'status' | 'output' | 'gasUsed'>): void {
  const text = ({ status, gasUsed, output }: typeof run) =>
    `${status}, gas ${gasUsed}, output 0x${Buffer.from(output).toString('hex')}`;
  if (text(expected) === text(run)) return;
  const message = `the message cannot be traced: one engine says ${text(expected).slice(0, 200)}, the other ${text(run).slice(0, 200)}`;
  throw new ChainError({ code: 'DATA_LOSS', message });
}
