// Goal: any text gets exactly the JSON-RPC 2.0 answer: requests, batches, notifications, faults, limits.
// Method: a dispatcher with a few small methods; answers compared as JSON.
import { ChainError } from '@sheaf/primitives';
import { createDispatcher, method, type Method } from './json-rpc.ts';
import { required, uint64 } from './params.ts';

function setUp(
  methods: Record<string, Method> = {},
  options: { inFlightMax?: number; responseCharsMax?: number } = {},
) {
  const observed: [string, number | undefined][] = [];
  const bugs: unknown[] = [];
  const dispatcher = createDispatcher(
    { batchMax: 3, inFlightMax: 10, responseCharsMax: 10_000, timeoutMs: 50, ...options },
    {
      methods: new Map(
        Object.entries({ double: method([required('n', uint64)], ([n]) => Number(n * 2n)), ...methods }),
      ),
      observe: (name, code) => observed.push([name, code]),
      onBug: (_name, error) => bugs.push(error),
      now: () => 0,
    },
  );
  const ask = async (request: unknown): Promise<unknown> => {
    const text = await dispatcher.handle(typeof request === 'string' ? request : JSON.stringify(request));
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  };
  return { ask, observed, bugs };
}

const call = (name: string, params: unknown = [], id: unknown = 1) => ({ jsonrpc: '2.0', id, method: name, params });
const error = (code: number, message: string, id: unknown = 1, data?: unknown) => ({
  jsonrpc: '2.0',
  id,
  error: data === undefined ? { code, message } : { code, message, data },
});

test('answers a request and counts it', async () => {
  const { ask, observed } = setUp();
  expect(await ask(call('double', ['0x15']))).toEqual({ jsonrpc: '2.0', id: 1, result: 42 });
  expect(observed).toEqual([['double', undefined]]);
});

test.each<[string, unknown, unknown]>([
  ['a method that is not there', call('nope'), error(-32601, 'the method nope does not exist/is not available')],
  ['a missing parameter', call('double'), error(-32602, 'invalid params: n is missing', 1, { parameter: 'n' })],
  [
    'named parameters',
    call('double', { n: '0x1' }),
    error(-32602, 'invalid params: params must be a list', 1, { parameter: 'params' }),
  ],
  ['no version', { id: 1, method: 'double' }, error(-32600, 'invalid request: jsonrpc must be "2.0"')],
  ['no method', { jsonrpc: '2.0', id: 1 }, error(-32600, 'invalid request: method must be a string')],
  ['a number', 7, error(-32600, 'invalid request: not an object', null)],
  [
    'an object as id',
    call('double', ['0x1'], {}),
    error(-32600, 'invalid request: id must be a string, a number or null', null),
  ],
  ['an empty batch', [], error(-32600, 'empty batch', null)],
  ['a batch over the limit', [1, 2, 3, 4], error(-32600, 'batch too large: 4 requests, at most 3', null)],
])('refuses %s', async (_name, request, answer) => {
  expect(await setUp().ask(request)).toEqual(answer);
});

test('malformed JSON is a parse error without id', async () => {
  const answer = (await setUp().ask('{"jsonrpc":')) as { id: null; error: { code: number; message: string } };
  expect(answer.id).toBeNull();
  expect(answer.error.code).toBe(-32700);
  expect(answer.error.message).toMatch(/^parse error: /);
});

test('a batch keeps its order, answers each fault, leaves out notifications', async () => {
  const { ask } = setUp();
  const notification = { jsonrpc: '2.0', method: 'double', params: ['0x1'] };
  expect(await ask([call('double', ['0x1'], 'a'), notification, call('nope', [], 'b')])).toEqual([
    { jsonrpc: '2.0', id: 'a', result: 2 },
    error(-32601, 'the method nope does not exist/is not available', 'b'),
  ]);
  expect(await ask([notification])).toBeUndefined();
  expect(await ask(notification)).toBeUndefined();
});

test('requests of a batch reach their method in order, without waiting for each other', async () => {
  const seen: bigint[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const wait = method([required('n', uint64)], async ([n]) => {
    seen.push(n);
    if (seen.length === 3) release();
    await gate;
    return null;
  });
  const { ask } = setUp({ wait });
  await ask([call('wait', ['0x1']), call('wait', ['0x2']), call('wait', ['0x3'])]);
  expect(seen).toEqual([1n, 2n, 3n]);
});

test('a bug inside is an internal error that tells nothing', async () => {
  const broken = method([], () => {
    throw new TypeError('secret');
  });
  const { ask, bugs, observed } = setUp({ broken });
  expect(await ask(call('broken'))).toEqual(error(-32603, 'internal error'));
  expect(bugs).toHaveLength(1);
  expect(observed).toEqual([['broken', -32603]]);
});

test('a limit says when to try again', async () => {
  const full = method([], () => {
    throw new ChainError({ code: 'LIMIT', message: 'full', retryAfterMs: 40 });
  });
  expect(await setUp({ full }).ask(call('full'))).toEqual(error(-32005, 'full', 1, { retryAfterMs: 40 }));
});

test('a method that never answers is given up', async () => {
  const stuck = method([], () => new Promise(() => {}));
  expect(await setUp({ stuck }).ask(call('stuck'))).toEqual(
    error(-32002, 'request timed out', 1, { retryAfterMs: 1_000 }),
  );
});

test('too many at once and answers that are too long are refused', async () => {
  const stuck = method([], () => new Promise(() => {}));
  const { ask } = setUp({ stuck }, { inFlightMax: 1 });
  const first = ask(call('stuck'));
  expect(await ask(call('double', ['0x1']))).toEqual(
    error(-32005, '1 requests are being served already', 1, { retryAfterMs: 100 }),
  );
  await first;
  const long = method([], () => 'x'.repeat(100));
  const small = setUp({ long }, { responseCharsMax: 150 });
  expect(await small.ask([call('long', [], 1), call('long', [], 2)])).toEqual([
    { jsonrpc: '2.0', id: 1, result: 'x'.repeat(100) },
    error(-32003, 'response too large', 2),
  ]);
});
