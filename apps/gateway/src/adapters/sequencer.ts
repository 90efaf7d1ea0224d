import { ChainError, isChainError, limits, type Hash32, type Height } from '@sheaf/primitives';
import { certificateFromWire, hexToBuffer, sequencerV1, toBuffer, wire } from '@sheaf/proto';
import type { Certificate } from '@sheaf/protocol';
import type { UnaryOptions, RpcClient } from '@sheaf/rpc';
import type { Gate } from '@sheaf/service';
import type { Ordering, SequencerStage, SequencerTransaction, SubmitOutcome } from '../ports.ts';

export interface SequencerOptions {
  readDeadlineMs: number;
  submitDeadlineMs: number;
}

/** The sequencer over gRPC, and its certificates. */
export interface Sequencer extends Ordering {
  /** The certificate that covers the height; `undefined` while there is none. */
  certificate(height: bigint): Promise<Certificate | undefined>;
  /** Height of the last payload certified available. Waits behind no reader. */
  safeHeight(): Promise<bigint>;
}

export function createSequencer(
  options: SequencerOptions,
  deps: { client: RpcClient<sequencerV1.SequencerServiceService>; gate: Gate },
): Sequencer {
  const { client } = deps;

  const read = <T>(work: (call: UnaryOptions) => Promise<T>, signal: AbortSignal | undefined) =>
    deps.gate.run(() => work({ deadlineMs: options.readDeadlineMs, ...(signal && { signal }) }));

  async function submit(transactions: Uint8Array[]): Promise<SubmitOutcome[]> {
    const request = { transactions: transactions.map(toBuffer) };
    // Idempotent by contract: a known transaction is answered as accepted again, so UNAVAILABLE may be tried again.
    const call = { deadlineMs: options.submitDeadlineMs, idempotent: true };
    const { results } = await client.submitTransactions(request, call);
    const bound = { min: transactions.length, max: transactions.length };
    return wire.list(results, bound, 'results').map(outcomeFromWire);
  }

  return {
    submit,
    transaction: (hash: Hash32, signal) =>
      read(
        (call) => orUndefined(client.getTransaction({ hash: hexToBuffer(hash) }, call).then(transactionFromWire)),
        signal,
      ),
    pendingNonce: (address, signal) =>
      read(async (call) => (await client.getPendingNonce({ address: hexToBuffer(address) }, call)).nonce, signal),
    status: (signal) =>
      read(async (call) => {
        const status = await client.getStatus({}, call);
        return { ...status, nextBaseFeePerGas: wire.quantity(status.nextBaseFeePerGas, 'nextBaseFeePerGas') };
      }, signal),
    safeHeight: async () => (await client.getStatus({}, { deadlineMs: options.readDeadlineMs })).safeHeight,
    certificate: (height) =>
      orUndefined(
        client
          .getCertificate({ height }, { deadlineMs: options.readDeadlineMs })
          .then(({ certificate }) => certificateFromWire(certificate, 'certificate')),
      ),
  };
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isChainError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

function outcomeFromWire(result: sequencerV1.SubmitResult, index: number): SubmitOutcome {
  if (result.accepted) return { accepted: true };
  return {
    accepted: false,
    reason: wire.text(result.reason, 64, `results.${index}.reason`),
    message: wire.text(result.message, 512, `results.${index}.message`),
    retryAfterMs: result.retryAfterMs,
  };
}

function transactionFromWire(response: sequencerV1.GetTransactionResponse): SequencerTransaction {
  return {
    stage: stageFromWire(response.stage),
    raw: wire.bytes(response.transaction, { max: limits.transactionBytesMax }, 'transaction'),
    height: response.height === 0n ? undefined : (response.height as Height),
    reason: wire.text(response.reason, 512, 'reason'),
  };
}

function stageFromWire(stage: sequencerV1.TransactionStage): SequencerStage {
  switch (stage) {
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_PENDING:
      return 'pending';
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_SEALED:
      return 'sealed';
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_INCLUDED:
      return 'included';
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_DROPPED:
      return 'dropped';
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_REPLACED:
      return 'replaced';
    case sequencerV1.TransactionStage.TRANSACTION_STAGE_UNSPECIFIED:
    case sequencerV1.TransactionStage.UNRECOGNIZED:
      throw new ChainError({ code: 'INTERNAL', message: `the sequencer answered with transaction stage ${stage}` });
  }
}
