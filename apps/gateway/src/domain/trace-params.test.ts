// Goal: the options of traces are read as geth reads them, and what is not known here is refused by name, never ignored.
// Method: tables of good and bad JSON, the message compared in full.
import { RpcError } from '../errors.ts';
import { callTraceConfig, defaultTrace, duration, traceConfig } from './trace-params.ts';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError && error.code === -32602) return error.message.replace('invalid params: ', '');
    throw error;
  }
  throw new Error('was not refused');
}

const struct = defaultTrace.tracer;

test.each<[string, object, object]>([
  ['nothing', {}, defaultTrace],
  ['an empty tracer', { tracer: '', tracerConfig: {} }, defaultTrace],
  ['null fields', { tracer: null, timeout: null, limit: null }, defaultTrace],
  [
    'flags of the opcode logger',
    { enableMemory: true, enableReturnData: true, disableStack: true, disableStorage: true, limit: 5, debug: true },
    {
      ...defaultTrace,
      tracer: { kind: 'struct', stack: false, storage: false, memory: true, returnData: true, stepsMax: 5 },
    },
  ],
  ['memory asked for and not', { enableMemory: true, disableMemory: true }, { ...defaultTrace, tracer: struct }],
  [
    'the call tracer',
    { tracer: 'callTracer' },
    { timeoutMs: 0, tracer: { kind: 'call', onlyTopCall: false, withLog: false } },
  ],
  [
    'its options',
    { tracer: 'callTracer', tracerConfig: { onlyTopCall: true, withLog: true }, timeout: '300ms', reexec: 128 },
    { timeoutMs: 300, tracer: { kind: 'call', onlyTopCall: true, withLog: true } },
  ],
  [
    'the prestate tracer',
    { tracer: 'prestateTracer', tracerConfig: { diffMode: true }, enableMemory: true },
    { timeoutMs: 0, tracer: { kind: 'prestate', diffMode: true } },
  ],
])('%s', (_, config, wanted) => {
  expect(traceConfig(config, 'config')).toEqual(wanted);
});

const tracers = 'must be callTracer, prestateTracer or absent: other tracers, JavaScript too, are not run';

test.each<[string, unknown, string]>([
  ['no object', 'callTracer', 'config must be an object'],
  ['JavaScript', { tracer: '{step: function() {}}' }, `config.tracer ${tracers}`],
  ['another native tracer', { tracer: '4byteTracer' }, `config.tracer ${tracers}`],
  ['a tracer that is no name', { tracer: 5 }, `config.tracer ${tracers}`],
  ['an unknown field', { enableMemorey: true }, 'config.enableMemorey is unknown'],
  ['overrides where there are none', { stateOverrides: {} }, 'config.stateOverrides is unknown'],
  ['a flag that is none', { disableStack: 'yes' }, 'config.disableStack must be true or false'],
  [
    'another tracer’s option',
    { tracer: 'callTracer', tracerConfig: { diffMode: true } },
    'config.tracerConfig.diffMode is unknown',
  ],
  ['an option of no tracer', { tracerConfig: { withLog: true } }, 'config.tracerConfig.withLog is unknown'],
  [
    'an option that is none',
    { tracer: 'callTracer', tracerConfig: { withLog: 1 } },
    'config.tracerConfig.withLog must be true or false',
  ],
  ['a limit below 0', { limit: -1 }, 'config.limit must be a quantity: 0x and hex digits without leading zeros'],
  ['a limit too large', { limit: 2 ** 32 }, 'config.limit must be below 2^32'],
  [
    'a timeout without unit',
    { timeout: '5' },
    'config.timeout must be a duration such as 5s or 300ms, above 0 and at most 1h',
  ],
])('%s is refused', (_, config, message) => {
  expect(refusal(() => traceConfig(config, 'config'))).toBe(message);
});

test('calls take the state overrides of eth_call and no block overrides', () => {
  const address = `0x${'ab'.repeat(20)}`;
  expect(
    callTraceConfig({ stateOverrides: { [address]: { nonce: '0x1' } }, blockOverrides: {} }, 'config'),
  ).toMatchObject({
    overrides: [{ address, nonce: 1n }],
  });
  expect(refusal(() => callTraceConfig({ blockOverrides: { number: '0x1' } }, 'config'))).toBe(
    'config.blockOverrides.number is not supported',
  );
});

test.each([
  ['5s', 5_000],
  ['1m30s', 90_000],
  ['1.5s', 1_500],
  ['10us', 1],
  ['1h', 3_600_000],
])('a duration of %s', (text, milliseconds) => {
  expect(duration(text, 'x')).toBe(milliseconds);
});

test.each(['', '0s', '2h', '-1s', '1 s', 's', 5, `${'1h'.repeat(9)}`])('no duration: %p', (text) => {
  expect(refusal(() => duration(text, 'x'))).toContain('must be a duration');
});
