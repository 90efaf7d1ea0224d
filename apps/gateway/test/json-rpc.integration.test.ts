// Goal: the gateway answers Ethereum's JSON-RPC from its index and its neighbours, and each bad input gets its precise error.
// Method: the whole service over real PostgreSQL, NATS and gRPC with scripted neighbours; viem as a client beside plain HTTP.
import { decodeTransaction } from '@sheaf/ethereum';
import { bytesToHex, ChainError, limits, type Hash32 } from '@sheaf/primitives';
import { executionV1, sequencerV1 } from '@sheaf/proto';
import { waitFor } from '@sheaf/testing';
import {
  createPublicClient,
  http as viemHttp,
  keccak256,
  parseTransaction,
  serializeTransaction,
  type Hex,
} from 'viem';
import type { GatewayService } from '../src/service.ts';
import { makeBlock, sender, signed, token, transferTopic, word, type TestBlock } from './chain.ts';
import { httpClient, indexed, startNetwork, type Network } from './network.ts';

let network: Network;
let gateway: GatewayService;
let http: ReturnType<typeof httpClient>;
/** Genesis, an empty block, a block of three transactions with a withdrawal, an empty block, a block of one. */
let chain: TestBlock[];

beforeAll(async () => {
  network = await startNetwork();
  gateway = await network.startGateway();
  http = httpClient(gateway);
  const genesis = makeBlock(undefined);
  const first = makeBlock(genesis);
  const second = makeBlock(first, [await signed(0), await signed(1, { to: null }), await signed(2, { value: 5n })]);
  const third = makeBlock(second);
  chain = [genesis, first, second, third, makeBlock(third, [await signed(3)])];
  await network.execute(...chain);
  await indexed(http.rpc, 4);
  await network.certify(1, 3);
  await network.finalize(1);
  await network.finalize(2);
  await waitFor(
    async () => Number((await heads()).finalized.number) === 2 && Number((await heads()).safe.number) === 3,
  );
});
afterAll(() => network.stop());

async function heads(): Promise<Record<'latest' | 'safe' | 'finalized', { number: Hex; hash: Hex }>> {
  return (await http.rpc('sheaf_heads')) as never;
}

const hashOf = (block: number, index: number): Hash32 => chain[block]!.record.receipts[index]!.transactionHash;

describe('reading the chain', () => {
  test('names and numbers', async () => {
    expect(await http.rpc('eth_chainId')).toBe('0x12253');
    expect(await http.rpc('net_version')).toBe('74323');
    expect(await http.rpc('web3_clientVersion')).toBe('sheaf/v0.0.0');
    expect(await http.rpc('web3_sha3', '0x68656c6c6f')).toBe(keccak256('0x68656c6c6f'));
    expect(await http.rpc('eth_syncing')).toBe(false);
    expect(await http.rpc('eth_accounts')).toEqual([]);
    expect(await http.rpc('net_listening')).toBe(true);
    expect(await http.rpc('net_peerCount')).toBe('0x0');
    expect(await http.rpc('eth_blobBaseFee')).toBe('0x1');
  });

  test('heads are tags everywhere', async () => {
    const number = async (tag: string) =>
      ((await http.rpc('eth_getBlockByNumber', tag, false)) as { number: Hex }).number;
    expect(await Promise.all(['earliest', 'finalized', 'safe', 'latest', 'pending'].map(number))).toEqual([
      '0x0',
      '0x2',
      '0x3',
      '0x4',
      '0x5',
    ]);
    const balance = (tag: unknown) => http.rpc('eth_getBalance', sender.address, tag);
    const at = (height: bigint) => `0x${(10n ** 18n + height).toString(16)}`;
    expect(await balance('safe')).toBe(at(3n));
    expect(await balance({ blockHash: chain[1]!.record.hash, requireCanonical: true })).toBe(at(1n));
    expect(await balance({ blockNumber: '0x2' })).toBe(at(2n));
    expect(await http.rpc('eth_getBalance', sender.address)).toBe(at(4n));
  });

  test('a block has geths fields, and re-hashes', async () => {
    const block = (await http.rpc('eth_getBlockByNumber', '0x2', true)) as Record<string, unknown>;
    expect(Object.keys(block).sort()).toEqual(
      [
        ...['baseFeePerGas', 'blobGasUsed', 'difficulty', 'excessBlobGas', 'extraData', 'gasLimit', 'gasUsed', 'hash'],
        ...['logsBloom', 'miner', 'mixHash', 'nonce', 'number', 'parentBeaconBlockRoot', 'parentHash', 'receiptsRoot'],
        ...[
          'requestsHash',
          'sha3Uncles',
          'size',
          'stateRoot',
          'timestamp',
          'transactions',
          'transactionsRoot',
          'uncles',
        ],
        ...['withdrawals', 'withdrawalsRoot'],
      ].sort(),
    );
    expect(block).toMatchObject({
      hash: chain[2]!.record.hash,
      size: `0x${chain[2]!.record.rlp.length.toString(16)}`,
      withdrawals: [{ index: '0x0', validatorIndex: '0x3', address: token, amount: '0x5' }],
      nonce: '0x0000000000000000',
      difficulty: '0x0',
    });
    const transactions = block['transactions'] as Record<string, Hex>[];
    expect(transactions.map(({ hash }) => hash)).toEqual([0, 1, 2].map((index) => hashOf(2, index)));
    expect(transactions[2]).toMatchObject({
      value: '0x5',
      transactionIndex: '0x2',
      from: sender.address.toLowerCase(),
    });
    expect(await http.rpc('eth_getBlockByHash', chain[2]!.record.hash, false)).toMatchObject({
      transactions: [0, 1, 2].map((index) => hashOf(2, index)),
    });
    expect(await http.rpc('eth_getBlockByNumber', '0x9', false)).toBeNull();
    expect(await http.rpc('eth_getBlockByHash', word(9), false)).toBeNull();
  });

  test('counts, places, uncles', async () => {
    expect(await http.rpc('eth_getBlockTransactionCountByNumber', '0x2')).toBe('0x3');
    expect(await http.rpc('eth_getBlockTransactionCountByHash', chain[1]!.record.hash)).toBe('0x0');
    expect(await http.rpc('eth_getBlockTransactionCountByHash', word(9))).toBeNull();
    expect(await http.rpc('eth_getUncleCountByBlockNumber', 'latest')).toBe('0x0');
    expect(await http.rpc('eth_getUncleByBlockNumberAndIndex', 'latest', '0x0')).toBeNull();
    const place = { hash: hashOf(2, 1), transactionIndex: '0x1', blockNumber: '0x2' };
    expect(await http.rpc('eth_getTransactionByBlockNumberAndIndex', '0x2', '0x1')).toMatchObject(place);
    expect(await http.rpc('eth_getTransactionByBlockHashAndIndex', chain[2]!.record.hash, '0x1')).toMatchObject(place);
    expect(await http.rpc('eth_getTransactionByBlockNumberAndIndex', '0x2', '0x7')).toBeNull();
  });

  test('receipts', async () => {
    const receipt = (await http.rpc('eth_getTransactionReceipt', hashOf(2, 1))) as Record<string, unknown>;
    expect(receipt).toEqual({
      transactionHash: hashOf(2, 1),
      transactionIndex: '0x1',
      blockHash: chain[2]!.record.hash,
      blockNumber: '0x2',
      from: sender.address.toLowerCase(),
      to: null,
      contractAddress: `0x${'cc'.repeat(20)}`,
      cumulativeGasUsed: '0x186a0',
      gasUsed: '0xc350',
      effectiveGasPrice: `0x${chain[2]!.record.receipts[1]!.effectiveGasPrice.toString(16)}`,
      status: '0x0',
      type: '0x2',
      logs: [
        {
          address: token,
          topics: [transferTopic, word(1), word(2), word(1)],
          data: word(1),
          blockNumber: '0x2',
          blockHash: chain[2]!.record.hash,
          blockTimestamp: '0x6553f102',
          transactionHash: hashOf(2, 1),
          transactionIndex: '0x1',
          logIndex: '0x1',
          removed: false,
        },
      ],
      logsBloom: bytesToHex(chain[2]!.record.receipts[1]!.logsBloom),
    });
    const all = (await http.rpc('eth_getBlockReceipts', '0x2')) as unknown[];
    expect(all).toHaveLength(3);
    expect(all[1]).toEqual(receipt);
    expect(await http.rpc('eth_getBlockReceipts', '0x3')).toEqual([]);
    expect(await http.rpc('eth_getTransactionReceipt', word(9))).toBeNull();
  });

  test('logs by range, address and topics', async () => {
    const logs = async (filter: object) =>
      ((await http.rpc('eth_getLogs', filter)) as { blockNumber: Hex; logIndex: Hex }[]).map(
        ({ blockNumber, logIndex }) => `${Number(blockNumber)}/${Number(logIndex)}`,
      );
    expect(await logs({ fromBlock: 'earliest', toBlock: 'latest' })).toEqual(['2/0', '2/1', '2/2', '4/0']);
    expect(await logs({ fromBlock: '0x0', toBlock: '0xff', address: token })).toHaveLength(4);
    expect(await logs({ fromBlock: '0x0', address: [word(1).slice(0, 42)] })).toEqual([]);
    expect(await logs({ fromBlock: '0x0', topics: [transferTopic, null, null, word(2)] })).toEqual(['2/2']);
    expect(await logs({ fromBlock: '0x0', topics: [null, [word(9), word(1)]], toBlock: '0x3' })).toHaveLength(3);
    expect(await logs({ blockHash: chain[4]!.record.hash })).toEqual(['4/0']);
    expect(await logs({})).toEqual(['4/0']);
    expect(await logs({ fromBlock: '0x9' })).toEqual([]);
  });

  test('fees', async () => {
    const history = (await http.rpc('eth_feeHistory', 3, 'latest', [0, 50])) as Record<string, unknown[]>;
    expect(history['oldestBlock']).toBe('0x2');
    expect(history['baseFeePerGas']).toHaveLength(4);
    expect(history['baseFeePerGas']!.slice(0, 3)).toEqual(
      chain.slice(2).map(({ header }) => `0x${header.baseFeePerGas.toString(16)}`),
    );
    expect(history['reward']).toEqual([
      ['0x3b9aca00', '0x3b9aca00'],
      ['0x0', '0x0'],
      ['0x3b9aca00', '0x3b9aca00'],
    ]);
    expect(history['gasUsedRatio']).toEqual([0.005, 0, 50_000 / 30_000_000]);
    expect(await http.rpc('eth_maxPriorityFeePerGas')).toBe('0x3b9aca00');
    const next = BigInt(history['baseFeePerGas']![3] as Hex);
    expect(await http.rpc('eth_gasPrice')).toBe(`0x${(next + 1_000_000_000n).toString(16)}`);
  });

  test('code, storage, proof, nonce', async () => {
    expect(await http.rpc('eth_getCode', token, 'latest')).toBe('0x6001');
    expect(await http.rpc('eth_getStorageAt', token, '0x5', 'latest')).toBe(word(5));
    expect(await http.rpc('eth_getProof', token, ['0x5'], '0x1')).toMatchObject({
      address: token,
      nonce: '0x1',
      accountProof: ['0xc0'],
      storageProof: [{ key: '0x5', value: '0x9', proof: ['0xc1'] }],
    });
    network.script.pendingNonce = 17n;
    expect(await http.rpc('eth_getTransactionCount', sender.address, 'pending')).toBe('0x11');
    expect(await http.rpc('eth_getTransactionCount', sender.address, 'latest')).toBe('0x4');
  });

  test('filters', async () => {
    const blocks = await http.rpc('eth_newBlockFilter');
    const logs = await http.rpc('eth_newFilter', { fromBlock: '0x0', topics: [transferTopic] });
    expect(await http.rpc('eth_getFilterChanges', blocks)).toEqual([]);
    expect(await http.rpc('eth_getFilterLogs', logs)).toHaveLength(4);
    expect(await http.rpc('eth_uninstallFilter', blocks)).toBe(true);
    expect(await http.raw('eth_getFilterChanges', blocks)).toMatchObject({
      error: { code: -32000, message: 'filter not found' },
    });
  });

  test('viem reads all of it', async () => {
    const client = createPublicClient({ transport: viemHttp(http.url) });
    const block = await client.getBlock({ blockTag: 'finalized', includeTransactions: true });
    expect(block).toMatchObject({ number: 2n, hash: chain[2]!.record.hash });
    expect(block.transactions[1]).toMatchObject({ to: null, type: 'eip1559', nonce: 1 });
    const receipt = await client.waitForTransactionReceipt({ hash: hashOf(4, 0) });
    expect(receipt).toMatchObject({ status: 'success', blockNumber: 4n, type: 'eip1559' });
    expect(await client.getLogs({ fromBlock: 0n, address: token })).toHaveLength(4);
    expect(await client.estimateFeesPerGas()).toMatchObject({ maxPriorityFeePerGas: 1_000_000_000n });
    expect((await client.getProof({ address: token, storageKeys: [word(5)] })).storageProof[0]).toMatchObject({
      value: 9n,
    });
  });
});

describe('calling', () => {
  const { CallStatus } = executionV1;
  const answer = (status: executionV1.CallStatus, output: Hex = '0x', haltReason = ''): executionV1.CallResponse => ({
    status,
    output: Buffer.from(output.slice(2), 'hex'),
    gasUsed: 1n,
    haltReason,
  });

  test('passes the message, overrides and the height on', async () => {
    network.script.onCall = () => answer(CallStatus.CALL_STATUS_SUCCESS, '0xbeef');
    const message = { from: sender.address, to: token, data: '0x01', value: '0x2', gas: '0x5208', gasPrice: '0x3' };
    const overrides = { [token]: { balance: '0x7', code: '0x60', stateDiff: { [word(1)]: word(2) } } };
    expect(await http.rpc('eth_call', message, 'safe', overrides)).toBe('0xbeef');
    expect(network.script.calls.at(-1)).toMatchObject({
      height: 3n,
      message: {
        from: sender.address.toLowerCase(),
        to: token,
        value: 2n,
        gasLimit: 21_000n,
        gasPrice: 3n,
        overrides: [{ address: token, balance: 7n, nonce: undefined, slots: [{ slot: word(1), value: word(2) }] }],
      },
    });
  });

  test('a revert has code 3, data and the reason; a halt its word', async () => {
    const data: Hex = `0x08c379a0${word(32).slice(2)}${word(3).slice(2)}${Buffer.from('bad').toString('hex').padEnd(64, '0')}`;
    network.script.onCall = () => answer(CallStatus.CALL_STATUS_REVERT, data);
    expect(await http.raw('eth_call', { to: token })).toMatchObject({
      error: { code: 3, message: 'execution reverted: bad', data },
    });
    network.script.onCall = () => answer(CallStatus.CALL_STATUS_HALT, '0x', 'out of gas');
    expect(await http.raw('eth_call', { to: token })).toMatchObject({ error: { code: -32000, message: 'out of gas' } });
  });

  test('estimates', async () => {
    network.script.onEstimate = () => 43_210n;
    expect(await http.rpc('eth_estimateGas', { to: token, value: '0x1' })).toBe('0xa8ca');
  });
});

describe('tracing', () => {
  const asked = () => network.script.traces.at(-1)!;
  const struct = { kind: 'struct', stack: true, storage: true, memory: false, returnData: false, stepsMax: 0 };

  test('of a transaction: its block and place, and the trace as execution has it', async () => {
    network.script.onTrace = () => '{"gas":1,"text":"\u00e9\u20ac","big":12345678901234567890}';
    const { text } = await http.post(
      JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'debug_traceTransaction', params: [hashOf(2, 1)] }),
    );
    expect(text).toBe('{"jsonrpc":"2.0","id":7,"result":{"gas":1,"text":"\u00e9\u20ac","big":12345678901234567890}}');
    expect(asked()).toEqual({ height: 2n, index: 1, message: undefined, options: { tracer: struct, timeoutMs: 0 } });
    expect(await http.raw('debug_traceTransaction', word(5))).toMatchObject({
      error: { code: -32000, message: 'transaction not found' },
    });
  });

  test('of a block: every transaction with its hash', async () => {
    network.script.onTrace = ({ index }) => JSON.stringify({ at: index });
    const config = { tracer: 'callTracer', tracerConfig: { withLog: true }, timeout: '1.5s' };
    const wanted = [0, 1, 2].map((index) => ({ txHash: hashOf(2, index), result: { at: index } }));
    expect(await http.rpc('debug_traceBlockByNumber', '0x2', config)).toEqual(wanted);
    expect(asked().options).toEqual({ tracer: { kind: 'call', onlyTopCall: false, withLog: true }, timeoutMs: 1_500 });
    expect(await http.rpc('debug_traceBlockByHash', chain[2]!.record.hash, config)).toEqual(wanted);
    expect(await http.rpc('debug_traceBlockByNumber', 'safe')).toEqual([]);
    const refusal = async (method: string, ...params: unknown[]) => (await http.raw(method, ...params)).error;
    expect(await refusal('debug_traceBlockByNumber', '0x0')).toEqual({
      code: -32000,
      message: 'genesis is not traceable',
    });
    expect(await refusal('debug_traceBlockByNumber', '0x63')).toEqual({ code: -32000, message: 'block #99 not found' });
    expect(await refusal('debug_traceBlockByHash', word(9))).toMatchObject({ message: `block ${word(9)} not found` });
    expect(await refusal('debug_traceBlockByNumber', 'pending')).toMatchObject({
      message: 'tracing on top of pending is not supported',
    });
  });

  test('of a call: its message, overrides and height', async () => {
    network.script.onTrace = () => '{"post":{},"pre":{}}';
    const config = {
      tracer: 'prestateTracer',
      tracerConfig: { diffMode: true },
      stateOverrides: { [token]: { balance: '0x5' } },
    };
    const result = await http.rpc('debug_traceCall', { to: token, data: '0x01', value: '0x2' }, '0x3', config);
    expect(result).toEqual({ post: {}, pre: {} });
    expect(asked()).toMatchObject({ height: 3n, options: { tracer: { kind: 'prestate', diffMode: true } } });
    expect(asked().message).toMatchObject({ to: token, value: 2n, overrides: [{ address: token, balance: 5n }] });
  });

  test('what execution refuses is told', async () => {
    const message = 'block 2 cannot be traced: the state before it is not kept; the lowest block that can be is 9';
    network.script.onTrace = () => {
      throw new ChainError({ code: 'NOT_FOUND', message });
    };
    expect((await http.raw('debug_traceTransaction', hashOf(2, 0))).error).toEqual({ code: -32000, message });
    network.script.onTrace = () => {
      throw new ChainError({ code: 'LIMIT', message: 'the trace has more than 33554432 bytes', retryAfterMs: 0 });
    };
    expect((await http.raw('debug_traceTransaction', hashOf(2, 0))).error).toMatchObject({ code: -32005 });
    network.script.onTrace = () => '0'.repeat(33_554_433);
    expect((await http.raw('debug_traceTransaction', hashOf(2, 0))).error).toMatchObject({
      code: -32005,
      message: 'the trace has more than 33554432 bytes',
    });
  });
});

describe('sending', () => {
  test('answers with the hash, many at once in one batch and in order', async () => {
    network.script.submitted = [];
    const raws = await Promise.all([10, 11, 12, 13].map((nonce) => signed(nonce)));
    const batch = raws.map((raw, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'eth_sendRawTransaction',
      params: [bytesToHex(raw)],
    }));
    const { text } = await http.post(JSON.stringify(batch));
    const hashes = raws.map((raw) => decodeTransaction(raw).hash);
    expect((JSON.parse(text) as { result: Hex }[]).map(({ result }) => result)).toEqual(hashes);
    expect(network.script.submitted).toEqual([hashes]);
  });

  test('refusals of admission, with what may be tried again', async () => {
    const raw = bytesToHex(await signed(20));
    const hash = keccak256(raw);
    network.script.refusals.set(hash, {
      reason: 'NONCE_GAP',
      message: 'nonce gap: next nonce 4, tx nonce 20',
      retryAfterMs: 0,
    });
    expect(await http.raw('eth_sendRawTransaction', raw)).toMatchObject({
      error: {
        code: -32000,
        message: 'nonce too high: nonce gap: next nonce 4, tx nonce 20',
        data: { reason: 'NONCE_GAP' },
      },
    });
    network.script.refusals.set(hash, {
      reason: 'LAGGING',
      message: 'the chain is lagging: 64 wait',
      retryAfterMs: 800,
    });
    expect(await http.raw('eth_sendRawTransaction', raw)).toMatchObject({
      error: { code: -32005, data: { reason: 'LAGGING', retryAfterMs: 800 } },
    });
  });

  test('a waiting transaction is found, with its stage; an included one goes on to finalized', async () => {
    const raw = await signed(30);
    const { hash } = decodeTransaction(raw);
    const stage = sequencerV1.TransactionStage.TRANSACTION_STAGE_SEALED;
    network.script.waiting.set(hash, { stage, raw, height: 5n, reason: '' });
    expect(await http.rpc('eth_getTransactionByHash', hash)).toMatchObject({
      hash,
      blockNumber: null,
      from: sender.address.toLowerCase(),
    });
    expect(await http.rpc('eth_getTransactionReceipt', hash)).toBeNull();
    const status = (wanted: Hex) => http.rpc('sheaf_getTransactionStatus', wanted);
    expect(await status(hash)).toEqual({ hash, stage: 'sealed', height: '0x5', reason: null });
    expect(await status(hashOf(4, 0))).toMatchObject({ stage: 'included', height: '0x4' });
    expect(await status(hashOf(2, 0))).toMatchObject({ stage: 'finalized', height: '0x2' });
    expect(await status(word(5))).toEqual({ hash: word(5), stage: 'unknown', height: null, reason: null });
    expect(await http.rpc('sheaf_status')).toMatchObject({
      chainId: '0x12253',
      divergence: null,
      sequencer: { epoch: '0x1' },
    });
  });
});

describe('bad input', () => {
  const send = (raw: Hex) => http.raw('eth_sendRawTransaction', raw);

  test('transactions that need no state to be refused never reach the sequencer', async () => {
    network.script.submitted = [];
    const good = bytesToHex(await signed(40));
    const wrongChain = await sender.signTransaction({ type: 'eip1559', chainId: 1, nonce: 0, gas: 21_000n, to: token });
    const parsed = parseTransaction(good as `0x02${string}`);
    const highS = serializeTransaction(parsed, { r: parsed.r!, s: `0x${'ff'.repeat(32)}`, yParity: parsed.yParity! });
    const large = bytesToHex(new Uint8Array(limits.transactionBytesMax + 1).fill(2));
    expect(await send('0x02c0')).toMatchObject({ error: { code: -32000, data: { reason: 'MALFORMED' } } });
    expect((await send(`${good}00`)).error?.message).toMatch(/^malformed transaction: transaction/);
    expect((await send(good.slice(0, -2) as Hex)).error?.message).toMatch(/^malformed transaction: transaction/);
    expect((await send('0x')).error).toMatchObject({ code: -32000, data: { reason: 'MALFORMED' } });
    expect(await send(wrongChain)).toMatchObject({
      error: {
        code: -32000,
        message: 'invalid chain id for signer: have 1 want 74323',
        data: { reason: 'WRONG_CHAIN' },
      },
    });
    expect((await send(highS)).error?.message).toMatch(/^invalid sender: transaction\.s must be/);
    expect(await send(large)).toMatchObject({
      error: { code: -32000, message: 'oversized data: transaction size 131073, limit 131072' },
    });
    expect((await send('0x7fc0')).error?.message).toMatch(/^transaction type not supported/);
    expect(network.script.submitted).toEqual([]);
  });

  test('requests that are no requests', async () => {
    const { status, text } = await http.post('{"jsonrpc":"2.0","id":1,');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await http.raw('eth_sendTransaction', {})).toMatchObject({
      error: { code: -32601, message: 'the method eth_sendTransaction does not exist/is not available' },
    });
    expect(await http.raw('eth_getBalance')).toMatchObject({
      error: { code: -32602, message: 'invalid params: address is missing' },
    });
    expect(await http.raw('eth_getLogs', { fromBlock: '0x0', toBlock: 'soon' })).toMatchObject({
      error: { code: -32602, data: { parameter: 'filter.toBlock' } },
    });
    expect(await http.raw('eth_getBalance', token, '0x63')).toMatchObject({
      error: { code: -32000, message: 'header not found' },
    });
    expect(await http.raw('eth_subscribe', 'newHeads')).toMatchObject({
      error: { code: -32000, message: 'notifications not supported' },
    });
  });

  test('a batch over the limit is one error', async () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };
    const batch = Array.from({ length: limits.jsonRpcBatchMax + 1 }, () => request);
    const { text } = await http.post(JSON.stringify(batch));
    expect(JSON.parse(text)).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: 'batch too large: 101 requests, at most 100' },
    });
    const allowed = JSON.parse((await http.post(JSON.stringify(batch.slice(1)))).text) as unknown[];
    expect(allowed).toHaveLength(100);
  });

  test('bodies and content types', async () => {
    const large = await http.post(`"${'x'.repeat(limits.jsonRpcBodyBytesMax)}"`);
    expect(large.status).toBe(413);
    expect(JSON.parse(large.text)).toMatchObject({
      error: { code: -32600, message: 'request body too large: at most 5242880 bytes' },
    });
    const form = await http.post('{}', { 'content-type': 'text/plain' });
    expect([form.status, (JSON.parse(form.text) as { error: object }).error]).toEqual([
      415,
      { code: -32600, message: 'invalid content type: application/json is wanted' },
    ]);
    const get = await fetch(http.url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect(await http.rpc('eth_chainId')).toBe('0x12253');
  });

  test('web pages may ask', async () => {
    const preflight = await fetch(http.url, { method: 'OPTIONS', headers: { origin: 'http://dapp.example' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'http://dapp.example',
    ]);
  });
});
