import { createBlock, type Block } from '@ethereumjs/block';
import { createTxFromRLP } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { MissingState, type Evm, type MissingKey } from '@sheaf/evm';
import { decodeTransaction, recoverAuthority, type Header, type Receipt } from '@sheaf/ethereum';
import { ChainError, isChainError } from '@sheaf/primitives';
import type { TraceOptions } from '@sheaf/proto';
import type { StateReader } from '@sheaf/state';
import { BlockHashes, BlockOverlay, BlockRun, environmentOf, type ForkRules } from '@sheaf/state-transition';
import type { TransactionTrace } from '../../ports.ts';
import { authorizationRefund } from './authorization-refund.ts';
import { createTracer } from './create-tracer.ts';
import { hostState, type Fetch } from './host-state.ts';
import { SteppingEvm } from './stepping-evm.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { TraceOutcome } from './tracer.ts';

/** A block whose transactions are traced. */
export interface TraceBlockInput {
  header: Header;
  /** EIP-2718 encodings. */
  transactions: readonly Uint8Array[];
  receipts: readonly Receipt[];
  /** Up to 256, parent first, by falling height. */
  ancestors: Header[];
  /** Place of the one that is traced; `undefined`: all are. */
  only: number | undefined;
  options: TraceOptions;
}

/** The state before the block. */
export interface TraceSource {
  state: StateReader;
  fetch: Fetch;
  /** What it has answered with a guess. */
  guessed(): MissingKey[];
}

/**
 * Executes the block again with the engine that blocks are executed with, and each traced transaction before that with the one that
 * steps, on the state that it found. Both have to come to the stored receipt.
 * @throws ChainError `DATA_LOSS` naming the transaction when they do not, `LIMIT`, `DEADLINE`; MissingState
 */
export async function traceBlock(
  deps: { evm: Evm; rules: ForkRules; budget: TraceBudget },
  input: TraceBlockInput,
  source: TraceSource,
): Promise<TransactionTrace[]> {
  const { header, transactions, receipts, ancestors, only } = input;
  const { evm, rules, budget } = deps;
  const hashes = new BlockHashes(header.number, header.parentHash, ancestors, {
    fail: (message) => new ChainError({ code: 'DATA_LOSS', message }),
  });
  const overlay = new BlockOverlay(source.state, (number) => hashes.hash(number));
  const run = new BlockRun(evm, rules, overlay, environmentOf(header, rules));
  run.start(header);
  refuseGuesses(source);
  const stepper = await openStepper(deps, input);
  const traces: TransactionTrace[] = [];
  let logs = 0;
  for (const [index, raw] of transactions.entries()) {
    budget.checkTime();
    const stored = receipts[index]!;
    if (only === undefined || only === index) {
      const found = { state: hostState(overlay, source.fetch), blockHash: (number: bigint) => hashes.hash(number) };
      traces.push(await stepper.trace(raw, stored, found, logs));
      refuseGuesses(source);
      if (only === index) break;
    }
    replay(run, raw, stored, source);
    logs += stored.logs.length;
  }
  return traces;
}

function replay(run: BlockRun, raw: Uint8Array, stored: Receipt, source: TraceSource): void {
  const outcome = run.transaction(decodeTransaction(raw), stored.sender);
  refuseGuesses(source);
  if (outcome.status === 'missing') throw new MissingState(outcome.keys);
  if (outcome.status !== 'included') throw differs(stored, `it is ${outcome.reason}`);
  const { status, gasUsed, logs } = outcome.receipt;
  refuseDifference(stored, { status, gasUsed, logs: logs.length });
}

interface Found {
  state: ReturnType<typeof hostState>;
  blockHash(number: bigint): Uint8Array;
}

interface Stepper {
  /** `logs`: of the block before it. */
  trace(raw: Uint8Array, stored: Receipt, found: Found, logs: number): Promise<TransactionTrace>;
}

async function openStepper(
  { rules, budget }: { rules: ForkRules; budget: TraceBudget },
  { header, options }: TraceBlockInput,
): Promise<Stepper> {
  const stepping = await SteppingEvm.open(rules, budget);
  const { common, evm, state } = stepping;
  const vm: VM = await createVM({ common, evm, stateManager: state, blockchain: evm.blockchain });
  const block = blockOf(header, stepping);
  return {
    async trace(raw, stored, found, logsBefore) {
      const transaction = decodeTransaction(raw);
      const { nonce, gasLimit, to, authorizationList } = transaction;
      const authorities = authorizationList.map(recoverAuthority).filter((authority) => authority !== undefined);
      const { sender, transactionHash } = stored;
      const { coinbase } = header;
      const subject = { from: sender, to, nonce, gasLimit, coinbase, authorities, logsBefore };
      const tracer = createTracer(options.tracer, subject, budget);
      const refund = await authorizationRefund(transaction, sender, rules.chainId, found.state);
      stepping.begin({ ...found, tracer, refund });
      const signed = createTxFromRLP(raw, { common, freeze: false });
      const tx = Object.assign(signed, { getSenderAddress: () => createAddressFromString(sender) });
      const outcome = await step(vm, tx, block, stored);
      const json = new TextEncoder().encode(await tracer.finish(outcome, state));
      return { transactionHash, json };
    },
  };
}

/** What of a header @ethereumjs's transactions see. */
export function blockOf(header: Header, { common }: Pick<SteppingEvm, 'common'>): Block {
  const { coinbase, number, timestamp, gasLimit, baseFeePerGas, excessBlobGas, prevRandao } = header;
  const fields = { coinbase, number, timestamp, gasLimit, baseFeePerGas, excessBlobGas, mixHash: prevRandao };
  return createBlock({ header: fields }, { common, skipConsensusFormatValidation: true, setHardfork: false });
}

async function step(
  vm: VM,
  tx: Parameters<typeof runTx>[1]['tx'],
  block: Block,
  stored: Receipt,
): Promise<TraceOutcome> {
  const result = await runTx(vm, {
    tx,
    block,
    skipHardForkValidation: true,
    skipBlockGasLimitValidation: true,
  }).catch((error: unknown) => {
    if (isChainError(error) || error instanceof MissingState) throw error;
    throw differs(stored, error instanceof Error ? error.message : String(error), error);
  });
  const { exceptionError, logs, returnValue } = result.execResult;
  const failed = exceptionError !== undefined;
  const gasUsed = result.totalGasSpent;
  refuseDifference(stored, { status: !failed, gasUsed, logs: failed ? 0 : (logs?.length ?? 0) });
  const told = !failed || exceptionError.error === 'revert';
  return { gasUsed, failed, output: told ? returnValue : new Uint8Array(0) };
}

function refuseGuesses({ guessed }: TraceSource): void {
  const keys = guessed();
  if (keys.length > 0) throw new MissingState(keys);
}

function refuseDifference(stored: Receipt, run: { status: boolean; gasUsed: bigint; logs: number }): void {
  const text = ({ status, gasUsed, logs }: typeof run) => `status ${status}, gas ${gasUsed}, ${logs} logs`;
  const wanted = text({ status: stored.status, gasUsed: stored.gasUsed, logs: stored.logs.length });
  if (text(run) !== wanted) throw differs(stored, `its receipt says ${wanted}, the run came to ${text(run)}`);
}

function differs({ transactionHash }: Receipt, why: string, cause?: unknown): ChainError {
  const message = `transaction ${transactionHash} cannot be traced: ${why}`;
  return new ChainError({ code: 'DATA_LOSS', message }, cause === undefined ? {} : { cause });
}
