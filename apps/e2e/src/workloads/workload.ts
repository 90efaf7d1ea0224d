import { nextBaseFee, type Header } from '@sheaf/ethereum';
import { toEpoch, toHeight, type Address, type Hash32 } from '@sheaf/primitives';
import { payloadRandao, type ChainSpec, type Deposit, type Payload } from '@sheaf/protocol';

/** What a payload has that does not follow from the chain before it. */
export interface WorkloadBlock {
  /** Signed, EIP-2718; those that are meant to be refused are among them. */
  transactions: Uint8Array[];
  /** One a transaction; `undefined`: it recovers to nobody, or is no transaction. */
  senders: (Address | undefined)[];
  deposits: Deposit[];
  gasLimit: bigint;
  feeRecipient: Address;
  /** After the block before. */
  seconds: bigint;
}

/** A chain and the blocks that follow its genesis, the warm-up first. The same seed gives the same bytes. */
export interface Workload {
  name: string;
  spec: ChainSpec;
  /** A block of the same kind that nobody measures. */
  warmUp: WorkloadBlock;
  blocks: WorkloadBlock[];
}

/**
 * The payload that has the block after `parent`. `parentPayload`: the hash of the payload before; of the genesis block
 * for height 1.
 */
export function payloadAfter(spec: ChainSpec, parent: Header, parentPayload: Hash32, block: WorkloadBlock): Payload {
  const height = toHeight(parent.number + 1n);
  const { transactions, deposits, gasLimit, feeRecipient, seconds } = block;
  return {
    chainId: spec.chainId,
    height,
    epoch: toEpoch(1),
    parentHash: parentPayload,
    timestamp: parent.timestamp + seconds,
    baseFeePerGas: nextBaseFee(parent),
    gasLimit,
    feeRecipient,
    prevRandao: payloadRandao(spec.chainId, height, parentPayload),
    deposits,
    transactions,
  };
}

/** A chain for workloads: Osaka, no validators. */
export function workloadSpec(alloc: ChainSpec['genesis']['alloc'], gasLimit: bigint, feeRecipient: Address): ChainSpec {
  return {
    chainId: 74_323n,
    fork: 'osaka',
    genesis: {
      timestamp: 1_767_225_600n,
      gasLimit,
      baseFeePerGas: 1_000_000_000n,
      extraData: new Uint8Array(0),
      alloc,
    },
    feeRecipient,
    validators: [],
    da: { nodes: [], lostNodesMax: 0, columnsPerNode: 128 },
  };
}
