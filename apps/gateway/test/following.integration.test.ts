// Goal: the index follows the chain through restarts, silence, replicas and outages, tells subscribers, and stops at a contradiction.
// Method: gateways over real PostgreSQL, NATS and gRPC with scripted neighbours; every wait is for a condition.
import { waitFor } from '@sheaf/testing';
import { createPublicClient, http as viemHttp, webSocket, type Hex } from 'viem';
import type { GatewayService } from '../src/service.ts';
import { chainId, makeBlock, signed, token, transferTopic, word, type TestBlock } from './chain.ts';
import { httpClient, indexed, startNetwork, type Network } from './network.ts';

let network: Network;
beforeEach(async () => {
  network = await startNetwork();
});
afterEach(() => network.stop());

/** Genesis and so many empty blocks. */
function emptyChain(heights: number): TestBlock[] {
  const chain = [makeBlock(undefined)];
  while (chain.length <= heights) chain.push(makeBlock(chain.at(-1)));
  return chain;
}

function socketClient(gateway: GatewayService, path = '') {
  return createPublicClient({
    chain: {
      id: chainId,
      name: 'sheaf',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [] } },
    },
    transport: webSocket(`ws://127.0.0.1:${gateway.port()}${path}`, { reconnect: false }),
  });
}

async function close(client: ReturnType<typeof socketClient>): Promise<void> {
  const rpc = (await client.transport.getRpcClient()) as unknown as { close(): void };
  rpc.close();
}

test('catches up without announcements, answers before genesis with a clear error, and goes on after a restart', async () => {
  const first = await network.startGateway();
  expect(first.health().ready).toBe(false);
  expect(await httpClient(first).raw('eth_blockNumber')).toMatchObject({
    error: { code: -32002, message: 'no block is indexed yet' },
  });
  const chain = emptyChain(5);
  // Nothing is announced: polling must find them.
  network.script.blocks = chain.slice(0, 4);
  await indexed(httpClient(first).rpc, 3);
  expect(first.health()).toMatchObject({ ready: true, checks: { bus: { ok: true }, agreement: { ok: true } } });
  await network.certify(1, 3);
  await network.finalize(1);
  await waitFor(async () => ((await httpClient(first).rpc('sheaf_heads')) as Heads).finalized.number === '0x1');
  await waitFor(async () => ((await httpClient(first).rpc('sheaf_heads')) as Heads).safe.number === '0x3');
  await first.stop();

  network.script.blocks = chain;
  const second = await network.startGateway();
  const heads = (await httpClient(second).rpc('sheaf_heads')) as Heads;
  expect([heads.safe.number, heads.finalized.number]).toEqual(['0x3', '0x1']);
  await indexed(httpClient(second).rpc, 5);
});

type Heads = Record<'latest' | 'safe' | 'finalized', { number: Hex }>;

test('two replicas share one database and both come to the same heads', async () => {
  const replicas = await Promise.all([network.startGateway(), network.startGateway()]);
  const chain = emptyChain(1);
  chain.push(makeBlock(chain.at(-1), [await signed(0), await signed(1)]));
  await network.execute(...chain);
  await network.certify(1, 2);
  await network.finalize(1);
  for (const replica of replicas) {
    const { rpc } = httpClient(replica);
    await indexed(rpc, 2);
    await waitFor(async () => {
      const heads = (await rpc('sheaf_heads')) as Heads;
      return heads.safe.number === '0x2' && heads.finalized.number === '0x1';
    });
    expect(await rpc('eth_getLogs', { fromBlock: '0x0' })).toHaveLength(2);
    expect(replica.health().ready).toBe(true);
  }
});

test('subscribers hear of heads and matching logs over WebSocket', async () => {
  const gateway = await network.startGateway();
  const client = socketClient(gateway);
  const genesis = makeBlock(undefined);
  const block = makeBlock(genesis, [await signed(0), await signed(1)]);
  await network.execute(genesis);
  await indexed(httpClient(gateway).rpc, 0);
  expect(await client.getChainId()).toBe(chainId);
  const heads: bigint[] = [];
  const logs: unknown[] = [];
  const subscriptions = [
    await client.transport.subscribe({
      params: ['newHeads'],
      onData: (data) => heads.push(BigInt(data.result.number)),
    }),
    await client.transport.subscribe({
      params: ['logs', { address: token, topics: [transferTopic, null, null, word(1)] }] as never,
      onData: (data) => logs.push(data.result),
    }),
  ];
  await network.execute(block);
  await waitFor(() => heads.length === 1 && logs.length === 1, { what: 'a head and a log' });
  expect(heads).toEqual([1n]);
  expect(logs).toMatchObject([{ logIndex: '0x1', blockHash: block.record.hash, transactionIndex: '0x1' }]);
  for (const { unsubscribe } of subscriptions) await unsubscribe();
  await network.execute(makeBlock(block));
  await waitFor(async () => (await client.getBlockNumber({ cacheTime: 0 })) === 2n);
  expect(heads).toHaveLength(1);
  await close(client);
});

test('subscriptions and connections are bounded', async () => {
  await network.execute(makeBlock(undefined));
  const gateway = await network.startGateway({ SHEAF_SUBSCRIPTIONS_MAX: '1', SHEAF_CONNECTIONS_MAX: '1' });
  const client = socketClient(gateway);
  await client.transport.subscribe({ params: ['newHeads'], onData: () => undefined });
  await expect(client.transport.subscribe({ params: ['newHeads'], onData: () => undefined })).rejects.toMatchObject({
    code: -32005,
    message: 'at most 1 subscriptions on a connection',
  });
  // viem shares a socket among clients of one URL.
  await expect(socketClient(gateway, '/?another').getChainId()).rejects.toThrow();
  await close(client);
});

test.each<[string, (chain: TestBlock[]) => Promise<void>, string]>([
  [
    'a block on top of another parent',
    (chain) => network.execute(makeBlock(makeBlock(chain[0], [], 1))),
    'block 2 comes after',
  ],
  ['finality of another block', () => network.finalize(1, word(99)), 'settlement finalized'],
  ['a certificate for another payload', () => network.certify(1, 1, word(99)), 'the certificate of height 1'],
])('%s is a divergence: alarm, no overwrite, no progress', async (_name, contradict, words) => {
  const gateway = await network.startGateway();
  const { rpc } = httpClient(gateway);
  const chain = emptyChain(1);
  await network.execute(...chain);
  await indexed(rpc, 1);
  await contradict(chain);
  await waitFor(() => gateway.health().checks['agreement']?.ok === false, { what: 'the divergence is noticed' });
  expect(gateway.health()).toMatchObject({
    ready: false,
    checks: { agreement: { detail: expect.stringContaining(words) } },
  });
  expect(await rpc('eth_blockNumber')).toBe('0x1');
  expect(await rpc('eth_getBlockByNumber', '0x1', false)).toMatchObject({ hash: chain[1]!.record.hash });
  expect(await rpc('eth_getBlockByNumber', '0x2', false)).toBeNull();
});

test('a restart on another chain is noticed', async () => {
  const chain = emptyChain(2);
  await network.execute(...chain);
  const gateway = await network.startGateway();
  await indexed(httpClient(gateway).rpc, 2);
  await gateway.stop();
  const other = [chain[0]!, makeBlock(chain[0], [], 1)];
  while (other.length < 4) other.push(makeBlock(other.at(-1)));
  network.script.blocks = other;
  const second = await network.startGateway();
  await waitFor(() => second.health().checks['agreement']?.ok === false, { what: 'the divergence is noticed' });
  expect(await httpClient(second).rpc('eth_blockNumber')).toBe('0x2');
});

test('neighbours that are away: the index still answers, the rest says so in time', async () => {
  const gateway = await network.startGateway({ SHEAF_READ_DEADLINE_MS: '300', SHEAF_SUBMIT_DEADLINE_MS: '300' });
  const { rpc, raw } = httpClient(gateway);
  await network.execute(...emptyChain(1));
  await indexed(rpc, 1);
  await network.stopServers();
  expect(await rpc('eth_blockNumber')).toBe('0x1');
  expect((await raw('eth_getBalance', token, 'latest')).error).toMatchObject({
    code: -32002,
    data: { retryAfterMs: 1_000 },
  });
  const transaction = `0x${Buffer.from(await signed(0)).toString('hex')}`;
  expect((await raw('eth_sendRawTransaction', transaction)).error).toMatchObject({ code: -32002 });
  const client = createPublicClient({ transport: viemHttp(httpClient(gateway).url, { retryCount: 0 }) });
  expect((await client.getBlock()).number).toBe(1n);
});

test('a taken port is one clear error, and nothing stays open', async () => {
  const gateway = await network.startGateway();
  const port = gateway.port();
  await expect(network.startGateway({ SHEAF_HTTP_PORT: String(port) })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `JSON-RPC cannot listen on 127.0.0.1:${port}: the port is taken`,
  });
});
