// What a sequencer would seal and what must come of it: payloads over real transactions, executed in memory.
import { nextBaseFee, signTransaction, type Header } from '@sheaf/ethereum';
import {
  bytesToHex,
  hexToBytes,
  toAddress,
  toEpoch,
  toHash32,
  toHeight,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import { BlockDraft, memoryKeyValue, PartitionState } from '@sheaf/state';
import { createEngine, genesis, type ExecutedBlock } from '@sheaf/state-transition';
import { devChainSpec, type DevAccount } from '@sheaf/testing';

/** SSTORE(calldata 0, calldata 1) and a log. */
export const storeContract = toAddress(`0x${'5a'.repeat(20)}`);
/** Runs until its gas is gone. */
export const burnContract = toAddress(`0x${'5b'.repeat(20)}`);
/** Reverts with its first word. */
export const revertContract = toAddress(`0x${'5c'.repeat(20)}`);

export interface Sealed {
  payload: Payload;
  hash: Hash32;
  /** As the sequencer hands them on; every other height has none, as payloads sealed before it kept them. */
  senders?: Address[];
}

export interface ReferenceChain {
  spec: ChainSpec;
  json: unknown;
  accounts: DevAccount[];
  genesisHash: Hash32;
  /** Index 0 is height 1. */
  sealed: Sealed[];
  blocks: ExecutedBlock[];
}

/** `length` payloads, each with some valid transactions and one that is dropped; `idle` accounts beside those that are used. */
export async function referenceChain(length: number, chainId?: bigint, idle = 0): Promise<ReferenceChain> {
  const code = (hex: string) => ({ balance: 0n, nonce: 1n, code: hexToBytes(hex), storage: new Map<Hash32, Hash32>() });
  const alloc = new Map<Address, ReturnType<typeof code>>([
    [storeContract, code('0x6020355f35555f3560205fa100')],
    // BLAKE2F of 45,000,000 rounds is the most time that 50 Mgas buys; whatever gas is left then goes in a loop.
    [burnContract, code('0x6302aea54060e01b5f5260405f60d55f60095afa5b601456')],
    [revertContract, code('0x5f355f5260205ffd')],
  ]);
  for (let n = 1; n <= idle; n++) {
    alloc.set(toAddress(`0x${n.toString(16).padStart(40, 'd')}`), { ...code('0x'), balance: BigInt(n), nonce: 0n });
  }
  return sealChain(length, { alloc, ...(chainId === undefined ? {} : { chainId }) }, transactionsAt, [0, 2, 3]);
}

/** `length` payloads with what `transactions` says for each, from 0 on; `senders`: whose they are, when they are handed on. */
export async function sealChain(
  length: number,
  options: Parameters<typeof devChainSpec>[0],
  transactions: (i: number, spec: ChainSpec, accounts: DevAccount[]) => Uint8Array[],
  senders?: number[],
): Promise<ReferenceChain> {
  const { spec, json, accounts } = devChainSpec(options);
  const engine = createEngine(spec);
  const start = await genesis(spec);
  const state = new PartitionState(memoryKeyValue());
  state.commit(state.prepare(start.changes), { height: toHeight(0) });
  const headers: Header[] = [start.header];
  const sealed: Sealed[] = [];
  const blocks: ExecutedBlock[] = [];
  for (let i = 0; i < length; i++) {
    const parent = headers[0]!;
    const payload: Payload = {
      chainId: spec.chainId,
      height: toHeight(parent.number + 1n),
      epoch: toEpoch(1),
      parentHash: sealed.at(-1)?.hash ?? start.hash,
      timestamp: parent.timestamp + 1n,
      baseFeePerGas: nextBaseFee(parent),
      gasLimit: spec.genesis.gasLimit,
      feeRecipient: spec.feeRecipient,
      prevRandao: toHash32(new Uint8Array(32).fill(i)),
      deposits: [],
      transactions: transactions(i, spec, accounts),
    };
    const hash = payloadHash(payload);
    const draft = new BlockDraft(state);
    const { block } = await engine.executePayload(
      { payload, payloadHash: hash, parent, ancestors: headers.slice(0, 256) },
      draft,
    );
    draft.commit({ height: payload.height });
    headers.unshift(block.header);
    // The blocks here come of recovered senders: what a member makes of those given has to be the same.
    const known = i % 2 === 1 && senders && { senders: senders.map((account) => accounts[account]!.address) };
    sealed.push({ payload, hash, ...known });
    blocks.push(block);
  }
  return { spec, json, accounts, genesisHash: start.hash, sealed, blocks };
}

function transactionsAt(i: number, spec: ChainSpec, accounts: DevAccount[]): Uint8Array[] {
  const common = { type: 2 as const, chainId: spec.chainId, maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1n };
  const slot = bytesToHex(new Uint8Array(32).fill((i % 200) + 1));
  return [
    signTransaction(
      { ...common, nonce: BigInt(i), gasLimit: 21_000n, to: accounts[1]!.address, value: 5n },
      accounts[0]!.privateKey,
    ),
    signTransaction(
      {
        ...common,
        nonce: BigInt(i),
        gasLimit: 90_000n,
        to: storeContract,
        data: hexToBytes(`${slot}${slot.slice(2)}`),
      },
      accounts[2]!.privateKey,
    ),
    // A nonce that is never reached.
    signTransaction({ ...common, nonce: 9_999n, gasLimit: 21_000n, to: accounts[1]!.address }, accounts[3]!.privateKey),
  ];
}
