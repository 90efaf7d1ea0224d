// Goal: a validator signs every height of a real chain once, and signs nothing that was altered on the way: payload, header, witness, blob, cell,
// certificate. What is wrong raises the alarm, what is away does not, and both end when the truth is served again.
// Method: a chain made by the state-transition library with real blobs and certificates, served by gRPC servers in this process that alter one
// thing at one height; the validator runs whole, with its worker threads, PostgreSQL not needed, announcements over real NATS.
import { connectBus, type Bus } from '@sheaf/bus';
import { blsAggregate, blsSign, blsVerify, createCryptoWorker } from '@sheaf/crypto';
import { decodeBlock, encodeBlock, encodeHeader, headerHash } from '@sheaf/ethereum';
import { ChainError, toHeight, zeroHash, type Hash32 } from '@sheaf/primitives';
import { encodeBlockAnnouncement } from '@sheaf/proto';
import { attestationDigest, batchDigest } from '@sheaf/protocol';
import { testContext } from '@sheaf/service';
import { decodeWitness, encodeWitness } from '@sheaf/state';
import { bundleWorker, devChainSpec, testNatsUrl, testStreamPrefix, waitFor as waitForAtMost } from '@sheaf/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { config } from '../src/config.ts';
import { createValidator, type Validator } from '../src/service.ts';
import { buildChain } from './chain-builder.ts';
import { servePeers, type Tampering, type World } from './peers.ts';

// Each KZG worker takes 2.5 s of CPU to start, and other tests run beside this one.
jest.setTimeout(240_000);

const chain = devChainSpec();
const { spec } = chain;
const batchSizes = [2, ...Array.from({ length: 12 }, () => 1)];

let directory: string;
let workerFile: string;
let world: World;
let peers: Awaited<ReturnType<typeof servePeers>>;
let bus: Bus;
let streamPrefix: string;
let running: Started;

interface Started {
  validator: Validator;
  context: ReturnType<typeof testContext<ReturnType<typeof config.parse>>>;
}

function environment(): Record<string, string> {
  return {
    SHEAF_CHAIN_SPEC: join(directory, 'chain.json'),
    SHEAF_VALIDATOR_INDEX: '0',
    SHEAF_BLS_KEY_FILE: join(directory, 'validator.key'),
    SHEAF_DATA_DIR: join(directory, 'data'),
    SHEAF_WARM_POINT_EVALUATION: 'false',
    SHEAF_NATS_URL: testNatsUrl(),
    SHEAF_STREAM_PREFIX: streamPrefix,
    SHEAF_SEQUENCER_ADDRESS: peers.main,
    SHEAF_EXECUTION_ADDRESS: peers.main,
    SHEAF_SETTLEMENT_ADDRESS: peers.main,
    SHEAF_DA_ADDRESSES: `${peers.main},${peers.second}`,
    // All promised columns, so that a withheld one is always among them.
    SHEAF_SAMPLE_COLUMNS: '128',
    SHEAF_POLL_MS: '50',
    SHEAF_DEADLINE_MS: '3000',
  };
}

async function launch(changes: Record<string, string> = {}): Promise<Started> {
  const context = testContext(config.parse({ ...environment(), ...changes }));
  const validator = createValidator(context, { workerFile });
  try {
    await validator.start();
  } catch (error) {
    await validator.stop();
    throw error;
  }
  return { validator, context };
}

const waitFor = (condition: () => boolean) => waitForAtMost(condition, { timeoutMs: 60_000 });
const heights = () => world.attestations.map(({ height }) => Number(height));
const divergence = async () => /^sheaf_validator_divergence (\d)$/m.exec(await running.context.metrics.metrics())![1];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sheaf-validator-'));
  writeFileSync(join(directory, 'chain.json'), JSON.stringify(chain.json));
  writeFileSync(join(directory, 'validator.key'), Buffer.from(chain.validatorKeys[0]!).toString('hex'));
  workerFile = await bundleWorker('apps/validator/src/main.ts');
  const kzg = await createCryptoWorker({ workerFile, kzg: true });
  const built = await buildChain(chain, batchSizes, kzg);
  await kzg.close();
  world = { spec, chain: built, head: 0n, tamperedHeight: 0n, tampering: {}, attestations: [] };
  peers = await servePeers(world);
  streamPrefix = testStreamPrefix();
  bus = await connectBus({ url: testNatsUrl(), streamPrefix, name: 'test' }, { log: testContext({}).log });
  running = await launch();
});

afterAll(async () => {
  await running?.validator.stop();
  await peers?.stop();
  await bus?.close();
  rmSync(directory, { recursive: true });
});

function announce(height: bigint, hash: Hash32) {
  const { block } = world.chain.get(height)!;
  const header = encodeHeader(block.header);
  const announcement = { height: toHeight(height), hash, payloadHash: block.payloadHash, header, dropped: [] };
  return bus.publish('blocks', encodeBlockAnnouncement(announcement));
}

test('signs the heights of one batch in order, each for the block that the chain has', async () => {
  world.head = 2n;
  await waitFor(() => heights().length === 2);
  expect(heights()).toEqual([1, 2]);
  for (const attestation of world.attestations) {
    expect(attestation.blockHash).toBe(world.chain.get(attestation.height)!.block.hash);
    expect(blsVerify(spec.validators[0]!.publicKey, attestationDigest(attestation), attestation.signature)).toBe(true);
  }
  expect(await divergence()).toBe('0');
});

test('after a restart it hands in the last one again and nothing else twice', async () => {
  await running.validator.stop();
  running = await launch();
  await waitFor(() => heights().length === 3);
  world.head = 3n;
  await waitFor(() => heights().includes(3));
  expect(heights()).toEqual([1, 2, 2, 3]);
  expect(world.attestations[2]).toEqual(world.attestations[1]);
});

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

const wrongs: [string, Tampering, RegExp][] = [
  [
    'another payload than was certified',
    { payload: (payload) => ({ ...payload, timestamp: payload.timestamp + 1n }) },
    /the certified blobs hold/,
  ],
  [
    'a payload that breaks a rule',
    { payload: (payload) => ({ ...payload, gasLimit: payload.gasLimit * 2n }) },
    /gasLimit/,
  ],
  [
    'a header with another state root',
    {
      block(block) {
        const { header, transactions, withdrawals } = decodeBlock(block.rlp);
        const altered = { ...header, stateRoot: zeroHash };
        return {
          ...block,
          hash: headerHash(altered),
          rlp: encodeBlock({ header: altered, transactions, withdrawals }),
        };
      },
    },
    /execution says/,
  ],
  [
    'a witness that lacks a code',
    {
      witness: (witness) => {
        const state = decodeWitness(witness.state);
        return { ...witness, state: encodeWitness({ ...state, codes: state.codes.slice(1) }) };
      },
    },
    /height 7: /,
  ],
  [
    'a witness with an altered node',
    { witness: (witness) => ({ ...witness, state: flip(witness.state, witness.state.length >> 1) }) },
    /height 8: /,
  ],
  [
    'a blob that was not certified',
    { blobs: (blobs) => blobs.map((blob) => flip(blob, 40)) },
    /is not what was certified/,
  ],
  [
    'a certificate that one node alone signed',
    {
      certificate: ({ statement }) => ({
        statement,
        signers: [1],
        signature: blsSign(chain.daKeys[1]!, batchDigest(statement)),
      }),
    },
    /certificate of height 10 does not verify/,
  ],
  [
    'a certificate over other heights',
    {
      certificate({ statement }) {
        const altered = { ...statement, firstHeight: toHeight(statement.firstHeight - 1n) };
        const signature = blsAggregate(chain.daKeys.map((key) => blsSign(key, batchDigest(altered))));
        return { statement: altered, signers: [0, 1], signature };
      },
    },
    /hold 1 payloads/,
  ],
  ['columns that a node withholds', { cells: (cells) => cells.slice(1) }, /withheld or altered/],
  [
    'an altered cell',
    { cells: (cells) => cells.map((cell) => ({ ...cell, cell: Buffer.from(flip(cell.cell, 1000)) })) },
    /withheld or altered/,
  ],
];

test.each(wrongs.map((each, index) => [index + 4, ...each] as const))(
  'height %d: %s is not signed and raises the alarm until the truth is served',
  async (height, _what, tampering, message) => {
    world.tampering = tampering;
    world.tamperedHeight = BigInt(height);
    world.head = BigInt(height);
    await waitFor(() => running.validator.condition()?.state === 'alarmed');
    expect(running.validator.condition()!.detail).toMatch(message);
    expect(await divergence()).toBe('1');
    expect(running.validator.health()).toMatchObject({ ready: false });
    expect(heights()).not.toContain(height);
    world.tampering = {};
    await waitFor(() => heights().includes(height));
    expect(await divergence()).toBe('0');
    expect(running.context.fatalErrors).toEqual([]);
  },
);

test('a node that is away is no alarm, and a lying announcement neither', async () => {
  world.tamperedHeight = 14n;
  world.tampering = {
    cells() {
      throw new ChainError({ code: 'UNAVAILABLE', message: 'restarting' });
    },
  };
  await announce(14n, zeroHash);
  world.head = 14n;
  await waitFor(() => running.validator.condition()?.state === 'waiting');
  expect(await divergence()).toBe('0');
  expect(heights()).not.toContain(14);
  world.tampering = {};
  await waitFor(() => heights().includes(14));
  expect(world.attestations.at(-1)!.blockHash).toBe(world.chain.get(14n)!.block.hash);
});

test.each<[string, () => Record<string, string>, string]>([
  ["another validator's key", () => ({ SHEAF_VALIDATOR_INDEX: '1' }), 'holds another key than the chain spec has'],
  ['an index outside the set', () => ({ SHEAF_VALIDATOR_INDEX: '3' }), 'SHEAF_VALIDATOR_INDEX must be below 3'],
  ['a data directory that is a file', () => ({ SHEAF_DATA_DIR: join(directory, 'chain.json') }), 'SHEAF_DATA_DIR'],
  ['too few addresses', () => ({ SHEAF_DA_ADDRESSES: peers.main }), 'SHEAF_DA_ADDRESSES must name 2 nodes'],
])('refuses to start with %s', async (_what, changes, sentence) => {
  await expect(launch(changes())).rejects.toThrow(sentence);
});

test('when settlement has another signature of this key, nothing is signed any more', async () => {
  // A restored directory would look the same to settlement: here it is scripted.
  await running.validator.stop();
  world.tamperedHeight = 14n;
  world.tampering = {
    submit() {
      throw new ChainError({ code: 'CONFLICT', message: 'another block was attested' });
    },
  };
  running = await launch();
  await waitFor(() => running.validator.condition()?.state === 'halted');
  expect(await divergence()).toBe('1');
  expect(running.validator.health()).toMatchObject({ ready: false });
});

test('with an empty directory it verifies all again and signs nothing that settlement has', async () => {
  await running.validator.stop();
  world.tampering = {};
  const before = heights().length;
  running = await launch({ SHEAF_DATA_DIR: join(directory, 'fresh') });
  await waitFor(() => running.validator.condition()?.verifiedHeight === 14n);
  expect(heights()).toHaveLength(before);
});
