// Goal: the witness that the members of a lane make together is byte for byte the one of a single member.
// Method: random blocks on lanes of 1, 2, 3 and 16 members, each with the state of its partition in memory; each block's witness
// from the parts that the members have of what it read.
import { createEvm } from '@sheaf/evm';
import { bucketsOf, LocalLane, ownersOf } from '@sheaf/partition';
import { bytesToHex, hexToBytes, toAddress, toHeight, type Address } from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import {
  collectWitness,
  collectWitnessPart,
  decodeAccessList,
  decodeWitnessPart,
  encodeWitness,
  encodeWitnessPart,
  joinWitness,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
} from '@sheaf/state';
import { createForkRules, genesis, taskOfPayload } from '@sheaf/state-transition';
import type { Header } from '@sheaf/ethereum';
import { keccak256 } from '@sheaf/trie';
import { seededRandom } from '../../random.ts';
import { openMemoryChain } from '../../workloads/memory-chain.ts';
import { randomBlock } from '../../workloads/random/random-block.ts';
import { randomWorld } from '../../workloads/random/world.ts';

interface Input {
  payload: Payload;
  parent: Header;
  ancestors: Header[];
  senders: (Address | undefined)[];
}

/** A lane whose `execute` gives the witness of the block, and the root that it starts from. */
async function openLane(spec: ChainSpec, members: number) {
  const start = await genesis(spec);
  const owners = ownersOf(members);
  const ownerOf = (address: Address) => owners[keccak256(hexToBytes(address))[0]!]!;
  const stores = Array.from({ length: members }, (_, member) => {
    const kv = memoryKeyValue();
    const buckets = bucketsOf(member, members);
    const state = new PartitionState(kv, { buckets, branchBytesCachedMax: 2 ** 20 });
    const accounts = start.changes.accounts.filter(({ address }) => ownerOf(toAddress(address)) === member);
    state.commit(state.prepare({ ...start.changes, accounts }), { height: toHeight(0) });
    return { state, reader: new PartitionReader(kv, { buckets }) };
  });
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId });
  const lane = new LocalLane({ members, rules, evm: () => evm, state: (member) => stores[member]!.state });
  let attempt = 0;
  return ({ payload, parent, ancestors, senders }: Input): string => {
    const task = taskOfPayload(rules, { payload, payloadHash: payloadHash(payload), parent, ancestors, senders });
    const decisions = lane.execute(task, { session: 1, attempt: ++attempt, salt: attempt });
    decisions.forEach(({ prepared, accessList }, member) => {
      stores[member]!.state.commit(prepared, { height: payload.height, accessList });
      stores[member]!.reader.refresh();
    });
    const before = stores.map(({ reader }) => reader.at(toHeight(payload.height - 1n)));
    const lists = stores.map(({ reader }) => decodeAccessList(reader.accessList(payload.height)!));
    const codes = [...decisions[0]!.whole!.codeReads].sort().map((hash) => {
      const holder = before.find((state) => state.findCode(hexToBytes(hash)) !== undefined);
      return holder!.code(hexToBytes(hash));
    });
    const parts = before.map((state, member) =>
      decodeWitnessPart(encodeWitnessPart(collectWitnessPart(state, lists[member]!.accounts))),
    );
    const { root, ...witness } = joinWitness(parts, codes);
    expect(bytesToHex(root)).toBe(parent.stateRoot);
    const encoded = encodeWitness(witness);
    if (members === 1) {
      const list = { ...lists[0]!, codeReads: decisions[0]!.whole!.codeReads };
      expect(bytesToHex(encodeWitness(collectWitness(before[0]!, list)))).toBe(bytesToHex(encoded));
    }
    return bytesToHex(encoded);
  };
}

test('random blocks', async () => {
  const seeds = Number(process.env['SEEDS'] ?? 2);
  const from = Number(process.env['SEED'] ?? 1);
  for (let seed = from; seed < from + seeds; seed++) {
    const random = seededRandom(seed);
    const world = randomWorld();
    const chain = await openMemoryChain(world.spec);
    const counts = [1, 2, 3, 16];
    const lanes = await Promise.all(counts.map((members) => openLane(world.spec, members)));
    for (let height = 0; height < 5; height++) {
      const block = randomBlock(random, world, chain.head());
      const payload = chain.payload(block);
      const input = { payload, parent: chain.header(), ancestors: chain.ancestors(), senders: block.senders };
      await chain.execute(payload, block.senders);
      const [expected, ...others] = lanes.map((execute) => execute(input));
      others.forEach((witness, index) => {
        const name = `seed ${seed} height ${payload.height}, ${counts[index + 1]} members`;
        expect({ name, same: witness === expected }).toEqual({ name, same: true });
      });
    }
  }
}, 120_000);
