import { ChainError, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import {
  attestationFromWire,
  blockToWire,
  cellsToWire,
  certificateToWire,
  daV1,
  executionV1,
  payloadToWire,
  sequencerV1,
  settlementV1,
  hexToBuffer,
  toBuffer,
  witnessToWire,
  type BlockRecord,
} from '@sheaf/proto';
import {
  custodyColumns,
  payloadHash,
  type Attestation,
  type Certificate,
  type ChainSpec,
  type Payload,
} from '@sheaf/protocol';
import { createRpcServer, implement, type Handlers, type RpcServer, type ServiceImplementation } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import type { Witness } from '@sheaf/state-transition';
import type { BuiltHeight } from './chain-builder.ts';

/** Ways to alter what is served; without one the truth is served. */
export interface Tampering {
  payload?: (payload: Payload) => Payload;
  certificate?: (certificate: Certificate) => Certificate;
  blobs?: (blobs: Uint8Array[]) => Uint8Array[];
  block?: (block: BlockRecord) => BlockRecord;
  witness?: (witness: Witness) => Witness;
  /** Of node 1. */
  cells?: (cells: daV1.Cell[]) => daV1.Cell[];
  submit?: () => void;
}

/** What the peers of the validator know. */
export interface World {
  spec: ChainSpec;
  chain: Map<bigint, BuiltHeight>;
  /** The executed head. */
  head: bigint;
  /** Only at this height. */
  tamperedHeight: bigint;
  tampering: Tampering;
  attestations: Attestation[];
}

/** The validator's peers as gRPC servers: `main` is sequencer, execution, settlement and DA node 0; `second` is DA node 1. */
export async function servePeers(world: World): Promise<{ main: string; second: string; stop(): Promise<void> }> {
  const { log, metrics } = testContext({});
  const serve = async (services: ServiceImplementation[]): Promise<[RpcServer, string]> => {
    const server = createRpcServer(
      { host: '127.0.0.1', port: 0, graceMs: 100 },
      { log, metrics: testContext({}).metrics, services },
    );
    return [server, `127.0.0.1:${await server.start()}`];
  };
  void metrics;
  const [one, main] = await serve([sequencer(world), execution(world), settlement(world), dataAvailability(world, 0)]);
  const [two, second] = await serve([dataAvailability(world, 1)]);
  return {
    main,
    second,
    async stop() {
      await one.stop();
      await two.stop();
    },
  };
}

/** The given handlers; every other method is not there. */
function partly<D extends object>(definition: D, handlers: Partial<Handlers<D>>): ServiceImplementation {
  const missing = Object.fromEntries(Object.keys(definition).map((name) => [name, () => Promise.reject(notFound())]));
  return implement(definition, { ...missing, ...handlers } as Handlers<D>);
}

function notFound(): ChainError {
  return new ChainError({ code: 'NOT_FOUND', message: 'not there' });
}

function at(world: World, height: bigint): { built: BuiltHeight; tampering: Tampering } {
  const built = height <= world.head ? world.chain.get(height) : undefined;
  if (!built) throw notFound();
  return { built, tampering: height === world.tamperedHeight ? world.tampering : {} };
}

const same = <T>(value: T): T => value;

function sequencer(world: World): ServiceImplementation {
  return partly(sequencerV1.SequencerServiceService, {
    async getPayload({ height }) {
      const { built, tampering } = at(world, height);
      const payload = (tampering.payload ?? same)(built.payload);
      return { payload: payloadToWire(payload), hash: hexToBuffer(payloadHash(payload)) };
    },
    async getCertificate({ height }) {
      const { built, tampering } = at(world, height);
      return { certificate: certificateToWire((tampering.certificate ?? same)(built.batch.certificate)) };
    },
    async getBatch({ height }) {
      const { built, tampering } = at(world, height);
      return { blobs: (tampering.blobs ?? same)(built.batch.blobs).map(toBuffer) };
    },
  });
}

function selected(selector: executionV1.BlockSelector | undefined): Height {
  const choice = selector?.selector;
  if (choice?.$case !== 'height') throw notFound();
  return toHeight(choice.value);
}

function execution(world: World): ServiceImplementation {
  const hash = (height: bigint): Hash32 => world.chain.get(height)!.block.hash;
  return partly(executionV1.ExecutionServiceService, {
    async getStatus() {
      const zero = Buffer.alloc(32);
      const head = world.head === 0n ? zero : hexToBuffer(hash(world.head));
      return { height: world.head, hash: head, oldestStateHeight: 0n, genesisHash: zero };
    },
    async getBlock({ block }) {
      const height = selected(block);
      const { built, tampering } = at(world, height);
      return { block: blockToWire((tampering.block ?? same)({ ...built.block, height })) };
    },
    async getWitness({ block }) {
      const { built, tampering } = at(world, selected(block));
      return witnessToWire((tampering.witness ?? same)(built.witness));
    },
  });
}

function dataAvailability(world: World, nodeIndex: number): ServiceImplementation {
  const custody = custodyColumns(world.spec.da, nodeIndex);
  return partly(daV1.DataAvailabilityServiceService, {
    async getCells({ commitment, columns }) {
      for (const [height, { batch }] of world.chain) {
        const blob = batch.certificate.statement.commitments.findIndex((each) => Buffer.from(each).equals(commitment));
        if (blob < 0) continue;
        const { cells, proofs } = batch.cells[blob]!;
        const served = columns
          .filter((column) => custody.includes(column))
          .map((column) => ({ column, cell: cells[column]!, proof: proofs[column]! }));
        const wired = cellsToWire(served).map((cell) => ({ ...cell, cell: Buffer.from(cell.cell) }));
        const tamper = height === world.tamperedHeight && nodeIndex === 1 ? world.tampering.cells : undefined;
        return { cells: (tamper ?? same)(wired) };
      }
      throw notFound();
    },
  });
}

function settlement(world: World): ServiceImplementation {
  return partly(settlementV1.SettlementServiceService, {
    async submitAttestation({ attestation }) {
      const read = attestationFromWire(attestation, 'attestation');
      if (read.height === world.tamperedHeight) world.tampering.submit?.();
      world.attestations.push(read);
      return { finalized: false };
    },
    async listValidators() {
      const attested = world.attestations.reduce((highest, { height }) => (height > highest ? height : highest), 0n);
      return {
        validators: world.spec.validators.map(({ publicKey, stakeGwei }, index) => ({
          index,
          publicKey: toBuffer(publicKey),
          stakeGwei,
          slashed: false,
          attestedHeight: index === 0 ? attested : 0n,
        })),
      };
    },
  });
}
