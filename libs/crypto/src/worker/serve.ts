import type { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { hexToBytes } from '@sheaf/primitives';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { blsFastAggregateVerify, blsVerify } from '../bls.ts';
import { kzg } from '../kzg-sizes.ts';
import { publicKeyToAddress, recoverPublicKey } from '../secp256k1.ts';
import {
  isCryptoWorker,
  pack,
  senderItemBytes,
  senderResultBytes,
  unpack,
  type CryptoJob,
  type CryptoRequest,
  type CryptoResponse,
} from './messages.ts';

/**
 * The worker's side: answers jobs until the thread is ended. Call it from the app's main file when
 * `isCryptoWorker(workerData)`.
 * @throws Error on the main thread, or in a worker of another kind
 */
export function serveCryptoWorker(): void {
  const port = parentPort;
  if (isMainThread || !port || !isCryptoWorker(workerData)) throw new Error('this thread is no crypto worker');
  const send = (response: CryptoResponse, transfer: ArrayBuffer[] = []) => port.postMessage(response, transfer);
  const start = async (withKzg: boolean) => {
    const context = withKzg ? await loadKzg() : undefined;
    port.on('message', ({ id, job }: CryptoRequest) => {
      const answer = run(job, context);
      if (typeof answer === 'boolean') send({ kind: 'flag', id, value: answer });
      else if (Array.isArray(answer))
        send(
          { kind: 'bytes', id, value: answer },
          answer.map((bytes) => bytes.buffer),
        );
      else send({ kind: 'failed', id, ...answer });
    });
    send({ kind: 'ready' });
  };
  // A rejection here ends the thread, which its owner sees as UNAVAILABLE.
  void start(workerData.kzg);
}

/** Without the precomputed tables: they cost seconds of start and much memory. */
async function loadKzg(): Promise<DasContextJs> {
  const { DasContextJs } = await import('@crate-crypto/node-eth-kzg');
  return DasContextJs.create({ usePrecomp: false });
}

type Refusal = { field: string; message: string };
/** Arrays of an answer each have a buffer of their own, so that it can be transferred. */
type Answer = boolean | Uint8Array<ArrayBuffer>[] | Refusal;

function run(job: CryptoJob, context: DasContextJs | undefined): Answer {
  switch (job.op) {
    case 'recoverSenders':
      return [recoverSenders(job.items)];
    case 'blsVerify':
      return blsVerify(job.publicKey, job.message, job.signature);
    case 'blsFastAggregateVerify':
      return blsFastAggregateVerify(unpack(job.publicKeys, 48), job.message, job.signature);
    default:
      return context
        ? runKzg(job, context)
        : { field: 'kzg', message: 'this crypto worker was started without the KZG trusted setup' };
  }
}

type KzgJob = Extract<CryptoJob, { op: 'blobToCommitment' | 'computeCells' | 'verifyCells' | 'recoverBlob' }>;

function runKzg(job: KzgJob, context: DasContextJs): Answer {
  switch (job.op) {
    case 'blobToCommitment':
      return refuse('blob', () => [pack([context.blobToKzgCommitment(job.blob)])]);
    case 'computeCells':
      return refuse('blob', () => {
        const { cells, proofs } = context.computeCellsAndKzgProofs(job.blob);
        return [pack(cells), pack(proofs)];
      });
    case 'verifyCells':
      return verifyCells(job, context);
    case 'recoverBlob':
      return refuse('cells', () => [recoverBlob(job.columns, unpack(job.cells, kzg.cellBytes), context)]);
  }
}

function verifyCells(job: Extract<KzgJob, { op: 'verifyCells' }>, context: DasContextJs): boolean {
  try {
    return context.verifyCellKzgProofBatch(
      unpack(job.commitments, kzg.commitmentBytes),
      job.columns,
      unpack(job.cells, kzg.cellBytes),
      unpack(job.proofs, kzg.proofBytes),
    );
  } catch {
    // Lengths were checked, so this is a point off its curve or subgroup, or an element above the modulus.
    return false;
  }
}

function recoverBlob(columns: number[], cells: Uint8Array[], context: DasContextJs): Uint8Array<ArrayBuffer> {
  // The first half of the extended blob is the blob itself, so recovery is needed only when part of it is missing.
  const systematic = columns[kzg.columnsToRecover - 1] === kzg.columnsToRecover - 1;
  const all = systematic ? cells : context.recoverCellsAndKzgProofs(columns, cells).cells;
  return pack(all.slice(0, kzg.columnsToRecover));
}

function recoverSenders(items: Uint8Array): Uint8Array<ArrayBuffer> {
  const signatures = unpack(items, senderItemBytes);
  const results = new Uint8Array(signatures.length * senderResultBytes);
  signatures.forEach((item, index) => {
    const signature = { r: item.subarray(32, 64), s: item.subarray(64, 96), yParity: item[96] as 0 | 1 };
    try {
      const address = publicKeyToAddress(recoverPublicKey(item.subarray(0, 32), signature));
      results.set([1, ...hexToBytes(address)], index * senderResultBytes);
    } catch {
      // Stays zero: no key made this signature.
    }
  });
  return results;
}

function refuse(field: string, work: () => Uint8Array<ArrayBuffer>[]): Answer {
  try {
    return work();
  } catch (error) {
    return { field, message: `${field} refused by KZG: ${error instanceof Error ? error.message : String(error)}` };
  }
}
