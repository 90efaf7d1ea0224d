// Goal: a member without a state ends with the one of its chain, and goes on to the same blocks, whoever lies, dies or moves on while
// it is fetched; it never has a part of a state for a whole one.
// Method: lanes of 1, 2 and 3 members with LMDB stores and gRPC on loopback; sources that say one thing wrong; a crash after each part.
import { encodeHeader, headerHash } from '@sheaf/ethereum';
import { bucketsOf, ownersOf } from '@sheaf/partition';
import { ChainError, isChainError, toHeight, zeroHash, type ChainErrorDetail } from '@sheaf/primitives';
import { blockRefToWire, snapshotV1, toBuffer } from '@sheaf/proto';
import { createRpcClient, createRpcServer, type RpcServer } from '@sheaf/rpc';
import { encodeWant, ownTops, stateTables, type SnapshotAnswer } from '@sheaf/state';
import { createEngine } from '@sheaf/state-transition';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { memberKey, openBlockStore, openBlockWriter, openMemberDatabase, tables } from '../src/adapters/block-store.ts';
import { createEmptySnapshotService, createSnapshotService } from '../src/adapters/snapshot-service.ts';
import { connectSource } from '../src/adapters/snapshot-sources.ts';
import { openSnapshotStore } from '../src/adapters/snapshot-store.ts';
import { bootstrap, type BootstrapDependencies } from '../src/domain/bootstrap.ts';
import { executeNext, readAncestors } from '../src/domain/execute-next.ts';
import type { Caller } from '../src/ports.ts';
import type { SnapshotSource } from '../src/snapshot-ports.ts';
import { openLocalLane, type TestLane } from './local-lane.ts';
import { referenceChain, type ReferenceChain } from './reference-chain.ts';

const deadlineMs = 20_000;
const length = 12;
const upTo = 10;
const heightsKept = 4;

let chain: ReferenceChain;
let one: TestLane;
let two: TestLane;
let three: TestLane;
let folder: string;
let folders = 0;
const closing: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  chain = await referenceChain(length);
  folder = mkdtempSync(join(tmpdir(), 'sheaf-snapshot-'));
  one = await openLane(1, heightsKept);
  two = await openLane(2, heightsKept);
  three = await openLane(3, heightsKept);
  for (const lane of [one, two, three]) await run(lane, 0, upTo);
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function openLane(members: number, kept: number): Promise<TestLane> {
  const lane = await openLocalLane(chain, members, {}, kept);
  closing.push(() => lane.close());
  return lane;
}

async function run(lane: TestLane, from: number, to: number): Promise<void> {
  for (const sealed of chain.sealed.slice(from, to)) {
    await lane.execute(sealed);
    for (const { writer } of lane.members) while (writer.maintain());
  }
}

const newFolder = () => join(folder, `${++folders}`);
function source(address: string): SnapshotSource {
  const connected = connectSource({ address }, {});
  closing.push(() => connected.close());
  return connected;
}

interface Wanted {
  member?: number;
  members?: number;
  sources?: SnapshotSource[];
  /** The own lane, by address. */
  lane?: readonly string[];
  dataDir?: string;
  heightsKept?: number;
  sealed?: () => Promise<bigint>;
  rows?: () => void;
  /** Tries before it is told to stop. */
  tries?: number;
}

/** What became of it, and what was told on the way. */
async function fetchState(wanted: Wanted) {
  const { member = 0, members = 1, dataDir = newFolder(), tries = 3 } = wanted;
  const buckets = bucketsOf(member, members);
  const stopping = new AbortController();
  const told = { refused: [] as string[], waits: [] as ChainErrorDetail[], resumed: [] as boolean[] };
  const store = openSnapshotStore(dataDir, chain.spec);
  const lane = new Map(
    (wanted.lane ?? []).flatMap((address, number) => (number === member ? [] : [[number, source(address)] as const])),
  );
  const deps: BootstrapDependencies = {
    store,
    sources: wanted.sources ?? [source(one.addresses[0]!)],
    lane,
    sealed: wanted.sealed ?? (async () => Promise.reject(new ChainError({ code: 'UNAVAILABLE', message: 'no one' }))),
    watch: {
      begins: (_block, resumed) => void told.resumed.push(resumed),
      rows: wanted.rows ?? (() => undefined),
      refused: (from, error) =>
        void told.refused.push(`${from.name} ${isChainError(error) ? error.code : String(error)}`),
      waits(error) {
        told.waits.push(error.detail);
        if (told.waits.length === tries) stopping.abort();
      },
    },
    signal: stopping.signal,
    pause: () => Promise.resolve(),
  };
  const options = {
    member,
    members,
    buckets,
    genesisHash: chain.genesisHash,
    stateHeightsKept: wanted.heightsKept ?? heightsKept,
  };
  try {
    const came = await bootstrap(options, deps).catch((error: unknown) => {
      if (stopping.signal.aborted) return 'stopped' as const;
      throw error;
    });
    return { ...told, came, dataDir, buckets };
  } finally {
    await store.close();
  }
}

/** The member's state is what a member of the lane has that has executed all. */
async function expectState(dataDir: string, lane: TestLane, member: number, height = upTo): Promise<void> {
  const buckets = bucketsOf(member, lane.members.length);
  const store = await openBlockStore(dataDir, chain.spec, buckets);
  const { writer } = lane.members[member]!;
  writer.refresh();
  expect(store.head()).toEqual({ height: BigInt(height), hash: chain.blocks[height - 1]!.hash });
  expect(store.oldestState()).toBe(BigInt(height));
  expect(ownTops(store.stateAt(toHeight(height)))).toEqual(ownTops(writer.stateAt(toHeight(height))));
  await store.close();
}

describe('a lone member', () => {
  test('goes on to the same blocks; what was before is not there, and is told so', async () => {
    const { came, dataDir, waits, refused } = await fetchState({});
    expect([came, waits, refused]).toEqual(['snapshot', [], []]);
    await expectState(dataDir, one, 0);
    const store = openBlockWriter(dataDir, { heightsKept });
    expect(store.block(toHeight(upTo))).toEqual(one.members[0]!.writer.block(toHeight(upTo)));
    expect([store.firstBlock(), store.published(), store.block(toHeight(upTo - 1))]).toEqual([10n, 10n, undefined]);
    expect(store.block(toHeight(0))).toEqual(one.members[0]!.writer.block(toHeight(0)));
    expect(() => store.stateAt(toHeight(upTo - 1))).toThrow('is not kept');
    expect(store.state.stateRoot()).toBe(chain.blocks[upTo - 1]!.header.stateRoot);
    const deps = { engine: createEngine(chain.spec), store, ancestors: readAncestors(store) };
    for (const sealed of chain.sealed.slice(upTo)) {
      const { hash } = await executeNext(sealed, 0n, deps);
      expect(hash).toBe(chain.blocks[Number(sealed.payload.height) - 1]!.hash);
    }
    await store.close();
    expect((await fetchState({ dataDir })).came).toBe('whole');
  });

  test.each([false, true])(
    'from the members of a lane, each with a part and its codes (reversed: %s)',
    async (reversed) => {
      const sources = two.addresses.map(source);
      const { came, dataDir, refused, waits } = await fetchState({ sources: reversed ? sources.reverse() : sources });
      expect([came, refused, waits]).toEqual(['snapshot', [], []]);
      await expectState(dataDir, one, 0);
    },
  );

  test('a part of the state is nowhere: it waits and says so', async () => {
    const { came, waits } = await fetchState({ sources: [source(two.addresses[0]!)] });
    expect(came).toBe('stopped');
    expect(waits[0]).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/nobody has the state .*all buckets/),
    });
  });
});

describe('a member of a lane', () => {
  test.each([
    ['the second of two, from a lone member', 1, () => two, () => [one]],
    ['the second of two, from a lane of two', 1, () => two, () => [two]],
    [
      'the second of three, from a lane of two, whose members have a part of its buckets each',
      1,
      () => three,
      () => [two],
    ],
    ['the last of three, from whoever has some', 2, () => three, () => [two, one]],
    ['the first of two', 0, () => two, () => [one]],
  ])('%s', async (_what, member, own, from) => {
    const { came, dataDir, refused, waits } = await fetchState({
      member,
      members: own().members.length,
      lane: own().addresses,
      sources: from().flatMap(({ addresses }) => addresses.map(source)),
    });
    expect([came, refused, waits]).toEqual(['snapshot', [], []]);
    await expectState(dataDir, own(), member);
  });

  test('it does not go beyond its coordinator, who knows which block it is', async () => {
    const behind = await openLane(2, 2);
    await run(behind, 0, upTo - 2);
    const { came, dataDir } = await fetchState({ member: 1, members: 2, lane: behind.addresses });
    expect(came).toBe('snapshot');
    await expectState(dataDir, behind, 1, upTo - 2);
  });

  test('lists that reach to genesis are enough', async () => {
    const young = await openLane(2, heightsKept);
    await run(young, 0, heightsKept);
    const { came } = await fetchState({ member: 1, members: 2, lane: young.addresses });
    expect(came).toBe('genesis');
  });

  test('its coordinator’s height is kept nowhere any more: it waits and says what there is', async () => {
    const behind = await openLane(2, 1);
    await run(behind, 0, 3);
    const { came, waits } = await fetchState({ member: 1, members: 2, lane: behind.addresses });
    expect(came).toBe('stopped');
    expect(waits[0]?.message).toMatch(
      /nobody has the state of a height of \d to 3 in all buckets: .* at heights 6 to 10/,
    );
  });
});

describe('who begins with whom', () => {
  let waiting: RpcServer[];
  let addresses: string[];

  beforeAll(async () => {
    waiting = [0, 1].map((member) =>
      createRpcServer(
        { host: '127.0.0.1', port: 0, graceMs: 0 },
        {
          log: pino({ level: 'silent' }),
          metrics: new Registry(),
          services: [createEmptySnapshotService(chain.genesisHash, bucketsOf(member, 2))],
        },
      ),
    );
    addresses = await Promise.all(waiting.map(async (server) => `127.0.0.1:${await server.start()}`));
  });

  afterAll(async () => {
    for (const server of waiting) await server.stop();
  });

  test('nobody has a state: all begin at genesis', async () => {
    expect((await fetchState({ sources: addresses.map(source) })).came).toBe('genesis');
    expect((await fetchState({ members: 2, lane: addresses, sources: addresses.map(source) })).came).toBe('genesis');
  });

  test('nobody has a state yet, and one does not answer: a young chain is followed from genesis, an old one is waited for', async () => {
    const sources = [...addresses, '127.0.0.1:1'].map(source);
    const at = (height: number) => fetchState({ sources, sealed: () => Promise.resolve(BigInt(height)) });
    expect((await at(heightsKept)).came).toBe('genesis');
    const { came, waits } = await at(heightsKept + 1);
    expect([came, waits[0]?.message]).toEqual([
      'stopped',
      expect.stringMatching(/at height 5, and none of .* has a state/),
    ]);
    expect((await fetchState({ sources })).waits[0]).toMatchObject({ code: 'UNAVAILABLE', message: 'no one' });
  });

  test('a chain that is young at its sources', async () => {
    expect((await fetchState({ heightsKept: upTo })).came).toBe('genesis');
  });

  test('a member waits for its coordinator, and the coordinator for all members', async () => {
    const member = await fetchState({ member: 1, members: 2, lane: addresses });
    expect(member.waits[0]?.message).toMatch(/coordinator .* has no state itself yet/);
    const coordinator = await fetchState({ members: 2, lane: [addresses[0]!, '127.0.0.1:1'] });
    expect(coordinator.waits[0]).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('a source of another chain', async () => {
    const other = {
      ...source(one.addresses[0]!),
      status: async () => ({ ...(await source(one.addresses[0]!).status(signal)), genesisHash: zeroHash }),
    };
    const { came, refused } = await fetchState({ sources: [other, source(one.addresses[0]!)] });
    expect([came, refused]).toEqual(['snapshot', [`${one.addresses[0]} CONFLICT`]]);
  });
});

const { signal } = new AbortController();

describe('lies', () => {
  const honest = () => source(one.addresses[0]!);
  const cases: [what: string, code: string, lie: (right: SnapshotSource) => Partial<SnapshotSource>][] = [
    ['fewer headers', 'DATA_LOSS', (right) => ({ headers: async (...of) => (await right.headers(...of)).slice(1) })],
    [
      'a header that does not follow',
      'DATA_LOSS',
      (right) => ({
        headers: async (...of) =>
          (await right.headers(...of)).map((header, at) => (at === 3 ? { ...header, gasUsed: 1n } : header)),
      }),
    ],
    [
      'another genesis',
      'DATA_LOSS',
      (right) => ({
        async headers(...of) {
          const headers = await right.headers(...of);
          headers[upTo] = { ...headers[upTo]!, timestamp: 7n };
          for (let at = upTo - 1; at >= 0; at--)
            headers[at] = { ...headers[at]!, parentHash: headerHash(headers[at + 1]!) };
          return headers.map((header) => ({ ...header }));
        },
      }),
    ],
    [
      'tops of other buckets',
      'DATA_LOSS',
      (right) => ({
        async tops(...of) {
          const { tops } = await right.tops(...of);
          return { first: 0, tops: tops.slice(1) };
        },
      }),
    ],
    [
      'an answer with another balance',
      'DATA_LOSS',
      (right) => ({
        parts: (...of) =>
          map(right.parts(...of), (answer) =>
            answer.kind !== 'accounts'
              ? answer
              : {
                  kind: 'accounts',
                  accounts: answer.accounts.map((account) => ({ ...account, balance: account.balance + 1n })),
                },
          ),
      }),
    ],
    [
      'an answer with another slot',
      'DATA_LOSS',
      (right) => ({
        parts: (...of) =>
          map(right.parts(...of), (answer) =>
            answer.kind !== 'slots'
              ? answer
              : { kind: 'slots', slots: answer.slots.map((slot) => ({ ...slot, value: Uint8Array.of(99) })) },
          ),
      }),
    ],
    [
      'another code',
      'DATA_LOSS',
      (right) => ({
        parts: (...of) =>
          map(right.parts(...of), (answer) =>
            answer.kind !== 'codes' ? answer : { kind: 'codes', codes: [Uint8Array.of(1)] },
          ),
      }),
    ],
    [
      'another block',
      'DATA_LOSS',
      (right) => ({
        block: async (...of) => ({ ...(await right.block(...of)), rlp: (await right.block(toHeight(3), signal)).rlp }),
      }),
    ],
    [
      'other receipts',
      'DATA_LOSS',
      (right) => ({
        async block(...of) {
          const block = await right.block(...of);
          return { ...block, receipts: block.receipts.map((receipt) => ({ ...receipt, status: !receipt.status })) };
        },
      }),
    ],
    [
      'a state that is dropped meanwhile',
      'NOT_FOUND',
      (right) => ({
        async *parts() {
          throw new ChainError({ code: 'NOT_FOUND', message: `${right.name} does not keep it` });
        },
      }),
    ],
  ];

  test.each(cases)('%s: refused, and the next source is asked', async (_what, code, lie) => {
    const right = honest();
    const { came, dataDir, refused } = await fetchState({
      sources: [{ ...right, ...lie(right), name: 'liar' }, honest()],
    });
    expect([came, refused]).toEqual(['snapshot', [`liar ${code}`]]);
    await expectState(dataDir, one, 0);
  });

  test.each(cases)('%s, and nobody else: no state', async (_what, code, lie) => {
    const right = honest();
    const { came, dataDir, refused } = await fetchState({ sources: [{ ...right, ...lie(right), name: 'liar' }] });
    expect([came, refused[0]]).toEqual(['stopped', `liar ${code}`]);
    const store = openSnapshotStore(dataDir, chain.spec);
    expect(store.whole()).toBe(false);
    await store.close();
  });

  test('tops that make another root: whoever is right of two is believed', async () => {
    const right = honest();
    const tops: SnapshotSource['tops'] = async (...of) => {
      const told = await right.tops(...of);
      return { first: 0, tops: told.tops.map((top) => (top.kind === 'leaf' ? { kind: 'empty' } : top)) };
    };
    const { came, dataDir } = await fetchState({ sources: [{ ...right, tops, name: 'liar' }, honest()] });
    expect(came).toBe('snapshot');
    await expectState(dataDir, one, 0);
    const alone = await fetchState({ sources: [{ ...right, tops, name: 'liar' }] });
    expect([alone.came, alone.waits[0]?.code, alone.refused[0]]).toEqual(['stopped', 'DATA_LOSS', 'liar DATA_LOSS']);
  });

  test('two sources have other blocks: nobody picks one', async () => {
    const right = honest();
    const headers: SnapshotSource['headers'] = async (...of) => {
      const [first, ...rest] = await right.headers(...of);
      return [{ ...first!, extraData: Uint8Array.of(1) }, ...rest];
    };
    const { came, waits } = await fetchState({ sources: [{ ...right, headers, name: 'liar' }, honest()] });
    expect([came, waits[0]?.code, waits[0]?.message]).toEqual([
      'stopped',
      'CONFLICT',
      expect.stringContaining('only a person'),
    ]);
  });

  test('a source that has another block than the own coordinator gives nothing', async () => {
    const right = honest();
    const conflict = async (): Promise<never> => {
      throw new ChainError({ code: 'CONFLICT', message: 'there is another block' });
    };
    const { came, refused } = await fetchState({
      member: 1,
      members: 2,
      lane: two.addresses,
      sources: [{ ...right, tops: conflict, name: 'other' }, honest()],
    });
    expect([came, refused]).toEqual(['snapshot', ['other CONFLICT']]);
  });

  test('who has not a code has the rest all the same', async () => {
    const right = honest();
    const without: SnapshotSource['parts'] = async function* (block, wants, ...of) {
      const at = wants.findIndex(({ kind }) => kind === 'codes');
      if (at !== 0) yield* right.parts(block, at < 0 ? wants : wants.slice(0, at), ...of);
      if (at >= 0) throw new ChainError({ code: 'NOT_FOUND', message: 'a code is not here' });
    };
    const codesAlone: SnapshotSource['parts'] = async function* (block, wants, ...of) {
      const others = wants.findIndex(({ kind }) => kind !== 'codes');
      if (others !== 0) yield* right.parts(block, others < 0 ? wants : wants.slice(0, others), ...of);
      if (others >= 0) throw new ChainError({ code: 'LIMIT', message: 'busy', retryAfterMs: 0 });
    };
    const sources = [
      { ...right, parts: without, name: 'without' },
      { ...right, parts: codesAlone, name: 'codes alone' },
    ];
    const { came, dataDir, refused, waits } = await fetchState({ sources });
    expect([came, refused, waits]).toEqual(['snapshot', [], []]);
    await expectState(dataDir, one, 0);
  });

  test('a source that breaks off in the middle is asked again', async () => {
    const right = honest();
    let calls = 0;
    const parts: SnapshotSource['parts'] = async function* (...of) {
      calls += 1;
      for await (const answer of right.parts(...of)) {
        yield answer;
        if (calls < 4) throw new ChainError({ code: 'UNAVAILABLE', message: 'gone' });
      }
    };
    const { came, dataDir, refused, resumed } = await fetchState({ sources: [{ ...right, parts }] });
    expect([came, refused, resumed]).toEqual(['snapshot', [], [false]]);
    expect(calls).toBeGreaterThan(3);
    await expectState(dataDir, one, 0);
  });
});

async function* map(answers: AsyncIterable<SnapshotAnswer>, change: (answer: SnapshotAnswer) => SnapshotAnswer) {
  for await (const answer of answers) yield change(answer);
}

describe('a crash', () => {
  test('after each part: no part is a state, and the next start goes on', async () => {
    const dataDir = newFolder();
    const resumed: boolean[] = [];
    for (let crashes = 0; ; crashes++) {
      let parts = 0;
      const crash = () => {
        if (++parts > 1) throw new TypeError('crash');
      };
      const outcome = await fetchState({ dataDir, rows: crash }).catch((error: unknown) => error);
      if (!(outcome instanceof TypeError)) {
        const done = outcome as Awaited<ReturnType<typeof fetchState>>;
        expect(done.came).toBe('snapshot');
        resumed.push(...done.resumed);
        expect(crashes).toBeGreaterThan(5);
        break;
      }
      // Without sources the directory is refused, not taken for a state, nor overwritten by genesis.
      await expect(openBlockStore(dataDir, chain.spec)).rejects.toThrow('a snapshot that is not loaded to its end');
    }
    expect(resumed).toEqual([true]);
    await expectState(dataDir, one, 0);
  });

  test.each<[string, (dataDir: string) => Promise<void>]>([
    ['and it is another member now', () => Promise.resolve()],
    [
      'and what was begun cannot be read',
      async (dataDir) => {
        const kv = openMemberDatabase(dataDir);
        kv.write([{ table: tables.member, key: memberKey.importing, value: Uint8Array.of(1) }]);
        await kv.close();
      },
    ],
  ])('%s: it begins anew', async (_what, change) => {
    const dataDir = newFolder();
    const crash = () => {
      throw new TypeError('crash');
    };
    const begun = fetchState({ dataDir, member: 1, members: 2, lane: two.addresses, rows: crash });
    await expect(begun).rejects.toThrow('crash');
    await change(dataDir);
    const { came, resumed, waits } = await fetchState({ dataDir });
    expect([came, resumed, waits]).toEqual(['snapshot', [false], []]);
    await expectState(dataDir, one, 0);
  });

  test('and its own disk is damaged: what is there is no state, and it begins anew', async () => {
    const dataDir = newFolder();
    let crashes = 0;
    const crash = () => {
      if (++crashes > 6) throw new TypeError('crash');
    };
    await expect(fetchState({ dataDir, rows: crash })).rejects.toThrow('crash');
    const kv = openMemberDatabase(dataDir);
    const [row] = kv.range(stateTables.accounts, new Uint8Array(1), undefined, 1);
    const other = row!.value.slice();
    other[other.length - 1]! ^= 1;
    kv.write([{ table: stateTables.accounts, key: row!.key, value: other }]);
    await kv.close();
    const { came, resumed, waits } = await fetchState({ dataDir });
    expect([came, resumed, waits[0]?.code]).toEqual(['snapshot', [true, false], 'DATA_LOSS']);
    await expectState(dataDir, one, 0);
  });

  test('and there is nothing to fetch any more: genesis is written as into an empty directory', async () => {
    const dataDir = newFolder();
    const crash = () => {
      throw new TypeError('crash');
    };
    await expect(fetchState({ dataDir, rows: crash })).rejects.toThrow('crash');
    expect((await fetchState({ dataDir, heightsKept: upTo })).came).toBe('genesis');
    const store = await openBlockStore(dataDir, chain.spec);
    expect(store.head()).toEqual({ height: 0n, hash: chain.genesisHash });
    await store.close();
  });

  test('and the chain has gone on beyond what is kept: it begins anew', async () => {
    const moving = await openLane(1, 1);
    await run(moving, 0, upTo - 4);
    const dataDir = newFolder();
    const sources = () => [source(moving.addresses[0]!)];
    let parts = 0;
    const crash = () => {
      if (++parts > 4) throw new TypeError('crash');
    };
    await expect(fetchState({ dataDir, sources: sources(), rows: crash, heightsKept: 1 })).rejects.toThrow('crash');
    await run(moving, upTo - 4, upTo);
    const { came, resumed } = await fetchState({ dataDir, sources: sources(), heightsKept: 1 });
    expect([came, resumed]).toEqual(['snapshot', [false]]);
    await expectState(dataDir, one, 0);
  });
});

describe('what the service refuses', () => {
  const client = () => {
    const made = createRpcClient(
      snapshotV1.SnapshotServiceService,
      { address: two.addresses[1]!, retry: { attemptsMax: 1 } },
      {},
    );
    closing.push(() => made.close());
    return made;
  };
  const block = (height = upTo, hash = chain.blocks[height - 1]!.hash) =>
    blockRefToWire({ height: toHeight(height), hash });
  const bucket = () => ownersOf(2).indexOf(1);
  const want = (at = bucket()) => toBuffer(encodeWant({ kind: 'accounts', position: Uint8Array.of(at >> 4, at & 15) }));
  async function refusal(wants: Buffer[], at = block()): Promise<ChainErrorDetail> {
    try {
      for await (const { answer } of client().streamSnapshotParts({ block: at, wants }, { deadlineMs }))
        expect(answer).toBeDefined();
    } catch (error) {
      if (isChainError(error)) return error.detail;
      throw error;
    }
    throw new Error('was not refused');
  }

  test('wants that are none, too many, too long or malformed', async () => {
    expect(await refusal([])).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'wants' });
    expect(await refusal(Array.from({ length: 65 }, () => want()))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'wants',
    });
    expect(await refusal([want(), Buffer.alloc(5_000)])).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'wants.1' });
    expect(await refusal([Buffer.of(0xc1, 0x09)])).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('blocks that are not here, and states that are not kept', async () => {
    expect(await refusal([want()], block(upTo, zeroHash))).toMatchObject({ code: 'CONFLICT' });
    expect(await refusal([want()], block(upTo + 1))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusal([want()], block(2))).toMatchObject({ code: 'NOT_FOUND' });
    const get = client().getSnapshotHeaders({ height: BigInt(upTo + 1) }, { deadlineMs });
    await expect(get).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('too many streams at a time', async () => {
    let asked = 0;
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const { writer, head } = two.members[1]!;
    const snapshotPart = async () => {
      asked += 1;
      await answered;
      return new Uint8Array(1);
    };
    const { handlers } = createSnapshotService(
      { buckets: bucketsOf(1, 2) },
      { store: writer, head, caller: { snapshotPart } as unknown as Caller },
    );
    type Stream = AsyncGenerator<{ answer: Buffer }>;
    const open = () =>
      handlers['streamSnapshotParts']!({ block: block(), wants: [want()] } as never, {} as never) as Stream;
    const streams = Array.from({ length: 4 }, open);
    const first = streams.map((stream) => stream.next());
    expect(asked).toBe(4);
    await expect(open().next()).rejects.toMatchObject({ code: 'LIMIT' });
    answer();
    for (const one of first) expect((await one).done).toBe(false);
    for (const stream of streams) expect((await stream.next()).done).toBe(true);
    expect((await open().next()).done).toBe(false);
  });

  test('what it says of itself', async () => {
    const status = await source(two.addresses[1]!).status(signal);
    expect(status).toMatchObject({
      genesisHash: chain.genesisHash,
      buckets: bucketsOf(1, 2),
      state: { head: { height: 10n, hash: chain.blocks[upTo - 1]!.hash }, oldest: 6n },
    });
    const { headers } = await client().getSnapshotHeaders({ height: 10n }, { deadlineMs });
    expect(headers).toHaveLength(11);
    expect(new Uint8Array(headers[0]!)).toEqual(encodeHeader(chain.blocks[upTo - 1]!.header));
  });
});
