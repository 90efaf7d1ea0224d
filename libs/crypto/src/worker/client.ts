import { ChainError, toAddress, type Address } from '@sheaf/primitives';
import { Worker } from 'node:worker_threads';
import { kzg } from '../kzg-sizes.ts';
import { requireLength } from '../secp256k1.ts';
import {
  pack,
  senderItemBytes,
  senderResultBytes,
  unpack,
  type CryptoJob,
  type CryptoRequest,
  type CryptoResponse,
  type CryptoWorkerData,
} from './messages.ts';

/** A signature whose signer is wanted. Each array 32 bytes, big-endian. */
export interface SenderItem {
  digest: Uint8Array;
  r: Uint8Array;
  s: Uint8Array;
  yParity: 0 | 1;
}

export interface CryptoWorkerOptions {
  /** The app's bundle: its main file calls `serveCryptoWorker` for this kind of worker. */
  workerFile: string;
  /** Load the KZG trusted setup: 2.3 s of CPU. Without it the four KZG jobs are refused. */
  kzg: boolean;
  /** Jobs under way or waiting; default 256. */
  queueMax?: number;
  /** Bytes of arguments under way or waiting; default 64 MiB. */
  queueBytesMax?: number;
}

/**
 * The slow cryptography in a thread of its own. Jobs run one after another in the order asked.
 * Every method leaves its arguments untouched and rejects with ChainError `INVALID_ARGUMENT` for a wrong length or
 * count, `LIMIT` when the queue is full, `UNAVAILABLE` once the worker crashed or was closed.
 */
export interface CryptoWorker {
  /** One address an item, in order; undefined where no key made the signature. */
  recoverSenders(items: SenderItem[]): Promise<(Address | undefined)[]>;
  /** As the function of this name. */
  blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** As the function of this name. */
  blsFastAggregateVerify(publicKeys: Uint8Array[], message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** 48 bytes. `blob`: 131,072 bytes; `INVALID_ARGUMENT` when a field element is not below the modulus. */
  blobToCommitment(blob: Uint8Array): Promise<Uint8Array>;
  /** 128 cells of 2,048 bytes and their proofs of 48, by column. The cells share one buffer. */
  computeCells(blob: Uint8Array): Promise<{ cells: Uint8Array[]; proofs: Uint8Array[] }>;
  /** True when every cell is what its commitment has in its column. One commitment, column and proof a cell; none is true. */
  verifyCells(
    commitments: Uint8Array[],
    columns: number[],
    cells: Uint8Array[],
    proofs: Uint8Array[],
  ): Promise<boolean>;
  /**
   * The blob from 64 or more of its cells, columns rising. The cells must have been verified: whether the result is the
   * blob of a commitment is not checked here.
   */
  recoverBlob(columns: number[], cells: Uint8Array[]): Promise<Uint8Array>;
  /** Ends the thread; what is pending rejects with `UNAVAILABLE`. Idempotent. */
  close(): Promise<void>;
}

export interface CryptoWorkerEvents {
  /** Called once when a warm worker crashed. It does not come back: the owner stops, and whoever supervises it starts it anew. */
  onLost?(error: ChainError): void;
}

/**
 * Starts the worker and resolves when it is warm.
 * @throws ChainError `UNAVAILABLE` when the worker ends or fails before that
 */
export async function createCryptoWorker(
  options: CryptoWorkerOptions,
  events: CryptoWorkerEvents = {},
): Promise<CryptoWorker> {
  const channel = await openChannel(options, events);
  const flag = async (job: CryptoJob) => (await channel.ask(job)).flag;
  const bytes = async (job: CryptoJob) => (await channel.ask(job)).bytes;
  return {
    async recoverSenders(items) {
      const [results] = await bytes({ op: 'recoverSenders', items: packSenders(items) });
      return unpack(results!, senderResultBytes).map((result) =>
        result[0] === 1 ? toAddress(result.subarray(1)) : undefined,
      );
    },
    blsVerify: (publicKey, message, signature) =>
      flag({ op: 'blsVerify', publicKey: pack([publicKey]), message: pack([message]), signature: pack([signature]) }),
    async blsFastAggregateVerify(publicKeys, message, signature) {
      // A key of another length would shift the ones after it in the packed array.
      if (publicKeys.some((key) => key.length !== 48)) return false;
      return flag({
        op: 'blsFastAggregateVerify',
        publicKeys: pack(publicKeys),
        message: pack([message]),
        signature: pack([signature]),
      });
    },
    async blobToCommitment(blob) {
      requireLength(blob, kzg.blobBytes, 'blob');
      return (await bytes({ op: 'blobToCommitment', blob: pack([blob]) }))[0]!;
    },
    async computeCells(blob) {
      requireLength(blob, kzg.blobBytes, 'blob');
      const [cells, proofs] = await bytes({ op: 'computeCells', blob: pack([blob]) });
      return { cells: unpack(cells!, kzg.cellBytes), proofs: unpack(proofs!, kzg.proofBytes) };
    },
    async verifyCells(commitments, columns, cells, proofs) {
      requireLengths(commitments, columns.length, kzg.commitmentBytes, 'commitments');
      requireLengths(cells, columns.length, kzg.cellBytes, 'cells');
      requireLengths(proofs, columns.length, kzg.proofBytes, 'proofs');
      columns.forEach((column, index) => requireColumn(column, `columns.${index}`));
      if (columns.length === 0) return true;
      const packed = { commitments: pack(commitments), cells: pack(cells), proofs: pack(proofs) };
      return flag({ op: 'verifyCells', columns, ...packed });
    },
    async recoverBlob(columns, cells) {
      requireLengths(cells, columns.length, kzg.cellBytes, 'cells');
      columns.forEach((column, index) => {
        requireColumn(column, `columns.${index}`);
        if (index > 0 && column <= columns[index - 1]!) invalid(`columns.${index}`, 'must rise');
      });
      if (columns.length < kzg.columnsToRecover) invalid('columns', `must be at least ${kzg.columnsToRecover}`);
      return (await bytes({ op: 'recoverBlob', columns, cells: pack(cells) }))[0]!;
    },
    close: () => channel.close(),
  };
}

interface Pending {
  bytes: number;
  resolve(answer: { flag: boolean; bytes: Uint8Array[] }): void;
  reject(error: ChainError): void;
}

interface Channel {
  ask(job: CryptoJob): Promise<{ flag: boolean; bytes: Uint8Array[] }>;
  close(): Promise<void>;
}

async function openChannel(options: CryptoWorkerOptions, events: CryptoWorkerEvents): Promise<Channel> {
  const { queueMax = 256, queueBytesMax = 67_108_864 } = options;
  const pending = new Map<number, Pending>();
  let pendingBytes = 0;
  let lastId = 0;
  let ended: ChainError | undefined;
  let isWarm = false;
  let warm: () => void = () => undefined;
  let cold: (error: ChainError) => void = () => undefined;

  const workerData: CryptoWorkerData = { kind: 'crypto', kzg: options.kzg };
  const worker = new Worker(options.workerFile, { workerData, name: 'crypto' });
  const ready = new Promise<void>((resolve, reject) => {
    warm = resolve;
    cold = reject;
  });

  const end = (message: string, cause?: unknown): ChainError | undefined => {
    if (ended) return undefined;
    ended = new ChainError({ code: 'UNAVAILABLE', message }, { cause });
    cold(ended);
    for (const job of pending.values()) job.reject(ended);
    pending.clear();
    pendingBytes = 0;
    return ended;
  };
  const lose = (message: string, cause?: unknown) => {
    const error = end(message, cause);
    if (error && isWarm) events.onLost?.(error);
  };
  const settle = (id: number): Pending | undefined => {
    const job = pending.get(id);
    pending.delete(id);
    pendingBytes -= job?.bytes ?? 0;
    return job;
  };
  worker.on('message', (response: CryptoResponse) => {
    if (response.kind === 'ready') {
      isWarm = true;
      return warm();
    }
    const job = settle(response.id);
    if (response.kind === 'flag') job?.resolve({ flag: response.value, bytes: [] });
    else if (response.kind === 'bytes') job?.resolve({ flag: false, bytes: response.value });
    else job?.reject(new ChainError({ code: 'INVALID_ARGUMENT', field: response.field, message: response.message }));
  });
  worker.on('error', (error) => lose(`crypto worker failed: ${error.message}`, error));
  worker.on('messageerror', (error) => lose(`crypto worker sent what cannot be read: ${error.message}`, error));
  worker.on('exit', (code) => lose(`crypto worker ended with exit code ${code}`));
  await ready;

  return {
    ask: (job) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const transfer = buffersOf(job);
        const bytes = transfer.reduce((total, buffer) => total + buffer.byteLength, 0);
        // A job larger than the whole bound still passes when nothing waits; it could never run otherwise.
        if (pending.size >= queueMax || (pending.size > 0 && pendingBytes + bytes > queueBytesMax)) {
          return reject(new ChainError({ code: 'LIMIT', message: 'crypto worker queue is full', retryAfterMs: 100 }));
        }
        const request: CryptoRequest = { id: ++lastId, job };
        pending.set(request.id, { bytes, resolve, reject });
        pendingBytes += bytes;
        worker.postMessage(request, transfer);
      }),
    async close() {
      end('crypto worker is closed');
      await worker.terminate();
    },
  };
}

function buffersOf(job: CryptoJob): ArrayBuffer[] {
  const values: unknown[] = Object.values(job);
  return values.filter((value) => value instanceof Uint8Array).map((array) => array.buffer as ArrayBuffer);
}

function packSenders(items: SenderItem[]): Uint8Array {
  const packed = new Uint8Array(items.length * senderItemBytes);
  items.forEach((item, index) => {
    requireLength(item.digest, 32, `items.${index}.digest`);
    requireLength(item.r, 32, `items.${index}.r`);
    requireLength(item.s, 32, `items.${index}.s`);
    const offset = index * senderItemBytes;
    packed.set(item.digest, offset);
    packed.set(item.r, offset + 32);
    packed.set(item.s, offset + 64);
    packed[offset + 96] = item.yParity;
  });
  return packed;
}

function requireLengths(arrays: Uint8Array[], count: number, length: number, field: string): void {
  if (arrays.length !== count) invalid(field, `must be ${count}, one a column`);
  arrays.forEach((array, index) => requireLength(array, length, `${field}.${index}`));
}

function requireColumn(column: number, field: string): void {
  if (!Number.isInteger(column) || column < 0 || column >= kzg.columns) invalid(field, 'must be between 0 and 127');
}

function invalid(field: string, rule: string): never {
  throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
