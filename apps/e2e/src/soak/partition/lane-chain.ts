import { createEvm } from '@sheaf/evm';
import type { Header } from '@sheaf/ethereum';
import { bucketsOf, joinAccessLists, LocalLane, type Decision } from '@sheaf/partition';
import { toHeight, type Address } from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import { decodeAccessList, encodeAccessList, memoryKeyValue, PartitionState } from '@sheaf/state';
import { createForkRules, genesis, taskOfPayload, type ExecutedBlock } from '@sheaf/state-transition';

/** What a lane made of a payload. */
export interface LaneBlock {
  block: ExecutedBlock;
  /** Encoded. */
  accessList: Uint8Array;
  decisions: Decision[];
}

/** The same chain on a lane of so many members, each with the state of its partition in memory. */
export interface LaneChain {
  lane: LocalLane;
  execute(payload: Payload, parent: Header, ancestors: Header[], senders?: (Address | undefined)[]): LaneBlock;
}

export async function openLaneChain(spec: ChainSpec, members: number): Promise<LaneChain> {
  const start = await genesis(spec);
  const states = Array.from({ length: members }, (_, member) => {
    const buckets = bucketsOf(member, members);
    const state = new PartitionState(memoryKeyValue(), { buckets, branchBytesCachedMax: 2 ** 20 });
    state.commit(state.prepare(partOf(start.changes, state)), { height: toHeight(0) });
    return state;
  });
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId });
  const lane = new LocalLane({ members, rules, evm: () => evm, state: (member) => states[member]! });
  let attempt = 0;
  return {
    lane,
    execute(payload, parent, ancestors, senders) {
      const hash = payloadHash(payload);
      const input = { payload, payloadHash: hash, parent, ancestors, ...(senders && { senders }) };
      const task = taskOfPayload(rules, input);
      const decisions = lane.execute(task, { session: 1, attempt: ++attempt, salt: attempt });
      const { block, accessLists, codeReads } = decisions[0]!.whole!;
      const list = joinAccessLists(
        accessLists.map((bytes) => decodeAccessList(bytes)),
        codeReads,
      );
      decisions.forEach(({ prepared, accessList }, member) => {
        states[member]!.commit(prepared, { height: payload.height, accessList });
      });
      return { block, accessList: encodeAccessList(list), decisions };
    },
  };
}

function partOf(changes: Parameters<PartitionState['prepare']>[0], state: PartitionState) {
  return { ...changes, accounts: changes.accounts.filter(({ address }) => owns(state, address)) };
}

function owns(state: PartitionState, address: Uint8Array): boolean {
  return typeof state.account(address) !== 'symbol';
}
