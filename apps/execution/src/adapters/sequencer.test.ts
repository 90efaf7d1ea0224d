// Goal: a payload comes with the senders that the sequencer knows, or with none, never with some.
// Method: answers of a sequencer as its stub would give them.
import { toAddress, toEpoch, toHeight, zeroAddress, zeroHash } from '@sheaf/primitives';
import { hexToBuffer, payloadToWire, type sequencerV1 } from '@sheaf/proto';
import { payloadHash, type Payload } from '@sheaf/protocol';
import type { RpcClient } from '@sheaf/rpc';
import { createPayloadSource } from './sequencer.ts';

const payload: Payload = {
  chainId: 7n,
  height: toHeight(1),
  epoch: toEpoch(1),
  parentHash: zeroHash,
  timestamp: 1n,
  baseFeePerGas: 7n,
  gasLimit: 30_000_000n,
  feeRecipient: zeroAddress,
  prevRandao: zeroHash,
  deposits: [],
  transactions: [Uint8Array.of(2, 1), Uint8Array.of(2, 2)],
};

function sourceWith(senders: Buffer | undefined) {
  const answer = { payload: payloadToWire(payload), hash: hexToBuffer(payloadHash(payload)), senders };
  const client = { getPayload: () => Promise.resolve(answer) };
  return createPayloadSource(client as unknown as RpcClient<typeof sequencerV1.SequencerServiceService>);
}

test('one sender a transaction; zeros are nobody', async () => {
  const found = await sourceWith(Buffer.concat([Buffer.alloc(20, 5), Buffer.alloc(20)])).payload(1n);
  expect(found.senders).toEqual([toAddress(new Uint8Array(20).fill(5)), undefined]);
});

test.each([undefined, Buffer.alloc(0)])('a sequencer that knows none (%p) gives the payload alone', async (none) => {
  expect(await sourceWith(none).payload(1n)).toEqual({ payload, hash: payloadHash(payload) });
});

test.each([1, 20, 39, 41, 60])('%i bytes of senders for two transactions are refused', async (length) => {
  await expect(sourceWith(Buffer.alloc(length, 5)).payload(1n)).rejects.toMatchObject({
    detail: { code: 'DATA_LOSS', message: `senders must be 40 bytes, got ${length}` },
  });
});
