import { decodeHeader } from '@sheaf/ethereum';
import { ChainError, toHeight } from '@sheaf/primitives';
import {
  blockFromWire,
  blockRefFromWire,
  blockRefToWire,
  blockSelectorToWire,
  executionV1,
  snapshotV1,
  toBuffer,
  wire,
} from '@sheaf/proto';
import { createRpcClient, type RpcClientDependencies, type TlsFiles } from '@sheaf/rpc';
import { decodeAnswer, decodeTops, encodeWant } from '@sheaf/state';
import { snapshotLimits } from '../snapshot-limits.ts';
import type { SnapshotSource } from '../snapshot-ports.ts';

/** A member at an address as a source of its state. Connects at the first question. */
export function connectSource(
  { address, tls }: { address: string; tls?: TlsFiles | undefined },
  deps: RpcClientDependencies,
): SnapshotSource {
  // Whoever asks has others to ask, and comes again.
  const options = { address, tls, retry: { attemptsMax: 1 } };
  const snapshots = createRpcClient(snapshotV1.SnapshotServiceService, options, deps);
  const blocks = createRpcClient(executionV1.ExecutionServiceService, options, deps);
  const limitsOf = (signal: AbortSignal) => ({ deadlineMs: snapshotLimits.requestMsMax, signal });
  return {
    name: address,
    async status(signal) {
      const status = await snapshots.getSnapshotStatus({}, limitsOf(signal));
      const first = wire.integer(status.firstBucket, { min: 0, max: 255 }, 'status.firstBucket');
      const count = wire.integer(status.buckets, { min: 1, max: 256 - first }, 'status.buckets');
      return {
        genesisHash: wire.hash(status.genesisHash, 'status.genesisHash'),
        buckets: { first, end: first + count },
        state: status.empty
          ? undefined
          : {
              head: blockRefFromWire(status.head, 'status.head'),
              oldest: toHeight(status.oldestStateHeight, 'status.oldestStateHeight'),
              followFrom: toHeight(status.followFromHeight, 'status.followFromHeight'),
            },
      };
    },
    async headers(height, signal) {
      const { headers } = await snapshots.getSnapshotHeaders({ height }, limitsOf(signal));
      return wire
        .list(headers, { min: 1, max: snapshotLimits.headersMax }, 'headers')
        .map((header, at) =>
          decodeHeader(wire.bytes(header, { min: 1, max: snapshotLimits.headerBytesMax }, `headers.${at}`).slice()),
        );
    },
    async tops(block, signal) {
      const { first, tops } = await snapshots.getSnapshotTops({ block: blockRefToWire(block) }, limitsOf(signal));
      return decodeTops(first, tops, 'tops');
    },
    async *parts(block, wants, signal) {
      const request = { block: blockRefToWire(block), wants: wants.map((want) => toBuffer(encodeWant(want))) };
      const call = { deadlineMs: snapshotLimits.streamMsMax, signal };
      let answers = 0;
      for await (const { answer } of snapshots.streamSnapshotParts(request, call)) {
        if (answers === wants.length) throw wrong(`more than the ${wants.length} answers that were asked for`);
        answers += 1;
        yield decodeAnswer(wire.bytes(answer, { min: 1, max: snapshotLimits.answerBytesMax }, 'answer'));
      }
      if (answers < wants.length) throw wrong(`${answers} answers where ${wants.length} were asked for`);
    },
    async block(height, signal) {
      const block = blockSelectorToWire({ kind: 'height', height });
      const record = blockFromWire((await blocks.getBlock({ block }, limitsOf(signal))).block, 'block');
      return { ...record, height: toHeight(record.height) };
    },
    close() {
      snapshots.close();
      blocks.close();
    },
  };
}

function wrong(what: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `the stream has ${what}` });
}
