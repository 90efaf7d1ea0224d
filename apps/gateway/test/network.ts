// The services around a gateway, small and scripted, behind real gRPC, NATS and PostgreSQL.
import { connectBus, type Bus } from '@sheaf/bus';
import { decodeTransaction, encodeHeader } from '@sheaf/ethereum';
import { ChainError, toHash32, type Hash32, type Height } from '@sheaf/primitives';
import {
  accountToWire,
  blockToWire,
  blockSelectorFromWire,
  certificateToWire,
  encodeBlockAnnouncement,
  encodeCertificateAnnouncement,
  encodeFinalityAnnouncement,
  executionV1,
  finalityToWire,
  hexToBuffer,
  messageFromWire,
  sequencerV1,
  settlementV1,
  traceOptionsFromWire,
  type TraceOptions,
} from '@sheaf/proto';
import type { Certificate, Finality } from '@sheaf/protocol';
import { createRpcServer, implement, type Handlers, type RpcServer } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import type { CallMessage } from '@sheaf/state-transition';
import { devChainSpec, testDatabase, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayConfig } from '../src/config.ts';
import { createGateway, type GatewayService } from '../src/service.ts';
import { word, type TestBlock } from './chain.ts';

export const migrations = join(__dirname, '../migrations');

/** What the scripted services know and do; tests change it while everything runs. */
export interface Script {
  blocks: TestBlock[];
  certificates: Certificate[];
  finality: Finality[];
  /** Batches as they came, as hashes. */
  submitted: Hash32[][];
  /** Refusals by transaction hash. */
  refusals: Map<string, { reason: string; message: string; retryAfterMs: number }>;
  /** The mempool, by hash. */
  waiting: Map<string, { stage: sequencerV1.TransactionStage; raw: Uint8Array; height: bigint; reason: string }>;
  pendingNonce: bigint;
  /** What `Call` and `EstimateGas` do. */
  onCall: (message: CallMessage, height: bigint) => executionV1.CallResponse;
  onEstimate: (message: CallMessage, height: bigint) => bigint;
  calls: { message: CallMessage; height: bigint }[];
  /** JSON of the trace of one transaction, or of a message. */
  onTrace: (asked: TraceAsked) => string;
  traces: TraceAsked[];
}

/** `index`: of the one transaction. */
export interface TraceAsked {
  height: bigint;
  index: number | undefined;
  message: CallMessage | undefined;
  options: TraceOptions;
}

export interface Network {
  script: Script;
  bus: Bus;
  /** Environment of a gateway in this network. */
  environment: Record<string, string>;
  /** Starts a gateway; several may run. */
  startGateway(environment?: Record<string, string>): Promise<GatewayService>;
  /** Executes: the block can be fetched, and is announced. */
  execute(...blocks: TestBlock[]): Promise<void>;
  certify(first: number, last: number, payloadHash?: Hash32): Promise<void>;
  finalize(height: number, blockHash?: Hash32): Promise<void>;
  stopServers(): Promise<void>;
  stop(): Promise<void>;
}

export async function startNetwork(): Promise<Network> {
  const script: Script = {
    blocks: [],
    certificates: [],
    finality: [],
    submitted: [],
    refusals: new Map(),
    waiting: new Map(),
    pendingNonce: 0n,
    onCall: () => ({
      output: Buffer.from([1]),
      gasUsed: 21_000n,
      status: executionV1.CallStatus.CALL_STATUS_SUCCESS,
      haltReason: '',
    }),
    onEstimate: () => 21_000n,
    calls: [],
    onTrace: ({ index }) => JSON.stringify({ index: index ?? null }),
    traces: [],
  };
  const { log } = testContext({});
  const database = await testDatabase();
  const dir = await mkdtemp(join(tmpdir(), 'sheaf-gateway-'));
  const chainSpec = join(dir, 'chain.json');
  await writeFile(chainSpec, JSON.stringify(devChainSpec().json));
  const streamPrefix = testStreamPrefix();
  const bus = await connectBus({ url: testNatsUrl(), streamPrefix, name: 'test' }, { log });
  const servers: RpcServer[] = [];
  const serve = async (service: ReturnType<typeof implement>): Promise<string> => {
    const server = createRpcServer(
      { host: '127.0.0.1', port: 0 },
      { log, metrics: testContext({}).metrics, services: [service] },
    );
    servers.push(server);
    return `127.0.0.1:${await server.start()}`;
  };
  const environment = {
    SHEAF_HTTP_PORT: '0',
    SHEAF_CHAIN_SPEC: chainSpec,
    SHEAF_DATABASE_URL: database.url,
    SHEAF_NATS_URL: testNatsUrl(),
    SHEAF_STREAM_PREFIX: streamPrefix,
    SHEAF_EXECUTION_ADDRESS: await serve(implement(executionV1.ExecutionServiceService, execution(script))),
    SHEAF_SEQUENCER_ADDRESS: await serve(implement(sequencerV1.SequencerServiceService, sequencer(script))),
    SHEAF_SETTLEMENT_ADDRESS: await serve(implement(settlementV1.SettlementServiceService, settlement(script))),
    SHEAF_READ_DEADLINE_MS: '3000',
  };
  const gateways: GatewayService[] = [];
  const stopServers = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  };
  return {
    script,
    bus,
    environment,
    async startGateway(extra = {}) {
      const config = gatewayConfig.parse({ ...environment, ...extra });
      const gateway = createGateway(testContext(config, 'gateway'), { migrations });
      gateways.push(gateway);
      await gateway.start();
      return gateway;
    },
    async execute(...blocks) {
      for (const block of blocks) {
        script.blocks[Number(block.record.height)] = block;
        const { height, hash, payloadHash } = block.record;
        const header = encodeHeader(block.header);
        await bus.publish('blocks', encodeBlockAnnouncement({ height, hash, payloadHash, header, dropped: [] }));
      }
    },
    async certify(first, last, payloadHash) {
      const certificate: Certificate = {
        statement: {
          chainId: 74_323n,
          namespace: 'payloads',
          firstHeight: BigInt(first) as Height,
          lastHeight: BigInt(last) as Height,
          lastPayloadHash: payloadHash ?? script.blocks[last]!.record.payloadHash,
          commitments: [new Uint8Array(48)],
        },
        signers: [0, 1],
        signature: new Uint8Array(96),
      };
      script.certificates.push(certificate);
      await bus.publish('certificates', encodeCertificateAnnouncement(certificate));
    },
    async finalize(height, blockHash) {
      const { record } = script.blocks[height]!;
      const finality: Finality = {
        height: record.height,
        blockHash: blockHash ?? record.hash,
        payloadHash: record.payloadHash,
        commitmentsHash: word(1),
        signers: [0, 1],
        signature: new Uint8Array(96),
        signedStakeGwei: 2n,
        totalStakeGwei: 3n,
      };
      script.finality[height] = finality;
      await bus.publish('finality', encodeFinalityAnnouncement(finality));
    },
    stopServers,
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await stopServers();
      await bus.close();
      await database.drop();
      await rm(dir, { recursive: true });
    },
  };
}

/** Waits until the gateway has indexed so many blocks above genesis. */
export async function indexed(
  rpc: (method: string, ...params: unknown[]) => Promise<unknown>,
  height: number,
): Promise<void> {
  await waitFor(async () => Number(await rpc('eth_blockNumber')) >= height, { what: `height ${height} is indexed` });
}

function notFound(what: string): ChainError {
  return new ChainError({ code: 'NOT_FOUND', message: `${what} is not here` });
}

function unused(): Promise<never> {
  return Promise.reject(new ChainError({ code: 'INTERNAL', message: 'not part of this test' }));
}

function execution(script: Script): Handlers<executionV1.ExecutionServiceService> {
  const find = (selector: executionV1.BlockSelector | undefined): TestBlock => {
    const wanted = blockSelectorFromWire(selector, 'block');
    const block = wanted.kind === 'height' ? script.blocks[Number(wanted.height)] : undefined;
    if (!block) throw notFound('the block');
    return block;
  };
  const trace = (asked: TraceAsked): string => {
    script.traces.push(asked);
    return script.onTrace(asked);
  };
  const account = (address: Buffer, height: bigint) =>
    accountToWire({
      address: `0x${address.toString('hex')}` as never,
      balance: 10n ** 18n + height,
      nonce: height,
      codeHash: word(1),
      storageRoot: word(2),
    });
  return {
    getStatus: async () => {
      const head = script.blocks.at(-1);
      if (!head) throw new ChainError({ code: 'UNAVAILABLE', message: 'starting' });
      return {
        height: head.record.height,
        hash: hexToBuffer(head.record.hash),
        oldestStateHeight: 0n,
        genesisHash: hexToBuffer(script.blocks[0]!.record.hash),
      };
    },
    getBlock: async ({ block }) => ({ block: blockToWire(find(block).record) }),

    streamBlocks: async function* () {
      throw notFound('a stream');
    },
    getAccounts: async ({ block, addresses }) => {
      const { height } = find(block).record;
      return { height, accounts: addresses.map((address) => account(address, height)) };
    },
    getCode: async () => ({ code: Buffer.from('6001', 'hex') }),
    getStorage: async ({ slot }) => ({ value: slot }),
    getProof: async ({ block, address, slots }) => ({
      account: account(address, find(block).record.height),
      accountProof: [Buffer.from([0xc0])],
      storageProofs: slots.map((slot) => ({ slot, value: Buffer.from([9]), proof: [Buffer.from([0xc1])] })),
    }),
    call: async ({ block, message }) => {
      const call = { message: messageFromWire(message, 'message'), height: find(block).record.height };
      script.calls.push(call);
      return script.onCall(call.message, call.height);
    },
    estimateGas: async ({ block, message }) => {
      const call = { message: messageFromWire(message, 'message'), height: find(block).record.height };
      script.calls.push(call);
      return { gas: script.onEstimate(call.message, call.height) };
    },
    getWitness: unused,
    traceBlock: async function* ({ block, transactionIndex, options }) {
      const { height, receipts } = find(block).record;
      const asked = { height, message: undefined, options: traceOptionsFromWire(options, 'options') };
      for (const [index, { transactionHash }] of receipts.entries()) {
        if (transactionIndex !== undefined && transactionIndex !== index) continue;
        const json = Buffer.from(trace({ ...asked, index }));
        // A long one comes in pieces; a short one does here, in the midst of its letters.
        const size = Math.min(2 ** 20, (json.length >> 1) + 1);
        for (let at = 0; at < json.length; at += size) {
          const last = at + size >= json.length;
          yield { transactionHash: hexToBuffer(transactionHash), json: json.subarray(at, at + size), last };
        }
      }
    },
    traceCall: async function* ({ block, message, options }) {
      const { height } = find(block).record;
      const asked = { height, index: undefined, message: messageFromWire(message, 'message') };
      const json = Buffer.from(trace({ ...asked, options: traceOptionsFromWire(options, 'options') }));
      yield { json: json.subarray(0, 1) };
      yield { json: json.subarray(1) };
    },
  };
}

function sequencer(script: Script): Handlers<sequencerV1.SequencerServiceService> {
  return {
    submitTransactions: async ({ transactions }) => {
      const hashes = transactions.map((raw) => decodeTransaction(Uint8Array.from(raw)).hash);
      script.submitted.push(hashes);
      return {
        results: hashes.map((hash) => {
          const refusal = script.refusals.get(hash);
          return refusal
            ? { hash: hexToBuffer(hash), accepted: false, ...refusal }
            : { hash: hexToBuffer(hash), accepted: true, reason: '', message: '', retryAfterMs: 0 };
        }),
      };
    },
    getTransaction: async ({ hash }) => {
      const found = script.waiting.get(toHash32(hash));
      if (!found) throw notFound('the transaction');
      return { stage: found.stage, transaction: Buffer.from(found.raw), height: found.height, reason: found.reason };
    },
    getPendingNonce: async () => ({ nonce: script.pendingNonce }),
    getStatus: async () => ({
      sealedHeight: BigInt(script.blocks.length),
      executedHeight: BigInt(script.blocks.length - 1),
      safeHeight: script.certificates.at(-1)?.statement.lastHeight ?? 0n,
      finalizedHeight: BigInt(Math.max(0, script.finality.length - 1)),
      epoch: 1n,
      mempoolTransactions: BigInt(script.waiting.size),
      nextBaseFeePerGas: Buffer.from([7]),
    }),
    getPayload: unused,

    streamPayloads: async function* () {
      throw notFound('a stream');
    },
    getCertificate: async ({ height }) => {
      const found = script.certificates.find(
        ({ statement }) => statement.firstHeight <= height && height <= statement.lastHeight,
      );
      if (!found) throw notFound('the certificate');
      return { certificate: certificateToWire(found) };
    },
    getBatch: unused,
  };
}

function settlement(script: Script): Handlers<settlementV1.SettlementServiceService> {
  return {
    submitAttestation: unused,
    getFinality: async ({ height }) => {
      const found = script.finality[Number(height)];
      if (!found) throw notFound('finality');
      return { finality: finalityToWire(found) };
    },
    listValidators: unused,
    getStatus: async () => {
      const last = script.finality.at(-1);
      const finalized = last
        ? { height: last.height, hash: hexToBuffer(last.blockHash) }
        : { height: 0n, hash: hexToBuffer(script.blocks[0]?.record.hash ?? word(0)) };
      return { attestedHeight: finalized.height, finalized, diverged: false };
    },
  };
}

/** Asks a gateway over HTTP. */
export function httpClient(gateway: GatewayService) {
  const url = `http://127.0.0.1:${gateway.port()}/`;
  const post = async (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) => {
    const response = await fetch(url, { method: 'POST', body, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  };
  const raw = async (method: string, ...params: unknown[]): Promise<RpcAnswer> => {
    const { text } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return JSON.parse(text) as RpcAnswer;
  };
  /** The result, or an Error with the message. */
  const rpc = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const answer = await raw(method, ...params);
    if (answer.error) throw new Error(answer.error.message);
    return answer.result;
  };
  return { url, post, raw, rpc };
}

export interface RpcAnswer {
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}
