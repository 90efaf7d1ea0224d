import { batchStatementToWire, cellsToWire, wire, type daV1 } from '@sheaf/proto';
import type { RpcClient } from '@sheaf/rpc';
import type { DaNodePort } from '../ports.ts';

/** One data-availability node over gRPC. */
export function createDaNodePort(
  options: { deadlineMs: number },
  deps: { client: RpcClient<typeof daV1.DataAvailabilityServiceService> },
): DaNodePort {
  return {
    async storeBatch(statement, blobs, signal) {
      const request = {
        statement: batchStatementToWire(statement),
        blobs: blobs.map(({ columns, cells, proofs }) => ({
          cells: cellsToWire(columns.map((column, i) => ({ column, cell: cells[i]!, proof: proofs[i]! }))),
        })),
      };
      const response = await deps.client.storeBatch(request, { deadlineMs: options.deadlineMs, signal });
      const signature = wire.bytes(response.signature, { length: 96 }, 'response.signature');
      return { nodeIndex: response.nodeIndex, signature };
    },
  };
}
