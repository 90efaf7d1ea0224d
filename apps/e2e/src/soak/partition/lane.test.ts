// Goal: a lane's blocks are the sequential ones, byte for byte, whatever N is.
// Method: random blocks, the same payloads on one member and on lanes of N.
import { payloadHash } from '@sheaf/protocol';
import { encodeAccessList } from '@sheaf/state';
import { bytesToHex } from '@sheaf/primitives';
import { seededRandom } from '../../random.ts';
import { openMemoryChain } from '../../workloads/memory-chain.ts';
import { randomBlock } from '../../workloads/random/random-block.ts';
import { randomWorld } from '../../workloads/random/world.ts';
import { openLaneChain } from './lane-chain.ts';

test.each([1, 2, 3, 16])(
  '%i members',
  async (members) => {
    const seeds = Number(process.env['SEEDS'] ?? 3);
    const from = Number(process.env['SEED'] ?? 1);
    for (let seed = from; seed < from + seeds; seed++) {
      const random = seededRandom(seed);
      const world = randomWorld();
      const chain = await openMemoryChain(world.spec);
      const lane = await openLaneChain(world.spec, members);
      for (let height = 0; height < 6; height++) {
        const block = randomBlock(random, world, chain.head());
        const payload = chain.payload(block);
        const parent = chain.header();
        const ancestors = chain.ancestors();
        const expected = await chain.execute(payload, block.senders);
        const got = lane.execute(payload, parent, ancestors, block.senders);
        const name = `seed ${seed} height ${payload.height} ${payloadHash(payload)}`;
        expect({ name, header: got.block.header, dropped: got.block.dropped }).toEqual({
          name,
          header: expected.block.header,
          dropped: expected.block.dropped,
        });
        expect(got.block.receipts).toEqual(expected.block.receipts);
        expect(bytesToHex(got.block.rlp)).toBe(bytesToHex(expected.block.rlp));
        expect(bytesToHex(got.accessList)).toBe(bytesToHex(encodeAccessList(expected.accessList)));
      }
    }
  },
  600_000,
);
