import websocket from '@fastify/websocket';
import { ChainError, limits } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { failure, type Dispatcher } from '../domain/json-rpc.ts';
import { RpcError, rpcCodes } from '../errors.ts';
import type { Connections, Socket } from './websocket.ts';

export interface HttpOptions {
  host: string;
  port: number;
  /** `*` for any, a comma list, or `none`. */
  corsOrigins: string;
  requestTimeoutMs: number;
}

/** JSON-RPC over HTTP POST and WebSocket on one port. */
export interface HttpServer {
  /** Resolves with the bound port. @throws ChainError `UNAVAILABLE` saying so when the port is taken */
  listen(): Promise<number>;
  /** Takes no more requests, lets those under way finish for a while, closes every connection. */
  close(): Promise<void>;
}

/** How long requests under way may go on after `close`. */
const closeGraceMs = 5_000;

export async function createHttpServer(
  options: HttpOptions,
  deps: { dispatcher: Dispatcher; connections: Connections; log: Logger },
): Promise<HttpServer> {
  const allows = originRule(options.corsOrigins);
  const app = fastify({
    bodyLimit: limits.jsonRpcBodyBytesMax,
    requestTimeout: options.requestTimeoutMs,
    forceCloseConnections: 'idle',
    logger: false,
  });
  await app.register(websocket, { options: { maxPayload: limits.jsonRpcBodyBytesMax } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/(json|json-rpc|jsonrequest)\b/,
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, deps.log));
  app.addHook('onRequest', async (request, reply) => {
    allowOrigin(request, reply, allows);
    if (request.ws) await admitSocket(request, reply, allows, deps.connections);
  });
  app.post('/', (request, reply) => answer(request.body, reply, deps.dispatcher));
  app.options('/', (_request, reply) => reply.code(204).send());
  app.route({
    method: 'GET',
    url: '/',
    handler: (_request, reply) =>
      reply.code(405).header('allow', 'POST, OPTIONS').type('text/plain').send('JSON-RPC: POST here\n'),
    wsHandler: (socket: Socket) => deps.connections.accept(socket),
  });
  return { listen: () => listen(app, options), close: () => close(app, deps.connections) };
}

async function answer(body: unknown, reply: FastifyReply, dispatcher: Dispatcher): Promise<FastifyReply> {
  const text = await dispatcher.handle(typeof body === 'string' ? body : '');
  return reply.type('application/json').send(text ?? '');
}

/** Faults of HTTP itself, before there is a request to dispatch: the status says so, the body is JSON-RPC's all the same. */
function answerError(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  const { statusCode = 500, code } = error as { statusCode?: number; code?: string };
  if (statusCode >= 500) log.error({ err: error }, 'an HTTP request failed');
  const message =
    code === 'FST_ERR_CTP_BODY_TOO_LARGE'
      ? `request body too large: at most ${limits.jsonRpcBodyBytesMax} bytes`
      : code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
        ? 'invalid content type: application/json is wanted'
        : statusCode >= 500
          ? 'internal error'
          : (error as Error).message;
  const rpcCode = statusCode >= 500 ? rpcCodes.internal : rpcCodes.invalidRequest;
  return reply
    .code(statusCode)
    .type('application/json')
    .send(failure(null, new RpcError(rpcCode, message)));
}

type OriginRule = (origin: string | undefined) => boolean;

function originRule(setting: string): OriginRule {
  if (setting === '*') return () => true;
  const allowed = new Set(setting === 'none' ? [] : setting.split(',').map((origin) => origin.trim()));
  // No origin: not a web page.
  return (origin) => origin === undefined || allowed.has(origin);
}

function allowOrigin(request: FastifyRequest, reply: FastifyReply, allows: OriginRule): void {
  const { origin } = request.headers;
  if (origin === undefined || !allows(origin)) return;
  void reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '600',
    vary: 'origin',
  });
}

/** Web pages may open WebSockets anywhere, so their origin is checked here. */
async function admitSocket(
  request: FastifyRequest,
  reply: FastifyReply,
  allows: OriginRule,
  connections: Connections,
): Promise<void> {
  if (!allows(request.headers.origin)) await reply.code(403).send('origin not allowed');
  else if (connections.full()) await reply.code(503).send('too many connections');
}

async function listen(app: FastifyInstance, { host, port }: HttpOptions): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'the port is taken' : message;
    throw new ChainError(
      { code: 'UNAVAILABLE', message: `JSON-RPC cannot listen on ${host}:${port}: ${why}` },
      { cause },
    );
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function close(app: FastifyInstance, connections: Connections): Promise<void> {
  connections.closeAll();
  const force = setTimeout(() => app.server.closeAllConnections(), closeGraceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(force);
  }
}
