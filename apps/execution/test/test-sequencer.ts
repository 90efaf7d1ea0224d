// A sequencer's gRPC face over a list of payloads: nothing is ordered here, it only answers and announces.
import type { Bus } from '@sheaf/bus';
import { ChainError } from '@sheaf/primitives';
import { encodePayloadAnnouncement, hexToBuffer, payloadToWire, sendersToWire, sequencerV1 } from '@sheaf/proto';
import { createRpcServer, implement, type Handlers } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import type { Sealed } from './reference-chain.ts';

type Methods = Handlers<typeof sequencerV1.SequencerServiceService>;

/** Serves what `sealed` holds at the time of the question; `port` 0 takes a free one. */
export async function startTestSequencer(sealed: Sealed[]) {
  const { log, metrics } = testContext({});
  const none = async (): Promise<never> => {
    throw new ChainError({ code: 'NOT_FOUND', message: 'not part of this test' });
  };
  const handlers = {
    submitTransactions: none,
    getTransaction: none,
    getPendingNonce: none,
    getCertificate: none,
    getBatch: none,
    streamPayloads: none as never,
    getStatus: async () => ({
      sealedHeight: sealed.at(-1)?.payload.height ?? 0n,
      executedHeight: 0n,
      safeHeight: 0n,
      finalizedHeight: 0n,
      epoch: 1n,
      mempoolTransactions: 0n,
      nextBaseFeePerGas: Buffer.alloc(0),
    }),
    async getPayload({ height }: { height: bigint }) {
      const found = sealed.find(({ payload }) => payload.height === height);
      if (found === undefined) throw new ChainError({ code: 'NOT_FOUND', message: `no payload ${height}` });
      const { payload, hash, senders } = found;
      return { payload: payloadToWire(payload), hash: hexToBuffer(hash), senders: senders && sendersToWire(senders) };
    },
  } as unknown as Methods;
  const server = createRpcServer(
    { host: '127.0.0.1', port: 0 },
    { log, metrics, services: [implement(sequencerV1.SequencerServiceService, handlers)] },
  );
  const port = await server.start();
  return { address: `127.0.0.1:${port}`, stop: () => server.stop() };
}

/** Announces a payload as a sequencer does. */
export async function announce(bus: Bus, sealed: Sealed): Promise<void> {
  await bus.publish('payloads', encodePayloadAnnouncement({ height: sealed.payload.height, ...sealed }));
}
