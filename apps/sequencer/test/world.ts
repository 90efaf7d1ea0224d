import { createCryptoWorker, type CryptoWorker } from '@sheaf/crypto';
import { signTransaction, type UnsignedTransaction } from '@sheaf/ethereum';
import { toAddress } from '@sheaf/primitives';
import { sequencerV1 } from '@sheaf/proto';
import { createRpcClient, type RpcClient } from '@sheaf/rpc';
import { testContext, type Service } from '@sheaf/service';
import { bundleWorker, devChainSpec, testDatabase, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { config } from '../src/config.ts';
import { createSequencer } from '../src/service.ts';
import { connectTestBus, TestDaNode, TestExecution, TestSettlement } from './peers.ts';

export type SequencerClient = RpcClient<typeof sequencerV1.SequencerServiceService>;

const { log } = testContext({});
const deadlineMs = 10_000;
const entry = 'apps/sequencer/src/main.ts';

let cells: Promise<CryptoWorker> | undefined;

/** One cell worker for all sequencers of a test file: loading the KZG setup takes seconds of CPU. */
async function sharedCells(): Promise<CryptoWorker> {
  cells ??= bundleWorker(entry).then((workerFile) => createCryptoWorker({ workerFile, kzg: true }));
  return { ...(await cells), close: () => Promise.resolve() };
}

/** To be called after the last test of a file. */
export async function closeSharedCells(): Promise<void> {
  await (await cells)?.close();
  cells = undefined;
}

/** One chain with everything around the sequencer: database, streams, neighbours. */
export interface World {
  readonly chain: ReturnType<typeof devChainSpec>;
  readonly databaseUrl: string;
  readonly execution: TestExecution;
  readonly settlement: TestSettlement;
  readonly daNodes: readonly TestDaNode[];
  /** Variables of a sequencer process of this world; ports are free ones. */
  environment(change?: Record<string, string>): Record<string, string>;
  /** A sequencer in this process, leading unless `change` says otherwise. */
  startSequencer(
    change?: Record<string, string>,
  ): Promise<{ address: string; client: SequencerClient; service: Service }>;
  connect(address: string): SequencerClient;
  /** A signed transfer of one of the funded accounts. */
  transfer(account: number, nonce: bigint | number, fields?: Partial<UnsignedTransaction>): Buffer;
  stop(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const chain = devChainSpec();
  const database = await testDatabase();
  const streamPrefix = testStreamPrefix();
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-sequencer-'));
  const chainSpec = join(folder, 'chain.json');
  writeFileSync(chainSpec, JSON.stringify(chain.json));
  const bus = await connectTestBus(testNatsUrl(), streamPrefix);
  const execution = new TestExecution(chain.spec, bus);
  const settlement = new TestSettlement(() => execution.height);
  const daNodes = chain.daKeys.map((key, index) => new TestDaNode({ spec: chain.spec, index, key }));
  const addresses = {
    execution: await execution.start(),
    settlement: await settlement.start(),
    da: await Promise.all(daNodes.map((node) => node.start())),
  };
  const services: Service[] = [];
  const clients: SequencerClient[] = [];

  const environment = (change: Record<string, string> = {}) => ({
    SHEAF_ADMIN_PORT: '0',
    SHEAF_GRPC_PORT: '0',
    SHEAF_DATABASE_URL: database.url,
    SHEAF_NATS_URL: testNatsUrl(),
    SHEAF_STREAM_PREFIX: streamPrefix,
    SHEAF_CHAIN_SPEC: chainSpec,
    SHEAF_EXECUTION_ADDRESS: addresses.execution,
    SHEAF_SETTLEMENT_ADDRESS: addresses.settlement,
    SHEAF_DA_ADDRESSES: addresses.da.join(','),
    SHEAF_HOLDER_ID: 'one',
    ...change,
  });
  const connect = (address: string): SequencerClient => {
    const client = createRpcClient(sequencerV1.SequencerServiceService, { address }, { log });
    clients.push(client);
    return client;
  };
  return {
    chain,
    databaseUrl: database.url,
    execution,
    settlement,
    daNodes,
    environment,
    connect,
    async startSequencer(change) {
      const context = testContext(config.parse(environment(change)), 'sequencer');
      const service = createSequencer(context, {
        workerFile: await bundleWorker(entry),
        startCells: sharedCells,
        migrations: join(__dirname, '../migrations'),
      });
      services.push(service);
      await service.start();
      const address = `127.0.0.1:${service.grpcPort()}`;
      await eventually(() => service.health().ready, { what: 'a ready sequencer' });
      return { address, client: connect(address), service };
    },
    transfer(account, nonce, fields = {}) {
      const base = {
        type: 2,
        chainId: chain.spec.chainId,
        nonce: BigInt(nonce),
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: 10n ** 9n,
        to: toAddress(new Uint8Array(20).fill(0xaa)),
        value: 1n,
      } as const;
      return Buffer.from(signTransaction({ ...base, ...fields }, chain.accounts[account]!.privateKey));
    },
    async stop() {
      for (const service of services) await service.stop().catch(() => undefined);
      for (const client of clients) client.close();
      await execution.stop();
      await settlement.stop();
      for (const node of daNodes) await node.stop();
      await bus.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Submits and gives one word a transaction: ACCEPTED, KNOWN or the reason. */
export async function submit(client: SequencerClient, ...transactions: Buffer[]): Promise<string[]> {
  const { results } = await client.submitTransactions({ transactions }, { deadlineMs });
  return results.map(({ accepted, reason, message }) => (!accepted ? reason : message === '' ? 'ACCEPTED' : 'KNOWN'));
}

export const status = (client: SequencerClient) => client.getStatus({}, { deadlineMs });
export const deadline = { deadlineMs };

/** `waitFor` with patience for a loaded machine. */
export function eventually(
  condition: () => boolean | Promise<boolean>,
  options: { what?: string } = {},
): Promise<void> {
  return waitFor(condition, { timeoutMs: 60_000, ...options });
}
