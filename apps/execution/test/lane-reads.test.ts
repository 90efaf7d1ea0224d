// Goal: whoever asks member 0 of a lane, or another one, is answered as one member with the whole state would; a member that is
// behind is waited for, one that is down, pruned, elsewhere or overloaded is a typed error.
// Method: lanes of 1, 2 and 3 members with LMDB stores and gRPC on loopback over the same payloads; answers side by side.
import {
  ChainError,
  hexToBytes,
  isChainError,
  toAddress,
  toHash32,
  zeroHash,
  type ChainErrorDetail,
} from '@sheaf/primitives';
import { bucketsOf } from '@sheaf/partition';
import { hexToBuffer, messageToWire, type executionV1 } from '@sheaf/proto';
import type { CallMessage } from '@sheaf/state-transition';
import { openBlockWriter } from '../src/adapters/block-store.ts';
import { connectMembers } from '../src/adapters/remote-members.ts';
import { openLocalLane, type TestLane, type TestMember } from './local-lane.ts';
import { burnContract, referenceChain, revertContract, storeContract, type ReferenceChain } from './reference-chain.ts';

const deadlineMs = 20_000;
const early = 4;
const length = 8;

let chain: ReferenceChain;
let one: TestLane;
let lanes: TestLane[];

beforeAll(async () => {
  chain = await referenceChain(length);
  one = await openLocalLane(chain, 1);
  lanes = [await openLocalLane(chain, 2), await openLocalLane(chain, 3)];
  for (const lane of [one, ...lanes]) for (const sealed of chain.sealed.slice(0, early)) await lane.execute(sealed);
}, 60_000);

afterAll(async () => {
  for (const lane of [one, ...(lanes ?? [])]) await lane?.close();
});

const at = (value: number): executionV1.BlockSelector => ({ selector: { $case: 'height', value: BigInt(value) } });
const slot = (fill: number) => hexToBuffer(toHash32(new Uint8Array(32).fill(fill)));
const override = { balance: undefined, nonce: undefined, code: undefined, slots: [] };
const message = (fields: Partial<CallMessage>) =>
  messageToWire({
    from: chain.accounts[0]!.address,
    to: storeContract,
    data: new Uint8Array(0),
    value: 0n,
    gasLimit: 0n,
    gasPrice: 0n,
    accessList: [],
    overrides: [],
    ...fields,
  });

/** Of accounts that are here, there and nowhere. */
const addresses = () => [
  ...chain.accounts.map(({ address }) => address),
  storeContract,
  burnContract,
  revertContract,
  chain.spec.feeRecipient,
  ...Array.from({ length: 12 }, (_, index) => toAddress(`0x${(index + 1).toString(16).padStart(40, 'e')}`)),
];

/** Adds up the balances and code hashes of all the addresses and calls each of the contracts, then returns the sum. */
function curious(): Uint8Array {
  const push = (address: string) => `73${address.slice(2)}`;
  const sums = addresses().map((address) => `${push(address)}3101${push(address)}3f01`);
  // The word of a slot's number, to revert with, which comes back as the output.
  const calls = [storeContract, revertContract].map((address) => `60205f60405f5f${push(address)}5af1015f5101`);
  return hexToBytes(`0x5f${sums.join('')}${calls.join('')}5f5260205ff3`);
}

function messages(): Partial<CallMessage>[] {
  const reader = toAddress(`0x${'99'.repeat(20)}`);
  // Adds up the slots that the payloads set.
  const reading = hexToBytes(
    `0x5f${Array.from({ length }, (_, index) => `7f${(index + 1).toString(16).padStart(2, '0').repeat(32)}5401`).join('')}5f5260205ff3`,
  );
  return [
    { data: new Uint8Array(64).fill(3) },
    { to: revertContract, data: new Uint8Array(32).fill(7) },
    { to: chain.accounts[5]!.address, value: 1n },
    { to: chain.accounts[5]!.address, value: 10n ** 40n },
    { to: reader, overrides: [{ ...override, address: reader, code: curious() }] },
    { overrides: [{ ...override, address: storeContract, code: reading }] },
    { to: undefined, data: hexToBytes('0x60015f5560206000f3') },
  ];
}

async function outcome(run: Promise<unknown>): Promise<unknown> {
  return run.catch((error: unknown) => {
    if (!isChainError(error)) throw error;
    return error.detail;
  });
}

async function refusal(run: Promise<unknown>): Promise<ChainErrorDetail> {
  const error = await run.catch((caught: unknown) => caught);
  if (!(error instanceof ChainError)) throw new Error(`was not refused: ${String(error)}`);
  return error.detail;
}

/** Everything that a member answers about the state after a height. */
async function answers({ client }: TestMember, block: executionV1.BlockSelector): Promise<unknown> {
  const limits = { deadlineMs };
  const slots = [slot(1), slot(2), slot(3), slot(200)];
  const all = addresses().map(hexToBuffer);
  const each = async <T, R>(items: readonly T[], ask: (item: T) => Promise<R>) => {
    const answered: R[] = [];
    for (const item of items) answered.push(await ask(item));
    return answered;
  };
  return {
    accounts: await client.getAccounts({ block, addresses: all }, limits),
    codes: await each(all, (address) => client.getCode({ block, address }, limits)),
    slots: await each(slots, (key) =>
      client.getStorage({ block, address: hexToBuffer(storeContract), slot: key }, limits),
    ),
    proofs: await each(all, (address) => client.getProof({ block, address, slots }, limits)),
    calls: await each(messages(), (fields) => outcome(client.call({ block, message: message(fields) }, limits))),
    gas: await each(messages(), (fields) => outcome(client.estimateGas({ block, message: message(fields) }, limits))),
  };
}

test('every member answers as one alone does, at every height, while blocks are committed', async () => {
  const expected = new Map<number, unknown>();
  for (const height of [0, 3, early]) expected.set(height, await answers(one.members[0]!, at(height)));
  for (const lane of lanes) {
    const committing = (async () => {
      for (const sealed of chain.sealed.slice(early)) {
        await lane.execute(sealed);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (const [height, answered] of expected) {
      const member = lane.members[height % lane.members.length]!;
      expect(await answers(member, at(height))).toEqual(answered);
    }
    await committing;
  }
  for (const sealed of chain.sealed.slice(early)) await one.execute(sealed);
  const last = await answers(one.members[0]!, at(length));
  for (const { members } of lanes) {
    for (const member of members) expect(await answers(member, { selector: undefined })).toEqual(last);
  }
}, 120_000);

test('a witness is that of one alone, byte for byte', async () => {
  for (const { members } of lanes) {
    for (let height = 1; height <= length; height++) {
      const expected = await one.members[0]!.client.getWitness({ block: at(height) }, { deadlineMs });
      expect(await members[0]!.client.getWitness({ block: at(height) }, { deadlineMs })).toEqual(expected);
    }
  }
});

test('blocks and witnesses are at member 0', async () => {
  const { client } = lanes[0]!.members[1]!;
  const where = {
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`member 0 of the lane (${lanes[0]!.addresses[0]})`),
  };
  expect(await refusal(client.getBlock({ block: at(1) }, { deadlineMs }))).toMatchObject(where);
  expect(await refusal(client.getWitness({ block: at(1) }, { deadlineMs }))).toMatchObject(where);
  const streaming = (async () => {
    for await (const _ of client.streamBlocks({ fromHeight: 1n })) break;
  })();
  expect(await refusal(streaming)).toMatchObject(where);
});

describe('between members', () => {
  let lane: TestLane;
  let block: { height: ReferenceChain['sealed'][number]['payload']['height']; hash: ReturnType<typeof toHash32> };
  const far = (member: number) =>
    addresses()
      .filter((address) => lane.members[0]!.lane!.ownerOf(address) === member)
      .map((address) => ({ address, slots: [] }));

  beforeEach(async () => {
    lane = await openLocalLane(chain, 2, { waitMsMax: 200, accountsMax: 3, slotsMax: 4, requestsMax: 2 });
    const [first, second, third] = chain.sealed;
    await lane.execute(first!);
    await lane.execute(second!, [0]);
    await lane.execute(third!, [0]);
    block = { height: second!.payload.height, hash: chain.blocks[1]!.hash };
  });
  afterEach(() => lane.close());

  test('one that is behind is waited for, not for ever', async () => {
    const [{ lane: reads }, { head }] = [lane.members[0]!, lane.members[1]!];
    expect(await refusal(reads!.read(block, far(1), {}))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('has not committed block 2: it is at 1'),
    });
    const reading = reads!.read(block, far(1), {});
    setTimeout(() => head.advance({ height: block.height, hash: block.hash }), 30);
    expect(await reading).toHaveLength(far(1).length);
  });

  test('another block, another number of members, garbage and too much are refused; many keys go in several requests', async () => {
    const { lane: reads } = lane.members[0]!;
    lane.members[1]!.head.advance(block);
    expect(await refusal(reads!.read({ ...block, hash: toHash32(zeroHash) }, far(1), {}))).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`has block ${block.hash}`),
    });
    const other = connectMembers(
      { member: 0, addresses: ['127.0.0.1:1', lane.addresses[0]!], limits: { accountsMax: 3 } },
      {},
    );
    expect(await refusal(other.read(block, far(1), {}))).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('must be an account of member 0'),
    });
    other.close();
    const bare = connectMembers({ member: 0, addresses: lane.addresses }, {});
    expect(await refusal(bare.read(block, far(1), {}))).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('accounts must have 1 to 3 items'),
    });
    bare.close();
    const slots = Array.from({ length: 11 }, (_, fill) => toHash32(new Uint8Array(32).fill(fill)));
    const wanted = far(1).map(({ address }) => ({ address, slots }));
    const found = await reads!.read(block, wanted, {});
    expect(found.map(({ slots: values }) => values.length)).toEqual(wanted.map(() => slots.length));
    expect(await refusal(reads!.codes(1, [toHash32(zeroHash)], {}))).toMatchObject({ code: 'DATA_LOSS' });
  });

  test('more requests than it answers at a time are LIMIT', async () => {
    const { lane: reads } = lane.members[0]!;
    const [keys] = far(1);
    const outcomes = await Promise.all(Array.from({ length: 3 }, () => refusal(reads!.read(block, [keys!], {}))));
    expect(outcomes.map(({ code }) => code).sort()).toEqual(['LIMIT', 'UNAVAILABLE', 'UNAVAILABLE']);
  });

  test('one that does not keep the state, or is down, is named', async () => {
    const [{ client, lane: reads }, second] = [lane.members[0]!, lane.members[1]!];
    second.head.advance({ height: chain.sealed[2]!.payload.height, hash: chain.blocks[2]!.hash });
    const address = hexToBuffer(far(1)[0]!.address);
    expect((await client.getAccounts({ block: at(2), addresses: [address] }, { deadlineMs })).height).toBe(2n);
    await second.writer.close();
    second.writer = openBlockWriter(second.dataDir, {
      buckets: bucketsOf(1, 2),
      heightsKept: 1,
      pendingHeightsMin: 1,
    });
    while (second.writer.maintain());
    expect(await refusal(client.getAccounts({ block: at(1), addresses: [address] }, { deadlineMs }))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('member 1'),
    });
    await second.server.stop();
    expect(await refusal(client.getAccounts({ block: at(2), addresses: [address] }, { deadlineMs }))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('member 1'),
    });
    expect(await refusal(client.getWitness({ block: at(2) }, { deadlineMs }))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(
      await refusal(client.call({ block: at(2), message: message({ from: far(1)[0]!.address }) }, { deadlineMs })),
    ).toMatchObject({ code: 'UNAVAILABLE' });
    reads!.close();
  });
});
