/** What a crypto worker is started with. */
export interface CryptoWorkerData {
  kind: 'crypto';
  kzg: boolean;
}

/** True for the `workerData` of a worker that `createCryptoWorker` started: the app's main file dispatches by it. */
export function isCryptoWorker(workerData: unknown): workerData is CryptoWorkerData {
  return typeof workerData === 'object' && workerData !== null && 'kind' in workerData && workerData.kind === 'crypto';
}

/** A signature to recover is 32 bytes of digest, 32 of r, 32 of s, 1 of yParity. */
export const senderItemBytes = 97;
/** An answer is 1 byte (1: recovered) and 20 of address. */
export const senderResultBytes = 21;

/**
 * One job. Lists of equally long things travel as one packed array with a buffer of its own, which is transferred:
 * cloning a view would copy the whole buffer beneath it, such as a 16 MiB gRPC message.
 */
export type CryptoJob =
  | { op: 'recoverSenders'; items: Uint8Array }
  | { op: 'blsVerify'; publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }
  | { op: 'blsFastAggregateVerify'; publicKeys: Uint8Array; message: Uint8Array; signature: Uint8Array }
  | { op: 'blobToCommitment'; blob: Uint8Array }
  | { op: 'computeCells'; blob: Uint8Array }
  | { op: 'verifyCells'; commitments: Uint8Array; columns: number[]; cells: Uint8Array; proofs: Uint8Array }
  | { op: 'recoverBlob'; columns: number[]; cells: Uint8Array };

/** To the worker. */
export interface CryptoRequest {
  id: number;
  job: CryptoJob;
}

/** From the worker. `ready` comes once, first. */
export type CryptoResponse =
  | { kind: 'ready' }
  | { kind: 'flag'; id: number; value: boolean }
  | { kind: 'bytes'; id: number; value: Uint8Array[] }
  | { kind: 'failed'; id: number; field: string; message: string };

/** The parts in order in one array with a buffer of its own. */
export function pack(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    packed.set(part, offset);
    offset += part.length;
  }
  return packed;
}

/** The inverse of `pack` for parts of one length: views, not copies. */
export function unpack(packed: Uint8Array, partBytes: number): Uint8Array[] {
  return Array.from({ length: packed.length / partBytes }, (_, index) =>
    packed.subarray(index * partBytes, (index + 1) * partBytes),
  );
}
