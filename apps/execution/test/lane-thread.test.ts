// Goal: a thread that died, or failed, when its block was durable and nobody had heard of it does not stop the lane: the one after it says
// what the block is.
// Method: the threads of a lane of two in this process, on stores that have the block; the payload is given to them again.
import { toHash32 } from '@sheaf/primitives';
import { EventEmitter, once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { openLaneThread } from '../src/workers/lane-thread.ts';
import type { LaneOrder, LaneWord } from '../src/workers/messages.ts';
import { openLocalLane, type TestLane } from './local-lane.ts';
import { referenceChain, type ReferenceChain, type Sealed } from './reference-chain.ts';

const members = 2;
let chain: ReferenceChain;
let lane: TestLane;

beforeAll(async () => {
  chain = await referenceChain(2);
  lane = await openLocalLane(chain, members);
  await lane.execute(chain.sealed[0]!);
}, 60_000);

afterAll(() => lane.close());

/** What a member's thread is told comes to it by `emit`; what it says is a `word`. */
async function openThread(member: number): Promise<EventEmitter> {
  const port = new EventEmitter();
  const end = Object.assign(port, { postMessage: (word: unknown) => port.emit('word', word) });
  const { dataDir } = lane.members[member]!;
  const setup = {
    kind: 'execution' as const,
    commits: true,
    dataDir,
    member,
    members,
    stateHeightsKept: 256,
    stateCacheMib: 8,
    warmPointEvaluation: false,
    spec: chain.spec,
  };
  await openLaneThread(setup, end as unknown as MessagePort);
  return port;
}

async function begin(port: EventEmitter, payload: Sealed): Promise<LaneWord> {
  const said = once(port, 'word') as Promise<[LaneWord]>;
  const attempt = { session: 2, attempt: 1, salt: 1 };
  port.emit('message', { type: 'begin', payload, published: 0n, attempt } as LaneOrder);
  return (await said)[0];
}

test.each([0, 1])('member %i says what the block is that it has', async (member) => {
  const port = await openThread(member);
  const head = lane.members[member]!.writer.head();
  const word = await begin(port, chain.sealed[0]!);
  expect(word).toMatchObject({ type: 'executed', executed: { height: 1n, hash: head.hash } });
});

test('the coordinator refuses another payload of that height', async () => {
  const port = await openThread(0);
  const other = { ...chain.sealed[0]!, hash: toHash32(new Uint8Array(32).fill(7)) };
  expect(await begin(port, other)).toMatchObject({ type: 'failed', failure: { detail: { code: 'CONFLICT' } } });
});
