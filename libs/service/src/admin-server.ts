import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from './metrics.ts';
import type { Health } from './service.ts';

const connectionsMax = 64;
const requestMs = 5_000;

export interface AdminServer {
  /** The bound port. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez` (200 while the event loop turns), `/readyz` (200 or 503, the checks as JSON) and `/metrics`.
 * @throws the listen error, with its port and address
 */
export async function startAdminServer(
  options: { host: string; port: number },
  deps: { metrics: Registry; health: () => Health },
): Promise<AdminServer> {
  const server = createServer(
    { maxHeaderSize: 8_192, requestTimeout: requestMs, headersTimeout: requestMs },
    (request, response) => {
      respond(request, response, deps).catch(() => response.destroy());
    },
  );
  server.maxConnections = connectionsMax;
  await listen(server, options);
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  deps: { metrics: Registry; health: () => Health },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return sendJson(response, 405, { error: 'only GET is answered' });
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return sendJson(response, 200, { live: true });
    case '/readyz': {
      const health = deps.health();
      return sendJson(response, health.ready ? 200 : 503, health);
    }
    case '/metrics':
      return send(response, 200, deps.metrics.contentType, await deps.metrics.metrics());
    default:
      return sendJson(response, 404, { error: 'there are /livez, /readyz and /metrics' });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

function listen(server: Server, options: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
