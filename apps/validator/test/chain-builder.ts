import { blsAggregate, blsSign, type CryptoWorker } from '@sheaf/crypto';
import { nextBaseFee, signTransaction, type Header } from '@sheaf/ethereum';
import { toEpoch, toHeight, type Hash32 } from '@sheaf/primitives';
import {
  batchDigest,
  packPayloads,
  payloadHash,
  payloadRandao,
  type BatchStatement,
  type Certificate,
  type Payload,
} from '@sheaf/protocol';
import {
  BlockDraft,
  collectWitness,
  encodeWitness,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
} from '@sheaf/state';
import { createEngine, genesis, type ExecutedBlock, type Witness } from '@sheaf/state-transition';
import type { devChainSpec } from '@sheaf/testing';

/** One height of a real chain. */
export interface BuiltHeight {
  payload: Payload;
  block: ExecutedBlock;
  witness: Witness;
  batch: BuiltBatch;
}

/** A certified batch with everything that peers serve of it. */
export interface BuiltBatch {
  certificate: Certificate;
  blobs: Uint8Array[];
  /** By blob. */
  cells: { cells: Uint8Array[]; proofs: Uint8Array[] }[];
}

/** A chain of `batchSizes` (payloads a batch), each payload with transfers and a contract creation, executed and certified. */
export async function buildChain(
  chain: ReturnType<typeof devChainSpec>,
  batchSizes: number[],
  kzg: CryptoWorker,
): Promise<Map<bigint, BuiltHeight>> {
  const { spec } = chain;
  const engine = createEngine(spec);
  const start = await genesis(spec);
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(start.changes), { height: toHeight(0) });
  const reader = new PartitionReader(kv);
  const headers: Header[] = [start.header];
  const built = new Map<bigint, BuiltHeight>();
  let parentHash = start.hash;
  for (const size of batchSizes) {
    const executed: Omit<BuiltHeight, 'batch'>[] = [];
    for (let i = 0; i < size; i++) {
      const parent = headers[0]!;
      const payload = nextPayload(chain, parent, parentHash);
      const hash = payloadHash(payload);
      const draft = new BlockDraft(state);
      const result = await engine.executePayload({ payload, payloadHash: hash, parent, ancestors: headers }, draft);
      draft.commit({ height: payload.height });
      reader.refresh();
      const before = reader.at(toHeight(parent.number));
      const witness = { state: encodeWitness(collectWitness(before, result.accessList)), headers: result.headers };
      headers.unshift(result.block.header);
      parentHash = hash;
      executed.push({ payload, block: result.block, witness });
    }
    const batch = await certify(
      chain,
      executed.map(({ payload }) => payload),
      kzg,
    );
    for (const each of executed) built.set(each.payload.height, { ...each, batch });
  }
  return built;
}

function nextPayload(chain: ReturnType<typeof devChainSpec>, parent: Header, parentHash: Hash32): Payload {
  const { spec, accounts } = chain;
  const height = toHeight(parent.number + 1n);
  const baseFeePerGas = nextBaseFee(parent);
  const fees = { chainId: spec.chainId, type: 2 as const, maxFeePerGas: 2n * baseFeePerGas, maxPriorityFeePerGas: 1n };
  const nonce = parent.number;
  const [one, two, three] = accounts;
  // Deploys a contract that stores BLOCKHASH(1) in slot 0: reads an ancestor, writes storage and code.
  const data = Uint8Array.from([0x60, 0x01, 0x40, 0x60, 0x00, 0x55, 0x60, 0x01, 0x60, 0x00, 0xf3]);
  return {
    chainId: spec.chainId,
    height,
    epoch: toEpoch(1),
    parentHash,
    timestamp: parent.timestamp + 1n,
    baseFeePerGas,
    gasLimit: spec.genesis.gasLimit,
    feeRecipient: spec.feeRecipient,
    prevRandao: payloadRandao(spec.chainId, height, parentHash),
    deposits: [],
    transactions: [
      signTransaction({ ...fees, nonce, gasLimit: 21_000n, to: two!.address, value: 10n ** 15n }, one!.privateKey),
      signTransaction({ ...fees, nonce, gasLimit: 200_000n, data }, three!.privateKey),
      // Dropped with a reason: the validator must drop it, too.
      signTransaction({ ...fees, nonce: nonce + 7n, gasLimit: 21_000n, to: one!.address }, two!.privateKey),
    ],
  };
}

async function certify(
  chain: ReturnType<typeof devChainSpec>,
  payloads: Payload[],
  kzg: CryptoWorker,
): Promise<BuiltBatch> {
  const blobs = packPayloads(payloads);
  const commitments: Uint8Array[] = [];
  const cells: BuiltBatch['cells'] = [];
  for (const blob of blobs) {
    commitments.push(await kzg.blobToCommitment(blob));
    cells.push(await kzg.computeCells(blob));
  }
  const statement: BatchStatement = {
    chainId: chain.spec.chainId,
    namespace: 'payloads',
    firstHeight: payloads[0]!.height,
    lastHeight: payloads.at(-1)!.height,
    lastPayloadHash: payloadHash(payloads.at(-1)!),
    commitments,
  };
  const signature = blsAggregate(chain.daKeys.map((key) => blsSign(key, batchDigest(statement))));
  return { certificate: { statement, signers: [...chain.daKeys.keys()], signature }, blobs, cells };
}
