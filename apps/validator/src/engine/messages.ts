import type { Payload } from '@sheaf/protocol';
import type { PayloadReference } from '../ports.ts';

/** What an engine worker is started with. */
export interface EngineWorkerData {
  kind: 'engine';
  /** JSON of the chain's specification. */
  spec: unknown;
  /** Whether jobs wait until the trusted setup of point evaluation is loaded. */
  warmPointEvaluation: boolean;
}

/** True for the `workerData` of a worker that `createEngineWorker` started. */
export function isEngineWorker(workerData: unknown): workerData is EngineWorkerData {
  return typeof workerData === 'object' && workerData !== null && 'kind' in workerData && workerData.kind === 'engine';
}

/** Byte strings in one buffer, so that they are transferred and not copied one by one. */
export interface Packed {
  bytes: Uint8Array<ArrayBuffer>;
  lengths: number[];
}

export function pack(parts: readonly Uint8Array[]): Packed {
  const lengths = parts.map((part) => part.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes, lengths };
}

export function unpack({ bytes, lengths }: Packed): Uint8Array[] {
  let offset = 0;
  return lengths.map((length) => bytes.subarray(offset, (offset += length)));
}

/** A payload with its transactions packed. */
export type PackedPayload = Omit<Payload, 'transactions'> & { transactions: Packed };

export type EngineJob =
  | { op: 'genesis' }
  | { op: 'unpack'; blobs: Packed }
  | {
      op: 'execute';
      payload: PackedPayload;
      payloadHash: string;
      parent: Uint8Array;
      headers: Packed;
      /** The state's witness, alone in its buffer. */
      state: Uint8Array<ArrayBuffer>;
    };

export interface EngineRequest {
  id: number;
  job: EngineJob;
}

export type EngineAnswer =
  | { kind: 'header'; header: Uint8Array }
  | { kind: 'references'; references: PayloadReference[] }
  | { kind: 'failed'; code: string; message: string };

export interface EngineResponse {
  id: number;
  answer: EngineAnswer;
}
