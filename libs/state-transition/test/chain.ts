// A small chain for tests: funded keys, contracts that exercise the EVM, and an in-memory store of its state.
import { privateKeyToAddress } from '@sheaf/crypto';
import { nextBaseFee, signTransaction, type Header, type UnsignedTransaction } from '@sheaf/ethereum';
import { hexToBytes, toAddress, toEpoch, toHash32, toHeight, type Address, type Hash32 } from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import {
  BlockDraft,
  collectWitness,
  decodeAccessList,
  encodeAccessList,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  type StateAt,
  type StateWitness,
} from '@sheaf/state';
import { createEngine, genesis, type ExecutePayloadResult } from '../src/index.ts';

export const chainId = 74323n;
export const keys = [1, 2, 3, 4].map((n) => new Uint8Array(32).fill(n));
export const senders = keys.map(privateKeyToAddress);
/** Has a key and no funds. */
export const poorKey = new Uint8Array(32).fill(99);

const at = (n: number) => toAddress(`0x${n.toString(16).padStart(40, 'c')}`);
export const contracts = {
  /** SSTORE(calldata 0, calldata 1), then a log. */
  store: at(1),
  /** Reverts with its first word. */
  revert: at(2),
  /** Runs until its gas is gone. */
  burn: at(3),
  /** Stores BLOCKHASH(NUMBER - calldata 0), PREVRANDAO, TIMESTAMP, BASEFEE, ORIGIN. */
  environment: at(4),
  /** CREATE2 with the call data as init code. */
  create: at(5),
  /** Calls itself as deep as it goes. */
  recurse: at(6),
  /** Static call to the address in word 0 with the rest of the call data. */
  forward: at(7),
} as const;

const codes: Record<keyof typeof contracts, string> = {
  store: '0x6020355f35555f3560205fa100',
  revert: '0x5f355f5260205ffd',
  burn: '0x5b5f56',
  environment: '0x5f354303405f5544600155426002554860035532600455',
  create: '0x365f5f375f365f5ff55f5500',
  recurse: '0x5f5f5f5f5f305af15f5500',
  forward: '0x60203603602060003760405f602036035f5f355afa5f555f5160015500',
};

export function testSpec(fork: ChainSpec['fork']): ChainSpec {
  const account = { balance: 10n ** 22n, nonce: 0n, code: new Uint8Array(0), storage: new Map<Hash32, Hash32>() };
  const alloc: ChainSpec['genesis']['alloc'] = new Map(senders.map((address) => [address, account]));
  for (const [name, address] of Object.entries(contracts)) {
    const slots = Array.from({ length: 8 }, (_, n) => [word(BigInt(n)), word(BigInt(n + 100))] as const);
    const storage = name === 'store' ? new Map(slots) : new Map<Hash32, Hash32>();
    alloc.set(address, { balance: 0n, nonce: 1n, code: hexToBytes(codes[name as keyof typeof contracts]), storage });
  }
  return {
    chainId,
    fork,
    genesis: {
      timestamp: 1_700_000_000n,
      gasLimit: 30_000_000n,
      baseFeePerGas: 1_000_000_000n,
      extraData: new Uint8Array(0),
      alloc,
    },
    feeRecipient: toAddress(`0x${'fe'.repeat(20)}`),
    validators: [],
    da: { nodes: [], lostNodesMax: 0, columnsPerNode: 128 },
  };
}

export const word = (value: bigint): Hash32 => toHash32(`0x${value.toString(16).padStart(64, '0')}`);

/** Signs with key `from`. */
export function sign(from: number, fields: Partial<UnsignedTransaction>): Uint8Array {
  const fees =
    (fields.type ?? 2) < 2
      ? { gasPrice: 3_000_000_000n }
      : { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };
  return signTransaction({ type: 2, chainId, nonce: 0n, gasLimit: 200_000n, ...fees, ...fields }, keys[from]!);
}

/** Executes payloads one after the other and keeps the whole state in memory. */
export async function openChain(spec: ChainSpec) {
  const engine = createEngine(spec);
  const start = await genesis(spec);
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(start.changes), { height: toHeight(0) });
  const reader = new PartitionReader(kv);
  const headers: Header[] = [start.header];
  let lastPayload: Hash32 = start.hash;
  return {
    engine,
    genesis: start,
    /** At the head. */
    state,
    /** After a block; by default the last. */
    at(number = headers.at(-1)!.number): StateAt {
      reader.refresh();
      return reader.at(toHeight(number));
    },
    /** Of a block that was executed; by default the last. */
    witness(number = headers.at(-1)!.number): StateWitness {
      const list = decodeAccessList(reader.accessList(toHeight(number))!);
      return collectWitness(this.at(toHeight(number - 1n)), list);
    },
    headers,
    head: () => headers.at(-1)!,
    /** Parent first, at most 256. */
    ancestors: () => headers.slice(-256).reverse(),
    payload(fields: Partial<Payload>): Payload {
      const parent = headers.at(-1)!;
      return {
        chainId,
        height: toHeight(parent.number + 1n),
        epoch: toEpoch(1),
        parentHash: lastPayload,
        timestamp: parent.timestamp,
        baseFeePerGas: nextBaseFee(parent),
        gasLimit: spec.genesis.gasLimit,
        feeRecipient: spec.feeRecipient,
        prevRandao: word(parent.number * 7n + 1n),
        deposits: [],
        transactions: [],
        ...fields,
      };
    },
    async execute(payload: Payload, known?: (Address | undefined)[]): Promise<ExecutePayloadResult> {
      const hash = payloadHash(payload);
      const draft = new BlockDraft(state);
      const result = await engine.executePayload(
        {
          payload,
          payloadHash: hash,
          parent: headers.at(-1)!,
          ancestors: this.ancestors(),
          ...(known ? { senders: known } : {}),
        },
        draft,
      );
      draft.commit({ height: payload.height, accessList: encodeAccessList(result.accessList) });
      headers.push(result.block.header);
      lastPayload = hash;
      return result;
    },
  };
}

export type TestChain = Awaited<ReturnType<typeof openChain>>;
