import { decodeBlock, headerHash } from '@sheaf/ethereum';
import { isChainError, limits, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import type { daV1, executionV1, sequencerV1, settlementV1 } from '@sheaf/proto';
import {
  attestationToWire,
  blockFromWire,
  blockSelectorToWire,
  cellsFromWire,
  certificateFromWire,
  finalityFromWire,
  payloadFromWire,
  toBuffer,
  wire,
  witnessFromWire,
} from '@sheaf/proto';
import type { RpcClient } from '@sheaf/rpc';
import { requireRight } from '../domain/fault.ts';
import type { AttestationSink, CellSource, ExecutionSource, PayloadSource } from '../ports.ts';

const blobBytes = 131_072;

/** How peers are called. */
export interface CallOptions {
  /** Time for one answer. */
  deadlineMs: number;
  /** Ends the calls under way when the validator stops. */
  signal: AbortSignal;
}

/** The sequencer over gRPC. */
export function createPayloadSource(
  client: RpcClient<typeof sequencerV1.SequencerServiceService>,
  call: CallOptions,
): PayloadSource {
  return {
    async payload(height) {
      const { payload } = await client.getPayload({ height }, call);
      return payloadFromWire(payload, 'payload');
    },
    async certificate(height) {
      const { certificate } = await client.getCertificate({ height }, call);
      return certificateFromWire(certificate, 'certificate');
    },
    async blobs(height) {
      const { blobs } = await client.getBatch({ height }, call);
      return wire
        .list(blobs, { min: 1, max: limits.batchBlobsMax }, 'blobs')
        .map((blob, index) => wire.bytes(blob, { length: blobBytes }, `blobs.${index}`));
    },
  };
}

/** Execution over gRPC, and what it announced. */
export function createExecutionSource(
  client: RpcClient<typeof executionV1.ExecutionServiceService>,
  announced: (height: Height) => Hash32 | undefined,
  call: CallOptions,
): ExecutionSource {
  const fetchBlock = async (height: Height) => {
    const block = blockSelectorToWire({ kind: 'height', height });
    return blockFromWire((await client.getBlock({ block }, call)).block, 'block');
  };
  return {
    async head() {
      return toHeight((await client.getStatus({}, call)).height, 'status.height');
    },
    announcedHash: announced,
    async blockHash(height) {
      const block = await fetchBlock(height);
      const { header } = decodeBlock(block.rlp);
      requireRight(
        headerHash(header) === block.hash,
        () => `execution serves block ${height} with a hash that is not its header's`,
      );
      return block.hash;
    },
    async header(height) {
      return decodeBlock((await fetchBlock(height)).rlp).header;
    },
    async witness(height) {
      const block = blockSelectorToWire({ kind: 'height', height });
      return witnessFromWire(await client.getWitness({ block }, call), 'witness');
    },
  };
}

/** The committee over gRPC, one client a node, by index. */
export function createCellSource(
  clients: RpcClient<typeof daV1.DataAvailabilityServiceService>[],
  call: CallOptions,
): CellSource {
  return {
    async cells(nodeIndex, commitment, columns) {
      const { cells } = await clients[nodeIndex]!.getCells({ commitment: toBuffer(commitment), columns }, call);
      return cellsFromWire(cells, 'cells');
    },
  };
}

/** Settlement over gRPC, for the validator with this index. */
export function createAttestationSink(
  client: RpcClient<typeof settlementV1.SettlementServiceService>,
  validatorIndex: number,
  call: CallOptions,
): AttestationSink {
  return {
    async submit(attestation) {
      await client.submitAttestation({ attestation: attestationToWire(attestation) }, { ...call, idempotent: true });
    },
    async attestedHeight() {
      const { validators } = await client.listValidators({}, call);
      const own = validators.find(({ index }) => index === validatorIndex);
      return toHeight(own?.attestedHeight ?? 0n, 'validators.attestedHeight');
    },
    async finality() {
      try {
        const { finality } = await client.getFinality({ height: 0n }, call);
        return finalityFromWire(finality, 'finality');
      } catch (error) {
        if (isChainError(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
  };
}
