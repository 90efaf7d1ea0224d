import { blockRefFromWire, finalityFromWire, type settlementV1 } from '@sheaf/proto';
import type { RpcClient } from '@sheaf/rpc';
import type { Head } from '../ports.ts';

/** What settlement has finalized. */
export interface Finalized {
  /** Height of the last final block; 0 until the first. */
  head(): Promise<bigint>;
  /** The final block at a height. @throws ChainError `NOT_FOUND` when it is not final */
  at(height: bigint): Promise<Head>;
}

export function createSettlement(
  options: { readDeadlineMs: number },
  deps: { client: RpcClient<settlementV1.SettlementServiceService> },
): Finalized {
  const call = { deadlineMs: options.readDeadlineMs };
  return {
    async head() {
      const { finalized } = await deps.client.getStatus({}, call);
      return finalized === undefined ? 0n : blockRefFromWire(finalized, 'finalized').height;
    },
    async at(height) {
      const { finality } = await deps.client.getFinality({ height }, call);
      const { height: found, blockHash } = finalityFromWire(finality, 'finality');
      return { height: found, hash: blockHash };
    },
  };
}
