import { ChainError, isChainError, toHash32 } from '@sheaf/primitives';
import { payloadFromWire, sendersFromWire, type sequencerV1 } from '@sheaf/proto';
import { payloadHash } from '@sheaf/protocol';
import type { RpcClient } from '@sheaf/rpc';
import type { PayloadSource } from '../ports.ts';

const deadlineMs = 5_000;

/** Payloads over gRPC. `reachable()` tells whether the last question was answered. */
export function createPayloadSource(
  client: RpcClient<typeof sequencerV1.SequencerServiceService>,
): PayloadSource & { reachable(): boolean } {
  let reachable = false;
  const ask = async <T>(question: Promise<T>): Promise<T> => {
    try {
      const answer = await question;
      reachable = true;
      return answer;
    } catch (error) {
      reachable = !isChainError(error, 'UNAVAILABLE') && !isChainError(error, 'DEADLINE');
      throw error;
    }
  };
  return {
    reachable: () => reachable,
    async head() {
      return (await ask(client.getStatus({}, { deadlineMs }))).sealedHeight;
    },
    async payload(height) {
      const answer = await ask(client.getPayload({ height }, { deadlineMs }));
      const payload = payloadFromWire(answer.payload, 'payload');
      const hash = payloadHash(payload);
      if (hash !== toHash32(answer.hash, 'hash') || payload.height !== height) {
        throw new ChainError({
          code: 'DATA_LOSS',
          message: `the sequencer's payload ${height} does not match its hash`,
        });
      }
      const senders = sendersFromWire(answer.senders, payload.transactions.length, 'senders');
      return { payload, hash, ...(senders && { senders }) };
    },
  };
}
