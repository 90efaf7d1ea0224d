import { nextBaseFee } from '@sheaf/ethereum';
import { bigintToBytes, ChainError, limits } from '@sheaf/primitives';
import { certificateToWire, hexToBuffer, payloadToWire, sequencerV1, toBuffer, wire } from '@sheaf/proto';
import { implement, type Handlers, type ServiceImplementation } from '@sheaf/rpc';
import { pause } from '@sheaf/service';
import type { Outcome } from '../flows/admitting.ts';
import type { Leading } from '../flows/leading.ts';
import type { Term } from '../flows/term.ts';
import type { Ledger } from '../ports.ts';

export interface GrpcDependencies {
  readonly ledger: Pick<Ledger, 'heads' | 'transaction' | 'payloads' | 'certificate' | 'blobs'>;
  readonly leading: () => Leading | undefined;
  readonly chainId: bigint;
}

type SequencerHandlers = Handlers<typeof sequencerV1.SequencerServiceService>;

const uint64Max = 2n ** 64n - 1n;
/** Payloads read at once for a stream: 32 MiB of them at most, and 3.1 MiB of senders. */
const streamReadMax = 16;
const streamPollMs = 250;

/** `sheaf.sequencer.v1`. Reads are answered by every sequencer, what needs the mempool by the leader alone. */
export function createSequencerService(deps: GrpcDependencies): ServiceImplementation {
  return implement(sequencerV1.SequencerServiceService, { ...mempoolMethods(deps), ...logMethods(deps) });
}

function mempoolMethods(
  deps: GrpcDependencies,
): Pick<SequencerHandlers, 'submitTransactions' | 'getPendingNonce' | 'getStatus'> {
  const leader = (): Term => {
    const term = deps.leading()?.term();
    if (term) return term;
    throw new ChainError({ code: 'UNAVAILABLE', message: 'this sequencer does not lead (yet)' });
  };
  return {
    async submitTransactions({ transactions }) {
      const raws = wire.list(transactions, { min: 1, max: limits.submitBatchMax }, 'transactions');
      const outcomes = await leader().admitting.submit(raws);
      return { results: outcomes.map(resultToWire) };
    },
    async getPendingNonce({ address }) {
      return { nonce: await leader().pendingNonce(wire.address(address, 'address')) };
    },
    async getStatus() {
      const term = deps.leading()?.term();
      if (!term) return standbyStatus(deps);
      const { view, mempool, epoch } = term;
      return {
        sealedHeight: view.sealed.height,
        executedHeight: view.executed.height,
        safeHeight: view.safe,
        finalizedHeight: view.finalized,
        epoch,
        mempoolTransactions: BigInt(mempool.size),
        nextBaseFeePerGas: toBuffer(bigintToBytes(nextBaseFee(view.executed.header))),
      };
    },
  };
}

async function standbyStatus({ ledger }: GrpcDependencies): Promise<sequencerV1.GetStatusResponse> {
  const { sealed, safe, progress, waiting } = await ledger.heads();
  return {
    sealedHeight: sealed?.height ?? 0n,
    executedHeight: progress?.executedHeight ?? 0n,
    safeHeight: safe,
    finalizedHeight: progress?.finalizedHeight ?? 0n,
    epoch: 0n,
    mempoolTransactions: BigInt(waiting),
    nextBaseFeePerGas: toBuffer(bigintToBytes(progress ? nextBaseFee(progress.executedHeader) : 0n)),
  };
}

function logMethods(
  deps: GrpcDependencies,
): Omit<SequencerHandlers, 'submitTransactions' | 'getPendingNonce' | 'getStatus'> {
  const { ledger } = deps;
  return {
    async getTransaction(request) {
      const hash = wire.hash(request.hash, 'hash');
      const stored = await ledger.transaction(hash);
      if (!stored) throw missing(`transaction ${hash}`);
      const { stage, raw, height, reason } = stored;
      return { stage: stage as number, transaction: toBuffer(raw), height: height ?? 0n, reason };
    },
    async getPayload(request) {
      const height = heightOf(request.height, 'height');
      const [found] = await ledger.payloads(height, 1);
      if (!found || found.payload.height !== height) throw missing(`payload ${height}`);
      const { payload, hash, senders } = found;
      return { payload: payloadToWire(payload), hash: hexToBuffer(hash), senders: senders && toBuffer(senders) };
    },
    async *streamPayloads(request, { signal }) {
      for (let next = heightOf(request.fromHeight, 'from_height'); !signal.aborted;) {
        const found = await ledger.payloads(next, streamReadMax);
        for (const { payload, hash } of found) {
          // Above the head nothing is sent before the height asked for is there.
          if (payload.height !== next) throw missing(`payload ${next}`);
          yield { payload: payloadToWire(payload), hash: hexToBuffer(hash) };
          next += 1n;
        }
        if (found.length === 0) await nextSeal(deps, next, signal);
      }
    },
    async getCertificate(request) {
      const height = heightOf(request.height, 'height');
      const certificate = await ledger.certificate(height, deps.chainId);
      if (!certificate) throw missing(`a certificate for height ${height}`);
      return { certificate: certificateToWire(certificate) };
    },
    async getBatch(request) {
      const height = heightOf(request.height, 'height');
      const blobs = await ledger.blobs(height);
      if (!blobs) throw missing(`the batch of height ${height} (not certified yet, or pruned)`);
      return { blobs: blobs.map(toBuffer) };
    },
  };
}

/** Resolves when that height may have been sealed: at once on the leader, at the next look on a standby. */
async function nextSeal({ leading }: GrpcDependencies, next: bigint, signal: AbortSignal): Promise<void> {
  const view = leading()?.term()?.view;
  if (!view) return pause(streamPollMs, signal);
  while (view.sealed.height < next && leading()?.term()?.view === view && !signal.aborted) {
    await view.changed.wait(streamPollMs, signal);
  }
}

function resultToWire(outcome: Outcome): sequencerV1.SubmitResult {
  const hash = outcome.hash ? hexToBuffer(outcome.hash) : Buffer.alloc(0);
  if (!outcome.accepted) return { hash, accepted: false, ...outcome.refusal };
  return { hash, accepted: true, reason: '', message: outcome.known ? 'already known' : '', retryAfterMs: 0 };
}

function heightOf(value: bigint, field: string): bigint {
  return wire.integer(value, { min: 1n, max: uint64Max / 2n }, field);
}

function missing(what: string): ChainError {
  return new ChainError({ code: 'NOT_FOUND', message: `${what} is not here` });
}
