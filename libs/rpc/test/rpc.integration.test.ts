// Goal: calls keep their promises over a real connection: errors cross typed, deadlines and retries hold, streams push back, TLS is mutual.
// Method: a real server of settlement's and the sequencer's definitions on a free port, and real clients.
import { ChainError, limits } from '@sheaf/primitives';
import { commonV1, sequencerV1, settlementV1 } from '@sheaf/proto';
import { service as officialHealth } from 'grpc-health-check';
import { Client, credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import {
  createRpcClient,
  createRpcServer,
  currentRequest,
  implement,
  tlsFiles,
  type CallContext,
  type RpcServer,
  type TlsFiles,
} from '../src/index.ts';

const settlement = settlementV1.SettlementServiceService;
const sequencer = sequencerV1.SequencerServiceService;
type StatusHandler = (call: CallContext) => Promise<settlementV1.GetStatusResponse>;
const status = (attestedHeight = 7n) =>
  settlementV1.GetStatusResponse.decode(
    settlementV1.GetStatusResponse.encode({
      ...settlementV1.GetStatusResponse.decode(new Uint8Array()),
      attestedHeight,
    } as never).finish(),
  );
const empty = settlementV1.GetStatusRequest.decode(new Uint8Array());
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(
  handlers: {
    getStatus?: StatusHandler;
    stream?: (call: CallContext) => AsyncIterable<sequencerV1.StreamPayloadsResponse>;
  },
  options: { port?: number; tls?: TlsFiles; graceMs?: number } = {},
) {
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const metrics = new Registry();
  const unused = () => Promise.reject(new Error('not part of this test'));
  const server: RpcServer = createRpcServer(
    { host: '127.0.0.1', port: options.port ?? 0, tls: options.tls, graceMs: options.graceMs },
    {
      log,
      metrics,
      services: [
        implement(settlement, {
          submitAttestation: unused,
          getFinality: unused,
          listValidators: unused,
          getStatus: (_, call) => (handlers.getStatus ?? (() => Promise.resolve(status())))(call),
        }),
        implement(sequencer, {
          submitTransactions: unused,
          getTransaction: unused,
          getPendingNonce: unused,
          getStatus: unused,
          getPayload: unused,
          getCertificate: unused,
          getBatch: unused,
          streamPayloads: (_, call) => handlers.stream!(call),
        }),
      ],
    },
  );
  const port = await server.start();
  closers.push(() => server.stop());
  return { server, port, logged, metrics, address: `127.0.0.1:${port}` };
}

function connect(address: string, tls?: TlsFiles) {
  const metrics = new Registry();
  const client = createRpcClient(settlement, { address, tls }, { metrics });
  const payloads = createRpcClient(sequencer, { address, tls }, { metrics });
  closers.push(client.close, payloads.close);
  return { client, payloads, metrics };
}

const payload = () => sequencerV1.StreamPayloadsResponse.decode(new Uint8Array());
const range = sequencerV1.StreamPayloadsRequest.decode(new Uint8Array());

test.each([
  { code: 'INVALID_ARGUMENT', field: 'payload.height', message: 'höhe' },
  { code: 'NOT_FOUND', message: 'm' },
  { code: 'ALREADY_EXISTS', message: 'm' },
  { code: 'REJECTED', reason: 'NONCE_TOO_LOW', message: 'm', data: '0x08c379a0' },
  { code: 'CONFLICT', message: 'm' },
  { code: 'LIMIT', message: 'm', retryAfterMs: 250 },
  { code: 'DATA_LOSS', message: 'm' },
  { code: 'INTERNAL', message: 'm' },
] as const)('$code crosses as it is', async (detail) => {
  const { address } = await serve({ getStatus: () => Promise.reject(new ChainError(detail)) });
  await expect(connect(address).client.getStatus(empty, { deadlineMs: 5_000 })).rejects.toMatchObject({ detail });
});

test('another error is INTERNAL, logged, and its message stays here', async () => {
  const { address, logged } = await serve({ getStatus: () => Promise.reject(new Error('password=x')) });
  const detail = { code: 'INTERNAL', message: 'internal error' };
  await expect(connect(address).client.getStatus(empty, { deadlineMs: 5_000 })).rejects.toMatchObject({ detail });
  expect(logged.join()).toContain('password=x');
});

test('bytes that are no message are INVALID_ARGUMENT naming the field', async () => {
  const { address } = await serve({});
  const broken = { getStatus: { ...settlement.getStatus, requestSerialize: () => Buffer.from([0x0a, 0xff]) } };
  const client = createRpcClient(broken, { address }, {});
  closers.push(client.close);
  await expect(client.getStatus(empty, { deadlineMs: 5_000 })).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'request' },
  });
});

test('the deadline reaches the handler, ends the call, and aborts the handler', async () => {
  let seen: CallContext | undefined;
  const { address } = await serve({
    getStatus: async (call) => {
      seen = call;
      await once(call.signal, 'abort');
      return status();
    },
  });
  const { client } = connect(address);
  await expect(client.getStatus(empty, { deadlineMs: 300 })).rejects.toMatchObject({ code: 'DEADLINE' });
  expect(seen!.deadlineMs).toBeLessThanOrEqual(300);
  await expect(client.getStatus(empty, { deadlineMs: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a nested call has no more time than the call it serves, and the same request id and trace', async () => {
  let inner: { left: number | undefined; id: string; trace: string | undefined } | undefined;
  const back = await serve({
    getStatus: (call) => {
      inner = { left: call.deadlineMs, id: call.requestId, trace: currentRequest()?.traceId };
      return Promise.resolve(status());
    },
  });
  const behind = connect(back.address).client;
  let outerTrace: string | undefined;
  const front = await serve({
    getStatus: () => {
      outerTrace = currentRequest()?.traceId;
      return behind.getStatus(empty, { deadlineMs: 60_000 });
    },
  });
  await connect(front.address).client.getStatus(empty, { deadlineMs: 5_000, requestId: 'order-66' });
  expect(inner?.left).toBeLessThanOrEqual(5_000);
  expect(inner).toMatchObject({ id: 'order-66', trace: outerTrace });
});

test('idempotent calls retry UNAVAILABLE; others do not', async () => {
  let calls = 0;
  const { address } = await serve({
    getStatus: () =>
      ++calls < 3 ? Promise.reject(new ChainError({ code: 'UNAVAILABLE', message: 'no' })) : Promise.resolve(status()),
  });
  const { client } = connect(address);
  await client.getStatus(empty, { deadlineMs: 10_000 });
  expect(calls).toBe(3);
  calls = 0;
  await expect(client.getStatus(empty, { deadlineMs: 10_000, idempotent: false })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(calls).toBe(1);
});

test('a peer that is down is UNAVAILABLE, and is found again when it is back', async () => {
  const first = await serve({});
  const { client } = connect(first.address);
  await client.getStatus(empty, { deadlineMs: 5_000 });
  await first.server.stop();
  await expect(client.getStatus(empty, { deadlineMs: 5_000, idempotent: false })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  const waiting = client.getStatus(empty, { deadlineMs: 15_000, waitForReady: true });
  await serve({}, { port: first.port });
  await waiting;
});

test('a stream pushes back on its producer and ends it when the consumer leaves', async () => {
  let made = 0;
  let returned = () => {};
  const ended = new Promise<void>((resolve) => (returned = resolve));
  const body = commonV1.Payload.decode(new Uint8Array());
  const big = { ...payload(), payload: { ...body, transactions: [Buffer.alloc(100_000)] } };
  const { address } = await serve({
    async *stream() {
      try {
        for (;;) {
          made++;
          yield big;
          await new Promise(setImmediate);
        }
      } finally {
        returned();
      }
    },
  });
  let taken = 0;
  for await (const _ of connect(address).payloads.streamPayloads(range)) if (++taken === 3) break;
  await ended;
  expect(made).toBeLessThan(2_000);
});

test('a signal ends a stream with DEADLINE; an error in it crosses', async () => {
  const { address } = await serve({
    async *stream(call) {
      yield payload();
      if (call.requestId === 'fail') throw new ChainError({ code: 'DATA_LOSS', message: 'torn' });
      await once(call.signal, 'abort');
    },
  });
  const { payloads } = connect(address);
  const controller = new AbortController();
  const follow = async (options: { signal?: AbortSignal; requestId?: string }) => {
    for await (const _ of payloads.streamPayloads(range, options)) controller.abort();
  };
  await expect(follow({ requestId: 'fail' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  const second = new AbortController();
  const running = (async () => {
    for await (const _ of payloads.streamPayloads(range, { signal: second.signal })) setImmediate(() => second.abort());
  })();
  await expect(running).rejects.toMatchObject({ code: 'DEADLINE' });
});

test('messages over the limit are LIMIT', async () => {
  const { address } = await serve({});
  const huge = {
    getStatus: { ...settlement.getStatus, requestSerialize: () => Buffer.alloc(limits.grpcMessageBytesMax + 1) },
  };
  const client = createRpcClient(huge, { address }, {});
  closers.push(client.close);
  await expect(client.getStatus(empty, { deadlineMs: 10_000 })).rejects.toMatchObject({ code: 'LIMIT' });
});

test('a stop cuts off what does not end within the grace', async () => {
  let entered = () => {};
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const { server, address } = await serve({ getStatus: () => (entered(), new Promise(() => {})) }, { graceMs: 100 });
  const call = connect(address).client.getStatus(empty, { deadlineMs: 30_000, idempotent: false });
  const failed = expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await inside;
  await server.stop();
  await failed;
});

test('a taken port keeps its system error', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  closers.push(() => blocker.close());
  const { port } = blocker.address() as AddressInfo;
  await expect(serve({}, { port })).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: { code: 'EADDRINUSE', port } });
});

test('calls are measured on both sides by method and code', async () => {
  const { address, metrics } = await serve({});
  const side = connect(address);
  await side.client.getStatus(empty, { deadlineMs: 5_000 });
  const labels = '{method="/sheaf.settlement.v1.SettlementService/GetStatus",code="OK"} 1';
  expect(await metrics.metrics()).toContain(`sheaf_rpc_server_seconds_count${labels}`);
  expect(await side.metrics.metrics()).toContain(`sheaf_rpc_client_seconds_count${labels}`);
});

test('the official health client is answered', async () => {
  const { address } = await serve({});
  const Health = makeGenericClientConstructor(officialHealth as never, 'Health');
  const client = new Health(address, credentials.createInsecure());
  closers.push(() => client.close());
  const check = (service: string) =>
    new Promise((resolve, reject) => {
      (client as unknown as Record<string, (r: object, cb: (e: ServiceError | null, v: unknown) => void) => void>)
        .check!({ service }, (error, value) => (error ? reject(error) : resolve(value)));
    });
  expect(await check('')).toEqual({ status: 'SERVING' });
  expect(await check('sheaf.settlement.v1.SettlementService')).toEqual({ status: 'SERVING' });
  await expect(check('nobody')).rejects.toMatchObject({ code: 5 });
});

test('reflection lists the services and gives the file of a symbol', async () => {
  const { address } = await serve({});
  const client = new Client(address, credentials.createInsecure());
  closers.push(() => client.close());
  const ask = async (question: Buffer) => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const call = client.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    call.write(question);
    const [answer] = (await once(call, 'data')) as [Buffer];
    call.end();
    return answer.toString('latin1');
  };
  expect(await ask(Buffer.from([0x3a, 0]))).toContain('sheaf.sequencer.v1.SequencerService');
  const symbol = 'sheaf.settlement.v1.SettlementService';
  expect(await ask(Buffer.from([0x22, symbol.length, ...Buffer.from(symbol)]))).toContain(
    'sheaf/common/v1/common.proto',
  );
});

test('mTLS: a client of the authority is served, a plain one is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-tls-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=test');
  openssl('req', ...key, '-keyout', 'a.key', '-out', 'a.csr', '-subj', '/CN=a');
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1\n');
  openssl(
    'x509',
    '-req',
    '-in',
    'a.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'a.pem',
    '-days',
    '1',
    '-extfile',
    'ext',
  );
  const tls = tlsFiles({ tlsCaFile: at('ca.pem'), tlsCertFile: at('a.pem'), tlsKeyFile: at('a.key') })!;
  const { address } = await serve({}, { tls });
  await connect(address, tls).client.getStatus(empty, { deadlineMs: 5_000 });
  const plain = connect(address).client.getStatus(empty, { deadlineMs: 2_000, idempotent: false });
  await expect(plain).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(() => tlsFiles({ tlsCaFile: 'a' })).toThrow('must be set together');
});
