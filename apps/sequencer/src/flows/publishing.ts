import { blsAggregate, type CryptoWorker } from '@sheaf/crypto';
import { ChainError, type Epoch } from '@sheaf/primitives';
import {
  availableAfterLoss,
  batchDigest,
  columnsToRecover,
  custodyColumns,
  decodePayload,
  packPayloads,
  payloadHash,
  payloadsNamespace,
  type Certificate,
  type DaCommittee,
} from '@sheaf/protocol';
import { pause, type Logger } from '@sheaf/service';
import { batchLength, type BatchBounds } from '../domain/batch.ts';
import type { Clock, CustodyCells, DaNodePort, Ledger, OpenBatch } from '../ports.ts';
import type { ChainView } from './chain-view.ts';

export interface PublishingOptions {
  readonly epoch: Epoch;
  readonly chainId: bigint;
  readonly committee: DaCommittee;
  readonly bounds: BatchBounds;
  /** Least time between the starts of two batches, milliseconds. */
  readonly intervalMs: number;
  /** Batches whose blobs are kept. */
  readonly batchesKept: number;
  /** Waits between tries of a node that fails: doubling between the two, milliseconds. */
  readonly retryMs: { readonly min: number; readonly max: number };
}

export interface PublishingDependencies {
  readonly view: ChainView;
  readonly ledger: Pick<Ledger, 'openBatch' | 'unbatched' | 'createBatch' | 'certify'>;
  /** By committee index. */
  readonly nodes: readonly DaNodePort[];
  readonly crypto: Pick<CryptoWorker, 'blobToCommitment' | 'computeCells' | 'blsVerify'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onCertified: (certified: { payloads: number; blobs: number; durationMs: number }) => void;
}

/** What a late node gets once the certificate is certain. */
const lateGraceMs = 250;

type Signatures = ReadonlyMap<number, Uint8Array>;

/**
 * Publishes until aborted, one batch at a time: what was begun first, then the payloads above it. The batch is durable
 * before anything is sent, so a restart sends the same statement. A failed write rejects, because then the term has to end;
 * a node that fails is tried again for as long as it is needed, and the safe head waits.
 */
export async function runPublishing(
  options: PublishingOptions,
  deps: PublishingDependencies,
  abort: AbortSignal,
): Promise<void> {
  while (!abort.aborted) {
    const startedMs = deps.clock.elapsed();
    const batch = (await deps.ledger.openBatch(options.chainId)) ?? (await beginBatch(options, deps));
    if (!batch) {
      // A payload may have been sealed while the database answered: only sleep when there is none.
      if (deps.view.safe >= deps.view.sealed.height) await deps.view.changed.wait(undefined, abort);
      continue;
    }
    const certificate = await certify(batch, options, deps, abort);
    if (!certificate) return;
    await deps.ledger.certify(options.epoch, certificate, options.batchesKept);
    const { firstHeight, lastHeight } = certificate.statement;
    deps.view.safe = lastHeight;
    deps.view.changed.notify();
    const durationMs = deps.clock.elapsed() - startedMs;
    deps.onCertified({ payloads: Number(lastHeight - firstHeight) + 1, blobs: batch.blobs.length, durationMs });
    await pause(Math.max(0, options.intervalMs - durationMs), abort);
  }
}

/** The next batch, written down; undefined when every payload is in one. */
async function beginBatch(options: PublishingOptions, deps: PublishingDependencies): Promise<OpenBatch | undefined> {
  const { ledger, crypto } = deps;
  const rows = await ledger.unbatched(options.bounds.payloadsMax);
  const payloads = rows
    .slice(
      0,
      batchLength(
        rows.map(({ rlp }) => rlp.length),
        options.bounds,
      ),
    )
    .map(({ rlp }) => decodePayload(rlp));
  const first = payloads[0];
  const last = payloads.at(-1);
  if (!first || !last) return undefined;
  const blobs = packPayloads(payloads);
  const statement = {
    chainId: options.chainId,
    namespace: payloadsNamespace,
    firstHeight: first.height,
    lastHeight: last.height,
    lastPayloadHash: payloadHash(last),
    commitments: await Promise.all(blobs.map((blob) => crypto.blobToCommitment(blob))),
  };
  const batch = { statement, blobs };
  await ledger.createBatch(options.epoch, batch);
  return batch;
}

/** The certificate, as soon as enough nodes signed; undefined when aborted before. */
async function certify(
  batch: OpenBatch,
  options: PublishingOptions,
  deps: PublishingDependencies,
  abort: AbortSignal,
): Promise<Certificate | undefined> {
  const { statement } = batch;
  const extended = await Promise.all(batch.blobs.map((blob) => deps.crypto.computeCells(blob)));
  const signatures = await collect(
    options,
    abort,
    async (node, signal) => {
      const columns = custodyColumns(options.committee, node);
      const blobs = extended.map(({ cells, proofs }) => pick(columns, cells, proofs));
      return storeAndSign(node, batch, blobs, options, deps, signal);
    },
    deps,
  );
  if (!signatures) return undefined;
  const signers = [...signatures.keys()].sort((a, b) => a - b);
  return { statement, signers, signature: blsAggregate(signers.map((signer) => signatures.get(signer)!)) };
}

function pick(columns: number[], cells: readonly Uint8Array[], proofs: readonly Uint8Array[]): CustodyCells {
  return { columns, cells: columns.map((c) => cells[c]!), proofs: columns.map((c) => proofs[c]!) };
}

/** One node's verified signature. */
async function storeAndSign(
  node: number,
  { statement }: OpenBatch,
  blobs: readonly CustodyCells[],
  { committee }: PublishingOptions,
  { nodes, crypto }: PublishingDependencies,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { nodeIndex, signature } = await nodes[node]!.storeBatch(statement, blobs, signal);
  const genuine = await crypto.blsVerify(committee.nodes[node]!.publicKey, batchDigest(statement), signature);
  if (nodeIndex === node && genuine) return signature;
  const message = `data-availability node ${node} answered as node ${nodeIndex} with a signature that is not its own`;
  throw new ChainError({ code: 'DATA_LOSS', message });
}

/**
 * Asks every node, again and again until enough have signed; then calls under way get a moment more, because what a node
 * misses now it has to heal from the others later. Undefined when aborted before enough have signed.
 */
async function collect(
  { committee, retryMs }: PublishingOptions,
  abort: AbortSignal,
  ask: (node: number, signal: AbortSignal) => Promise<Uint8Array>,
  { nodes, log }: PublishingDependencies,
): Promise<Signatures | undefined> {
  const signatures = new Map<number, Uint8Array>();
  const enough = new AbortController();
  const late = new AbortController();
  const signal = AbortSignal.any([abort, late.signal]);
  const retrying = AbortSignal.any([abort, enough.signal]);
  let graceTimer: NodeJS.Timeout | undefined;

  const persist = async (node: number): Promise<void> => {
    for (let waitMs = retryMs.min; !retrying.aborted; waitMs = Math.min(retryMs.max, 2 * waitMs)) {
      try {
        signatures.set(node, await ask(node, signal));
        if (availableAfterLoss(committee, [...signatures.keys()]) < columnsToRecover) return;
        enough.abort();
        graceTimer ??= setTimeout(() => late.abort(), lateGraceMs);
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, node }, 'a data-availability node did not sign');
        await pause(waitMs, retrying);
      }
    }
  };
  await Promise.all(nodes.map((_, node) => persist(node)));
  clearTimeout(graceTimer);
  return enough.signal.aborted ? signatures : undefined;
}
