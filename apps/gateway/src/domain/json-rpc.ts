import { RpcError, rpcCodes, toRpcError } from '../errors.ts';
import { parseParams, type Parameter } from './params.ts';
import type { SubscriptionSession } from './subscriptions.ts';

/** What a method may use of the request that it serves. */
export interface MethodContext {
  /** Aborted when the caller has gone or the request's time is up. */
  signal: AbortSignal;
  /** The connection's subscriptions; `undefined` over HTTP. */
  session: SubscriptionSession | undefined;
}

/** A method as the dispatcher calls it. */
export type Method = (params: readonly unknown[], context: MethodContext) => unknown;
export type MethodTable = ReadonlyMap<string, Method>;

/** A method with typed parameters. */
export function method<const P extends readonly Parameter<unknown>[]>(
  parameters: P,
  run: (values: ReturnType<typeof parseParams<P>>, context: MethodContext) => unknown,
): Method {
  // Parsed before anything is awaited, so that requests of one batch reach their queues in the batch's order.
  return (params, context) => run(parseParams(parameters, params), context);
}

/** A result that is JSON already: it goes into the answer as it is. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface DispatcherOptions {
  /** Requests in one batch. */
  batchMax: number;
  /** Requests being served at once, over all connections. */
  inFlightMax: number;
  /** Answers of one batch together, in characters. */
  responseCharsMax: number;
  /** Time for one request or one batch. */
  timeoutMs: number;
}

/** Told about every request served; `method` is one of the table or `unknown`. */
export type Observe = (method: string, code: number | undefined, durationMs: number) => void;

type Id = string | number | null;

/** JSON-RPC 2.0 over text: requests, batches and notifications in, one text (or nothing, for notifications) out. Never throws. */
export interface Dispatcher {
  handle(text: string, session?: SubscriptionSession): Promise<string | undefined>;
}

export function createDispatcher(
  options: DispatcherOptions,
  deps: { methods: MethodTable; observe: Observe; onBug: (method: string, error: unknown) => void; now: () => number },
): Dispatcher {
  let inFlight = 0;

  async function handle(text: string, session?: SubscriptionSession): Promise<string | undefined> {
    const parsed = parseJson(text);
    if (parsed instanceof RpcError) return failure(null, parsed);
    const signal = AbortSignal.timeout(options.timeoutMs);
    const budget = { left: options.responseCharsMax };
    if (!Array.isArray(parsed)) return await serve(parsed, { signal, session }, budget);
    if (parsed.length === 0) return failure(null, new RpcError(rpcCodes.invalidRequest, 'empty batch'));
    if (parsed.length > options.batchMax) return failure(null, batchTooLarge(parsed.length, options.batchMax));
    const answers = await Promise.all(parsed.map((request) => serve(request, { signal, session }, budget)));
    const texts = answers.filter((answer) => answer !== undefined);
    return texts.length === 0 ? undefined : `[${texts.join(',')}]`;
  }

  async function serve(
    request: unknown,
    context: MethodContext,
    budget: { left: number },
  ): Promise<string | undefined> {
    const envelope = readEnvelope(request);
    if (envelope instanceof RpcError) return failure(readId(request), envelope);
    const started = deps.now();
    const known = deps.methods.has(envelope.method);
    let code: number | undefined;
    try {
      const result = await run(envelope.method, envelope.params, context);
      return envelope.notification ? undefined : success(envelope.id, result, budget);
    } catch (error) {
      const rpcError = toRpcError(error);
      code = rpcError.code;
      if (code === rpcCodes.internal) deps.onBug(envelope.method, error);
      return envelope.notification ? undefined : failure(envelope.id, rpcError);
    } finally {
      deps.observe(known ? envelope.method : 'unknown', code, deps.now() - started);
    }
  }

  async function run(name: string, params: readonly unknown[], context: MethodContext): Promise<unknown> {
    const found = deps.methods.get(name);
    if (found === undefined) throw methodNotFound(name);
    if (inFlight >= options.inFlightMax) {
      throw new RpcError(rpcCodes.limit, `${options.inFlightMax} requests are being served already`, {
        retryAfterMs: 100,
      });
    }
    inFlight++;
    try {
      return await withinTime(found(params, context), context.signal);
    } finally {
      inFlight--;
    }
  }

  return { handle };
}

/** The request's own deadline holds even where an upstream call ignores the signal. */
async function withinTime(result: unknown, signal: AbortSignal): Promise<unknown> {
  if (!(result instanceof Promise)) return result;
  let stop = (): void => {};
  const timeUp = new Promise<never>((_, reject) => {
    stop = () => reject(new RpcError(rpcCodes.unavailable, 'request timed out', { retryAfterMs: 1_000 }));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([result, timeUp]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

interface Envelope {
  id: Id;
  notification: boolean;
  method: string;
  params: readonly unknown[];
}

function readEnvelope(request: unknown): Envelope | RpcError {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return invalidRequest('not an object');
  const { jsonrpc, method, params, id } = request as Record<string, unknown>;
  if (jsonrpc !== '2.0') return invalidRequest('jsonrpc must be "2.0"');
  if (typeof method !== 'string' || method === '') return invalidRequest('method must be a string');
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return invalidRequest('id must be a string, a number or null');
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    return new RpcError(rpcCodes.invalidParams, 'invalid params: params must be a list', { parameter: 'params' });
  }
  return { id: id ?? null, notification: id === undefined, method, params: params ?? [] };
}

function readId(request: unknown): Id {
  if (typeof request !== 'object' || request === null) return null;
  const id = (request as Record<string, unknown>)['id'];
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not JSON';
    return new RpcError(rpcCodes.parseError, `parse error: ${why.slice(0, 200)}`);
  }
}

function invalidRequest(problem: string): RpcError {
  return new RpcError(rpcCodes.invalidRequest, `invalid request: ${problem}`);
}

function methodNotFound(name: string): RpcError {
  return new RpcError(rpcCodes.methodNotFound, `the method ${name.slice(0, 100)} does not exist/is not available`);
}

function batchTooLarge(length: number, max: number): RpcError {
  return new RpcError(rpcCodes.invalidRequest, `batch too large: ${length} requests, at most ${max}`);
}

function success(id: Id, result: unknown, budget: { left: number }): string {
  const json = result instanceof RawJson ? result.text : JSON.stringify(result ?? null);
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`;
  budget.left -= text.length;
  if (budget.left >= 0) return text;
  return failure(id, new RpcError(rpcCodes.responseTooLarge, 'response too large'));
}

/** The text of an error answer. */
export function failure(id: Id, error: RpcError): string {
  const { code, message, data } = error;
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  });
}
