import { ChainError, limits } from '@sheaf/primitives';
import { batchStatementFromWire, batchStatementToWire, daV1, toBuffer, wire } from '@sheaf/proto';
import { implement, type ServiceImplementation } from '@sheaf/rpc';
import type { Custodian } from '../domain/custodian.ts';
import type { Gate } from '../domain/gate.ts';
import type { BatchRepository, CustodyCell } from '../ports.ts';

const namespacePattern = /^[a-z0-9-]{1,64}$/;
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
      requireHeight(statement.lastHeight, 'statement.last_height');
      const blobs = blobsFromWire(request.blobs, statement.commitments.length);
      const signature = await writes.run(() => custodian.storeBatch(statement, blobs));
      return { nodeIndex: options.nodeIndex, signature: toBuffer(signature) };
    },

    async getCells(request) {
      const commitment = wire.bytes(request.commitment, { length: 48 }, 'commitment');
      const columns = columnsFromWire(request.columns);
      const cells = await reads.run(() => repository.cells(commitment, columns));
      if (!cells) throw new ChainError({ code: 'NOT_FOUND', message: 'no blob with this commitment is stored here' });
      return { cells: cells.map(({ column, cell, proof }) => ({ column, cell: toBuffer(cell), proof: toBuffer(proof) })) };
    },

    async getBatch(request) {
      if (!namespacePattern.test(request.namespace)) {
        throw invalid('namespace', 'must be 1 to 64 characters of [a-z0-9-]');
      }
      const height = requireHeight(request.height, 'height');
      const batch = await reads.run(() => repository.findOverlap(request.namespace, height, height));
      if (!batch) throw new ChainError({ code: 'NOT_FOUND', message: `no batch covers height ${height} of ${request.namespace}` });
      return { statement: batchStatementToWire(batch.statement) };
    },

    async getStatus() {
      const { height, blobs } = await reads.run(() => repository.counts('payloads'));
      return { nodeIndex: options.nodeIndex, columns: options.columns, height, blobs };
    },
  });
}

function blobsFromWire(blobs: daV1.BlobCells[], count: number): CustodyCell[][] {
  return wire.list(blobs, { min: count, max: count }, 'blobs').map((blob, at) =>
    wire.list(blob.cells, { min: 1, max: limits.cellsPerRequestMax }, `blobs[${at}].cells`).map((cell, position) => {
      const field = `blobs[${at}].cells[${position}]`;
      return {
        column: requireColumn(cell.column, `${field}.column`),
        cell: wire.bytes(cell.cell, { length: 2048 }, `${field}.cell`),
        proof: wire.bytes(cell.proof, { length: 48 }, `${field}.proof`),
      };
    }),
  );
}

function columnsFromWire(columns: number[]): number[] {
  wire.list(columns, { min: 1, max: limits.cellsPerRequestMax }, 'columns').forEach((column, at) => requireColumn(column, `columns[${at}]`));
  if (new Set(columns).size !== columns.length) throw invalid('columns', 'must not name a column twice');
  return columns;
}

function requireColumn(column: number, field: string): number {
  if (!Number.isInteger(column) || column < 0 || column > 127) throw invalid(field, 'must be 0 to 127');
  return column;
}

function requireHeight(height: bigint, field: string): bigint {
  if (height < 1n || height > heightMax) throw invalid(field, 'must be 1 to 2^63-1');
  return height;
}

function invalid(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
