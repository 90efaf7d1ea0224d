import { wire, type settlementV1 } from '@sheaf/proto';
import type { RpcClient } from '@sheaf/rpc';
import type { SettlementPort } from '../ports.ts';

/** The settlement service over gRPC. */
export function createSettlementPort(
  options: { deadlineMs: number },
  deps: { client: RpcClient<typeof settlementV1.SettlementServiceService> },
): SettlementPort {
  return {
    async finalizedHeight() {
      const { finalized } = await deps.client.getStatus({}, options);
      return wire.required(finalized, 'response.finalized').height;
    },
  };
}
