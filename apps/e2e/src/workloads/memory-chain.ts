import type { Header } from '@sheaf/ethereum';
import { hexToBytes, toHash32, toHeight, type Address, type Hash32 } from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import {
  BlockDraft,
  encodeAccessList,
  isEmptyCode,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  readAccount,
  readStorage,
} from '@sheaf/state';
import { createEngine, genesis, type ExecutePayloadResult } from '@sheaf/state-transition';
import { payloadAfter, type WorkloadBlock } from './workload.ts';
import type { Head } from './random/head.ts';

/** A chain whose blocks are executed one transaction after the other, its whole state in memory. */
export interface MemoryChain {
  /** The last block's. */
  header(): Header;
  /** Parent first, at most 256, for BLOCKHASH. */
  ancestors(): Header[];
  /** The payload that has the block next. */
  payload(block: WorkloadBlock): Payload;
  /** The block is the head afterwards. Without `senders` they are recovered. */
  execute(payload: Payload, senders?: (Address | undefined)[]): Promise<ExecutePayloadResult>;
  /** What the next block can be made from. */
  head(): Head;
  /** The slot at the head. */
  slot(address: Address, slot: bigint): bigint;
}

/** At genesis. */
export async function openMemoryChain(spec: ChainSpec): Promise<MemoryChain> {
  const engine = createEngine(spec);
  const start = await genesis(spec);
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(start.changes), { height: toHeight(0) });
  const reader = new PartitionReader(kv);
  const headers: Header[] = [start.header];
  let lastPayload: Hash32 = start.hash;
  const header = () => headers.at(-1)!;
  const ancestors = () => headers.slice(-256).reverse();
  const now = () => {
    reader.refresh();
    return reader.at(toHeight(header().number));
  };
  return {
    header,
    ancestors,
    payload: (block) => payloadAfter(spec, header(), lastPayload, block),
    async execute(payload, senders) {
      const hash = payloadHash(payload);
      const draft = new BlockDraft(state);
      const input = { payload, payloadHash: hash, parent: header(), ancestors: ancestors() };
      const result = await engine.executePayload(senders ? { ...input, senders } : input, draft);
      draft.commit({ height: payload.height, accessList: encodeAccessList(result.accessList) });
      headers.push(result.block.header);
      lastPayload = hash;
      return result;
    },
    head() {
      const at = now();
      return {
        parent: header(),
        account(address) {
          const { nonce, balance, codeHash } = readAccount(at, address);
          return { nonce, balance, hasCode: !isEmptyCode(hexToBytes(codeHash)) };
        },
      };
    },
    slot: (address, slot) => readStorage(now(), address, toHash32(`0x${slot.toString(16).padStart(64, '0')}`)),
  };
}
