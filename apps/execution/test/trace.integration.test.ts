// Goal: a trace is what geth would tell, at every member of a lane alike, and what is not right or too much is an error.
// Method: lanes of 1 and 2 members with LMDB stores and gRPC over the same blocks, whose transactions do what a trace can tell;
// Foundry's node, over the same transactions, as the peer.
import { decodeBlock, Logs, type Receipt } from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, toHeight, type ChainErrorDetail } from '@sheaf/primitives';
import { messageToWire, traceOptionsToWire, type executionV1, type Tracer } from '@sheaf/proto';
import type { CallMessage } from '@sheaf/state-transition';
import { openTracing } from '../src/domain/tracing/tracing.ts';
import { traceLimits, type TraceLimits } from '../src/trace-limits.ts';
import { startAnvil, type Anvil } from './anvil.ts';
import { openLocalLane, type TestLane } from './local-lane.ts';
import { callsAll, refunds, reverts, store, traceChain, word, type TraceChain } from './trace-chain.ts';

const deadlineMs = 20_000;
const traced = 2;
/** Places of the transactions that look at their block. */
const lookIndexes = [8, 15];
/** Of the one with authorizations. */
const authorizesIndex = 12;

let chain: TraceChain;
let lanes: TestLane[];

beforeAll(async () => {
  chain = await traceChain();
  lanes = [await openLocalLane(chain, 1), await openLocalLane(chain, 2)];
  for (const lane of lanes) for (const sealed of chain.sealed) await lane.execute(sealed);
}, 60_000);

afterAll(async () => {
  for (const lane of lanes ?? []) await lane.close();
});

const struct: Tracer = { kind: 'struct', stack: true, storage: true, memory: true, returnData: true, stepsMax: 0 };
const calls: Tracer = { kind: 'call', onlyTopCall: false, withLog: true };
const at = (value: number): executionV1.BlockSelector => ({ selector: { $case: 'height', value: BigInt(value) } });

async function traceBlock(lane: TestLane, tracer: Tracer, index?: number, height = traced): Promise<string[]> {
  const options = traceOptionsToWire({ tracer, timeoutMs: 0 });
  const request = { block: at(height), transactionIndex: index, options };
  const traces: string[] = [];
  let text = '';
  for await (const { json, last } of lane.members[0]!.client.traceBlock(request, { deadlineMs })) {
    text += json.toString();
    if (!last) continue;
    traces.push(text);
    text = '';
  }
  return traces;
}

const emptyMessage: Omit<CallMessage, 'from'> = {
  to: callsAll,
  data: hexToBytes(word(1)),
  value: 0n,
  gasLimit: 0n,
  gasPrice: 0n,
  accessList: [],
  overrides: [],
};
const prestate = (diffMode: boolean): Tracer => ({ kind: 'prestate', diffMode });

async function traceCall(lane: TestLane, tracer: Tracer, fields: Partial<CallMessage>, member = 0): Promise<unknown> {
  const message = messageToWire({
    ...emptyMessage,
    from: chain.accounts[0]!.address,
    ...fields,
  });
  const request = { block: at(traced), message, options: traceOptionsToWire({ tracer, timeoutMs: 0 }) };
  let text = '';
  for await (const { json } of lane.members[member]!.client.traceCall(request, { deadlineMs })) text += json.toString();
  return JSON.parse(text);
}

async function refusal(run: Promise<unknown>): Promise<ChainErrorDetail> {
  const error = await run.catch((caught: unknown) => caught);
  if (!(error instanceof ChainError)) throw new Error(`was not refused: ${String(error)}`);
  return error.detail;
}

interface Frame {
  type: string;
  gas: string;
  gasUsed: string;
  error?: string;
  revertReason?: string;
  logs?: { index?: string; position: string }[];
  calls?: Frame[];
}

interface Account {
  balance?: string;
}

interface StructTrace {
  gas: number;
  failed: boolean;
  returnValue: string;
  structLogs: StructLog[];
}

interface StructLog {
  pc: number;
  op: string;
  gas: number;
  gasCost: number;
  depth: number;
  error?: string;
  stack: string[];
  memory?: string[];
  returnData?: string;
  storage?: Record<string, string>;
  refund?: number;
}

test('both members of a lane answer what one alone does, and one transaction is traced as it is in its block', async () => {
  const [one, two] = lanes;
  for (const tracer of [struct, calls, prestate(false), prestate(true)]) {
    const whole = await traceBlock(one!, tracer);
    expect(whole).toHaveLength(chain.transactions.length);
    expect(await traceBlock(two!, tracer)).toEqual(whole);
    for (const index of [0, 8, 12]) expect(await traceBlock(two!, tracer, index)).toEqual([whole[index]]);
    const call = await traceCall(one!, tracer, {});
    for (const member of [0, 1]) expect(await traceCall(two!, tracer, {}, member)).toEqual(call);
  }
});

describe('beside Foundry', () => {
  let anvil: Anvil;
  const hashes: string[] = [];

  beforeAll(async () => {
    anvil = await startAnvil({ chainId: chain.spec.chainId, gasLimit: chain.spec.genesis.gasLimit });
    for (const [address, code] of chain.codes) {
      await anvil.rpc('anvil_setCode', address, bytesToHex(code));
      await anvil.rpc('anvil_setBalance', address, '0x3e8');
      await anvil.rpc('anvil_setNonce', address, '0x1');
    }
    await anvil.rpc('anvil_setStorageAt', refunds, word(1), word(1));
    await anvil.rpc('anvil_setCoinbase', chain.spec.feeRecipient);
    await anvil.rpc('anvil_setNextBlockBaseFeePerGas', quantity(chain.blocks[0]!.header.baseFeePerGas));
    for (const raw of chain.sealed[0]!.payload.transactions) await anvil.rpc('eth_sendRawTransaction', bytesToHex(raw));
    await anvil.rpc('evm_mine');
    for (const raw of chain.transactions) {
      hashes.push((await anvil.rpc('eth_sendRawTransaction', bytesToHex(raw))) as string);
    }
    await anvil.rpc('anvil_setNextBlockBaseFeePerGas', quantity(chain.blocks[1]!.header.baseFeePerGas));
    await anvil.rpc('evm_mine');
  }, 60_000);
  afterAll(() => anvil?.stop());

  /** Each transaction's trace here and there. */
  async function pairs<T>(tracer: Tracer, options: object): Promise<[T, T][]> {
    const ours = await traceBlock(lanes[0]!, tracer);
    return Promise.all(
      ours.map(async (text, index) => {
        const theirs = await anvil.rpc('debug_traceTransaction', hashes[index], options);
        return [JSON.parse(text) as T, theirs as T] as [T, T];
      }),
    );
  }

  test('messages are the same', async () => {
    const options = { tracer: 'callTracer', tracerConfig: { withLog: true } };
    for (const [ours, theirs] of await pairs<Frame>(calls, options)) {
      // Foundry says of the first message what was left for it, and the gas of the block until then.
      const first = { gas: ours.gas, gasUsed: ours.gasUsed };
      expect(comparable(ours)).toEqual(comparable({ ...theirs, ...first }));
    }
  });

  test('instructions are the same', async () => {
    const options = { enableMemory: true, enableReturnData: true };
    for (const [index, [ours, theirs]] of (await pairs<StructTrace>(struct, options)).entries()) {
      // It reads of its block what is not the same there.
      if (lookIndexes.includes(index)) continue;
      const { failed, returnValue } = theirs;
      expect(ours).toMatchObject({ failed, returnValue });
      // geth counts what authorizations give back from the start, Foundry in the end.
      const start = index === authorizesIndex ? 25_000 : 0;
      const steps = ours.structLogs.map((log) => comparableStep({ ...log, refund: (log.refund ?? 0) - start }, log));
      expect(steps).toEqual(theirs.structLogs.map((log, at) => comparableStep(log, ours.structLogs[at]!)));
    }
  });

  test('what changed is the same', async () => {
    interface Diff {
      pre: Record<string, object>;
      post: Record<string, object>;
    }
    const options = { tracer: 'prestateTracer', tracerConfig: { diffMode: true } };
    for (const [ours, theirs] of await pairs<Diff>(prestate(true), options)) {
      for (const address of Object.keys(theirs.pre)) {
        // Accounts that were none are left out, as geth does since 2025.
        if (JSON.stringify(theirs.pre[address]) === '{"balance":"0x0"}') delete theirs.pre[address];
      }
      for (const { pre, post } of [ours, theirs]) {
        // geth tells of those that destroyed themselves as they were, whether anything of them was left.
        for (const address of [`0x${'a9'.repeat(20)}`]) {
          delete pre[address];
          delete post[address];
        }
      }
      expect(ours).toEqual(theirs);
    }
  });
});

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Without what Foundry says in words of its own, and how it counts logs of failed messages. */
function comparable({ error, logs, calls: inner, ...frame }: Frame): object {
  return {
    ...frame,
    failed: error !== undefined,
    logs: logs?.map(({ index: _, ...log }) => log),
    calls: inner?.map(comparable),
  };
}

/**
 * The gas that a creation gives is no part of its cost for geth; what a failing instruction costs, and what SSTORE refunds already when
 * it is told, is geth's way too; Foundry does not see a slot as it is after a call that failed, and none that is warm from the start.
 */
function comparableStep({ pc, op, gas, gasCost, depth, stack, ...rest }: StructLog, ours: StructLog): object {
  const own = ours.error !== undefined || ours.op.startsWith('CREATE');
  return {
    ...{ pc, gas, depth, stack },
    op: ours.op.startsWith('opcode') ? 'undefined' : op,
    gasCost: own ? 'own' : gasCost,
    memory: rest.memory ?? [],
    returnData: rest.returnData ?? '0x',
    slots: op === 'SLOAD' ? 'own' : Object.keys(rest.storage ?? {}),
    refund: ours.op === 'SSTORE' ? 'own' : (rest.refund ?? 0),
  };
}

test('the block that an instruction sees is the one that it was in', async () => {
  const [text] = await traceBlock(lanes[0]!, struct, lookIndexes[0]);
  const { structLogs } = JSON.parse(text!) as StructTrace;
  const after = (op: string) => structLogs[structLogs.findIndex((log) => log.op === op) + 1]!.stack.at(-1)!;
  expect(BigInt(after('BLOCKHASH'))).toBe(BigInt(chain.blocks[0]!.hash));
  expect(BigInt(after('DIFFICULTY'))).toBe(BigInt(chain.blocks[1]!.header.prevRandao));
});

test('a slot is told with what is read of it next', async () => {
  let slots = 0;
  for (const text of await traceBlock(lanes[0]!, struct)) {
    const { structLogs } = JSON.parse(text) as StructTrace;
    for (const [index, { op, stack, storage }] of structLogs.entries()) {
      if (op !== 'SLOAD') continue;
      const read = storage![word(Number(stack.at(-1)))];
      expect(BigInt(read!)).toBe(BigInt(structLogs[index + 1]!.stack.at(-1)!));
      slots += 1;
    }
  }
  expect(slots).toBeGreaterThan(5);
});

test('a message is told with what it was given, whatever it came to', async () => {
  const [one] = lanes;
  const top = { ...calls, onlyTopCall: true } as const;
  expect(await traceCall(one!, top, { to: reverts, gasLimit: 100_000n })).toMatchObject({
    type: 'CALL',
    gas: quantity(100_000n),
    to: reverts,
    error: 'execution reverted',
    revertReason: 'no',
  });
  const override = { address: reverts, balance: undefined, nonce: undefined, code: hexToBytes('0x5f545f5260205ff3') };
  const slots = [{ slot: word(0), value: word(77) }];
  const changed = { to: reverts, overrides: [{ ...override, slots }] };
  expect(await traceCall(one!, calls, changed)).toMatchObject({ output: word(77) });
  expect(await traceCall(one!, prestate(false), changed)).toMatchObject({
    [reverts]: { storage: { [word(0)]: word(77) } },
  });
  const paid = { to: store, gasPrice: 10n ** 10n, value: 5n, gasLimit: 100_000n };
  const { pre, post } = (await traceCall(one!, prestate(true), paid)) as Record<
    'pre' | 'post',
    Record<string, Account>
  >;
  const sum = (state: Record<string, Account>) =>
    Object.values(state).reduce((all, { balance }) => all + BigInt(balance ?? '0x0'), 0n);
  const { gasUsed } = (await traceCall(one!, calls, paid)) as Frame;
  // What is paid and goes to nobody is the base fee.
  expect(sum(pre) - sum(post)).toBe(BigInt(gasUsed) * chain.blocks[1]!.header.baseFeePerGas);
  expect(await refusal(traceCall(one!, calls, { value: 10n ** 30n }))).toMatchObject({ code: 'REJECTED' });
  expect(await traceCall(one!, calls, { to: undefined, data: hexToBytes('0x5f5ffd') })).toMatchObject({
    type: 'CREATE',
  });
});

test('the struct logger leaves out what is not wanted', async () => {
  const bare: Tracer = { ...struct, stack: false, storage: false, memory: false, returnData: false, stepsMax: 3 };
  const [text] = await traceBlock(lanes[0]!, bare, 4);
  const { structLogs } = JSON.parse(text!) as StructTrace;
  expect(structLogs).toHaveLength(3);
  for (const log of structLogs) {
    expect(Object.keys(log).filter((key) => key !== 'refund')).toEqual(['pc', 'op', 'gas', 'gasCost', 'depth']);
  }
});

test('what cannot be traced is refused by name', async () => {
  const [one, two] = lanes;
  expect(await refusal(traceBlock(one!, calls, undefined, 0))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    field: 'block.height',
  });
  expect(await refusal(traceBlock(one!, calls, undefined, 99))).toMatchObject({ code: 'NOT_FOUND' });
  expect(await refusal(traceBlock(one!, calls, 17))).toMatchObject({
    code: 'NOT_FOUND',
    message: 'block 2 has 17 transactions, none at 17',
  });
  const { client } = two!.members[1]!;
  const asking = async () => {
    for await (const _ of client.traceBlock({ block: at(2), transactionIndex: 0, options: undefined }, { deadlineMs }))
      break;
  };
  expect(await refusal(asking())).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('member 0') });
});

test('a block whose state before it is gone names the lowest that can be traced', async () => {
  const lane = await openLocalLane(chain, 1, {}, 1);
  try {
    for (const sealed of chain.sealed) await lane.execute(sealed);
    while (lane.members[0]!.writer.maintain());
    expect(await refusal(traceBlock(lane, calls))).toEqual({
      code: 'NOT_FOUND',
      message: 'block 2 cannot be traced: the state before it is not kept; the lowest block that can be is 3',
    });
    expect(await traceBlock(lane, calls, undefined, 3)).toEqual([]);
    const gone = { block: at(1), message: undefined, options: traceOptionsToWire({ tracer: calls, timeoutMs: 0 }) };
    const asking = async () => {
      const message = messageToWire({ ...emptyMessage, from: chain.accounts[0]!.address });
      for await (const _ of lane.members[0]!.client.traceCall({ ...gone, message }, { deadlineMs })) break;
    };
    expect(await refusal(asking())).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('2 to 3 are'),
    });
  } finally {
    await lane.close();
  }
});

describe('of a run that is not as it was, or too much', () => {
  const tracing = async (limits: Partial<TraceLimits>, tracer: Tracer, change: (receipts: Receipt[]) => void) => {
    const { writer } = lanes[0]!.members[0]!;
    const { header, transactions } = decodeBlock(chain.blocks[1]!.rlp);
    const receipts = chain.blocks[1]!.receipts.map((receipt) => ({ ...receipt }));
    change(receipts);
    const options = { tracer, timeoutMs: 0 };
    const made = await openTracing(chain.spec, { ...traceLimits, ...limits });
    const ancestors = [chain.blocks[0]!.header, writer.header(toHeight(0))!];
    const input = { header, transactions, receipts, ancestors, only: undefined, options };
    const source = { state: writer.stateAt(toHeight(1)), fetch: async () => undefined, guessed: () => [] };
    return refusal(made.block(input, source, made.budget(options)));
  };

  test.each<[string, number, Partial<Receipt>]>([
    ['gas', 4, { gasUsed: 1n }],
    ['status', 4, { status: false }],
    ['logs', 0, { logs: Logs.none }],
  ])('another %s than the receipt has is DATA_LOSS with the transaction', async (_, index, change) => {
    const { transactionHash } = chain.blocks[1]!.receipts[index]!;
    const detail = await tracing({}, calls, (receipts) => Object.assign(receipts[index]!, change));
    expect(detail).toMatchObject({ code: 'DATA_LOSS', message: expect.stringContaining(transactionHash) });
  });

  test('a trace that is too long is LIMIT, one that takes too long DEADLINE', async () => {
    const whole = (await traceBlock(lanes[0]!, struct)).reduce((sum, text) => sum + text.length, 0);
    const none = () => undefined;
    const message = (what: string) => ({ code: 'LIMIT', message: `the trace has more than ${what}` });
    expect(await tracing({ answerBytesMax: whole - 1 }, struct, none)).toMatchObject(message(`${whole - 1} bytes`));
    for (const tracer of [struct, calls, prestate(false), prestate(true)]) {
      expect(await tracing({ answerBytesMax: 3_000 }, tracer, none)).toMatchObject(message('3000 bytes'));
    }
    expect(await tracing({ stepsMax: 1_000 }, calls, none)).toMatchObject(message('1000 instructions'));
    expect(await tracing({ runMsMax: 1 }, calls, none)).toMatchObject({ code: 'DEADLINE' });
  });
});
