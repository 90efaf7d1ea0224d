import { ChainError, type Height } from '@sheaf/primitives';
import { payloadsNamespace } from '@sheaf/protocol';
import {
  batchStatementFromWire,
  batchStatementToWire,
  cellsFromWire,
  cellsToWire,
  columnsFromWire,
  daV1,
  namespaceFromWire,
  toBuffer,
  wire,
} from '@sheaf/proto';
import { implement, type ServiceImplementation } from '@sheaf/rpc';
import type { Custodian } from '../domain/custodian.ts';
import type { Gate } from '@sheaf/service';
import type { BatchRepository } from '../ports.ts';

/** PostgreSQL's bigint; far above any height of a chain. */
const heightMax = 2n ** 63n - 1n;

/** sheaf.da.v1 over the domain. Writes and reads pass gates of their own, so that neither can starve the other. */
export function createDataAvailabilityService(
  options: { nodeIndex: number; columns: number[] },
  dependencies: { custodian: Custodian; repository: BatchRepository; writes: Gate; reads: Gate },
): ServiceImplementation {
  const { custodian, repository, writes, reads } = dependencies;
  return implement(daV1.DataAvailabilityServiceService, {
    async storeBatch(request) {
      const statement = batchStatementFromWire(request.statement, 'statement');
      wire.integer<bigint>(statement.lastHeight, { min: 1n, max: heightMax }, 'statement.lastHeight');
      const count = statement.commitments.length;
      const blobs = wire
        .list(request.blobs, { min: count, max: count }, 'blobs')
        .map((blob, index) => cellsFromWire(blob.cells, `blobs.${index}.cells`));
      const signature = await writes.run(() => custodian.storeBatch(statement, blobs));
      return { nodeIndex: options.nodeIndex, signature: toBuffer(signature) };
    },

    async getCells(request) {
      const commitment = wire.bytes(request.commitment, { length: 48 }, 'commitment');
      const columns = columnsFromWire(request.columns, { min: 1 }, 'columns');
      const cells = await reads.run(() => repository.cells(commitment, columns));
      if (!cells) throw new ChainError({ code: 'NOT_FOUND', message: 'no blob with this commitment is stored here' });
      return { cells: cellsToWire(cells) };
    },

    async getBatch(request) {
      const namespace = namespaceFromWire(request.namespace, 'namespace');
      const height = wire.integer(request.height, { min: 1n, max: heightMax }, 'height');
      const batch = await reads.run(() => repository.findOverlap(namespace, height, height));
      if (!batch)
        throw new ChainError({ code: 'NOT_FOUND', message: `no batch covers height ${height} of ${namespace}` });
      return { statement: batchStatementToWire(batch.statement) };
    },

    async getStatus() {
      const { height, blobs } = await reads.run(() => repository.counts(payloadsNamespace));
      return { nodeIndex: options.nodeIndex, columns: options.columns, height: height as Height, blobs };
    },
  });
}
