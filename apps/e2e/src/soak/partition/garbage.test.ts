// Goal: what a member sends damaged ends in a typed error or in nothing, and the next attempt makes the block.
// Method: one block on three members again and again, each time with another message damaged.
import { createEvm } from '@sheaf/evm';
import { partitionLimits } from '@sheaf/partition';
import { ChainError } from '@sheaf/primitives';
import { payloadHash } from '@sheaf/protocol';
import { createForkRules, genesis, taskOfPayload, type BlockTask } from '@sheaf/state-transition';
import { seededRandom } from '../../random.ts';
import { openMemoryChain } from '../../workloads/memory-chain.ts';
import { randomBlock } from '../../workloads/random/random-block.ts';
import { randomWorld } from '../../workloads/random/world.ts';
import { damageMessage, damages, envelopeOf, type Damage } from './garbler.ts';
import { LaneHost } from './lane-host.ts';

interface Sent {
  from: number;
  to: number;
  message: Uint8Array;
}

const members = 3;
const world = randomWorld();
const rules = createForkRules(world.spec);
const evm = createEvm({ fork: world.spec.fork, chainId: world.spec.chainId });
let hosts: LaneHost[];
let sent: Sent[];
let task: BlockTask;
let stateRoot: string;
/** Of each member's accounts, when nothing is damaged. */
let accessLists: readonly Uint8Array[];
let attempts = 0;

async function open(seed: number): Promise<void> {
  const { changes } = await genesis(world.spec);
  sent = [];
  hosts = Array.from({ length: members }, (_, member) => {
    const send = (to: number, message: Uint8Array) => void sent.push({ from: member, to, message: message.slice() });
    return new LaneHost({ member, members, rules, evm, coordinatorShare: 0, genesis: changes, send });
  });
  for (const host of hosts) host.start();
  const chain = await openMemoryChain(world.spec);
  const block = randomBlock(seededRandom(seed), world, chain.head());
  const payload = chain.payload(block);
  const { senders } = block;
  const input = { payload, payloadHash: payloadHash(payload), parent: chain.header(), ancestors: chain.ancestors() };
  task = taskOfPayload(rules, { ...input, senders });
  stateRoot = (await chain.execute(payload, senders)).block.header.stateRoot;
}

/** How many messages the block takes. */
let count = 0;

beforeAll(async () => {
  // A block that is repaired, so that there is something of every kind.
  for (let seed = 1; seed < 50; seed++) {
    await open(seed);
    count = attempt(asItIs);
    ({ accessLists } = hosts[0]!.decision!.whole!);
    expectBlock();
    if (hosts[0]!.decision!.whole!.figures.rounds > 1) return;
  }
  throw new Error('no block is repaired');
});

/** One attempt as far as it gets: how many messages it took, and the coordinator's decision is in its host. */
function attempt(change: (each: Sent, index: number) => Uint8Array): number {
  for (const host of hosts) host.abandon();
  sent = [];
  attempts += 1;
  for (const host of hosts.slice(1)) host.begin(task);
  hosts[0]!.begin(task, { session: 1, attempt: attempts, salt: attempts });
  let index = 0;
  for (let works = true; works;) {
    works = false;
    for (let each = sent.shift(); each !== undefined; each = sent.shift()) {
      hosts[each.to]!.lane!.receive(each.from, change(each, index));
      index += 1;
      works = true;
    }
    for (const host of hosts) while (host.lane!.step()) works = true;
  }
  return index;
}

const asItIs = ({ message }: Sent) => message;

function expectBlock(): void {
  expect(hosts[0]!.decision?.header.stateRoot).toBe(stateRoot);
  expect(hosts[0]!.decision!.whole!.accessLists).toEqual(accessLists);
}

test.each(damages)(
  '%s',
  (damage: Damage) => {
    let damaged = 0;
    for (let index = 0; index < count; index++) {
      const random = seededRandom(index);
      let was = false;
      let error: unknown;
      try {
        attempt(({ from, to, message }, at) => {
          const other = at === index ? damageMessage(random, damage, from, to, message) : undefined;
          was ||= other !== undefined;
          return other ?? message;
        });
      } catch (thrown) {
        error = thrown;
      }
      if (!was) continue;
      damaged += 1;
      if (error !== undefined) expect(error).toBeInstanceOf(ChainError);
      // Bytes after the coordinator's order to finish are the only ones that nobody looks at.
      if (hosts[0]!.decision !== undefined) expectBlock();
    }
    expect(damaged).toBeGreaterThan(0);
    attempt(asItIs);
    expectBlock();
  },
  120_000,
);

test('finals of a round that cannot be', () => {
  let error: unknown;
  try {
    attempt(({ from, to, message }) => damageMessage(seededRandom(1), 'other-round', from, to, message) ?? message);
  } catch (thrown) {
    error = thrown;
  }
  expect((error as ChainError).code).toBe('INVALID_ARGUMENT');
  expect((error as ChainError).message).toContain('is of round');
  expect(hosts[0]!.decision).toBeUndefined();
  attempt(asItIs);
  expectBlock();
});

test("another member's positions", () => {
  const kindOutcomes = 16;
  const told: Uint8Array[] = [];
  let error: unknown;
  try {
    // The coordinator hears twice what member 1 ran, the second time from member 2.
    attempt(({ from, message }) => {
      const body = envelopeOf(message).kindAt + 1;
      if (message[body - 1] !== kindOutcomes) return message;
      if (from === 1) told.push(message.slice(body));
      return from === 1 || told.length === 0 ? message : Uint8Array.of(...message.subarray(0, body), ...told[0]!);
    });
  } catch (thrown) {
    error = thrown;
  }
  expect((error as ChainError).code).toBe('INVALID_ARGUMENT');
  expect((error as ChainError).message).toContain('of another member');
  attempt(asItIs);
  expectBlock();
});

test.each([
  ['REPORT', 4],
  ['RESULTS', 9],
  ['TOPS', 10],
  ['LIST', 17],
])('%s twice', (_, kind) => {
  let error: unknown;
  let told = false;
  try {
    // The first of them, then the same as its sender's next message.
    attempt(({ from, to, message }) => {
      const { kindAt } = envelopeOf(message);
      if (told || to !== 0 || message[kindAt] !== kind) return message;
      told = true;
      hosts[to]!.lane!.receive(from, message);
      const again = message.slice();
      again[kindAt - 1]! += 1;
      return again;
    });
  } catch (thrown) {
    error = thrown;
  }
  expect(told).toBe(true);
  expect((error as ChainError).code).toBe('INVALID_ARGUMENT');
  attempt(asItIs);
  expectBlock();
});

test('too large, another payload, too many of another height', () => {
  for (const host of hosts) host.abandon();
  sent = [];
  for (const host of hosts.slice(1)) host.begin(task);
  const [, member] = hosts;
  const codeOf = (act: () => void): unknown => {
    try {
      act();
    } catch (error) {
      return (error as ChainError).code;
    }
    return undefined;
  };
  hosts[0]!.begin(task, { session: 1, attempt: ++attempts, salt: 1 });
  const place = sent.find(({ to }) => to === 1)!.message;
  const damaged = (damage: Damage) => damageMessage(seededRandom(1), damage, 0, 1, place)!;
  expect(codeOf(() => member!.lane!.receive(0, damaged('too-large')))).toBe('LIMIT');
  expect(codeOf(() => member!.lane!.receive(0, damaged('other-payload')))).toBe('CONFLICT');
  expect(codeOf(() => member!.lane!.receive(0, damaged('truncated')))).toBe('INVALID_ARGUMENT');
  const later = place.slice();
  later[1] = 100;
  const errors: unknown[] = [];
  for (let i = 0; i <= partitionLimits.messagesHeldMax; i++) errors.push(codeOf(() => member!.lane!.receive(2, later)));
  expect(errors.filter((code) => code !== undefined)).toEqual(['LIMIT']);
  attempt(asItIs);
  expectBlock();
});
