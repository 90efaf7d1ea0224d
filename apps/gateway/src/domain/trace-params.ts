// The options of `debug_trace…`: execution-apis' TraceConfig, with the two native tracers of geth's that are made here.
import { invalidParams } from '../errors.ts';
import type { StateOverride, TraceOptions, Tracer } from '../ports.ts';
import { boolean, count, maybe, noBlockOverrides, object, stateOverrides, type Parse } from './params.ts';

const configFields = [
  ...['tracer', 'tracerConfig', 'timeout', 'reexec'],
  ...['enableMemory', 'disableMemory', 'disableStack', 'disableStorage', 'enableReturnData', 'disableReturnData'],
  ...['debug', 'limit'],
];
const callFields = ['stateOverrides', 'blockOverrides'];
const uint32Max = 2n ** 32n - 1n;
const nanosecondsPer: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** When nothing is said: every instruction with stack and storage. */
export const defaultTrace: TraceOptions = {
  tracer: { kind: 'struct', stack: true, storage: true, memory: false, returnData: false, stepsMax: 0 },
  timeoutMs: 0,
};

export const traceConfig: Parse<TraceOptions> = (value, path) => optionsOf(object(value, path, configFields), path);

/** Of `debug_traceCall`: with the state overrides of `eth_call`. */
export const callTraceConfig: Parse<TraceOptions & { overrides: StateOverride[] }> = (value, path) => {
  const fields = object(value, path, [...configFields, ...callFields]);
  maybe(fields, 'blockOverrides', noBlockOverrides, path);
  return { ...optionsOf(fields, path), overrides: maybe(fields, 'stateOverrides', stateOverrides, path) ?? [] };
};

/** Go's: `1m30s`, `300ms`, `1.5s`. Whole milliseconds, at least one, at most an hour. */
export const duration: Parse<number> = (value, path) => {
  const refuse = () => invalidParams(path, 'must be a duration such as 5s or 300ms, above 0 and at most 1h');
  if (typeof value !== 'string' || !/^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h)){1,6}$/.test(value)) throw refuse();
  let nanoseconds = 0;
  for (const [, number, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    nanoseconds += Number(number) * nanosecondsPer[unit!]!;
  }
  if (nanoseconds === 0 || nanoseconds > nanosecondsPer['h']!) throw refuse();
  return Math.ceil(nanoseconds / 1e6);
};

function optionsOf(fields: Record<string, unknown>, path: string): TraceOptions {
  // geth's, for nodes that keep no old states; here a state is kept or it is not.
  maybe(fields, 'reexec', count, path);
  return { tracer: tracerOf(fields, path), timeoutMs: maybe(fields, 'timeout', duration, path) ?? 0 };
}

function tracerOf(fields: Record<string, unknown>, path: string): Tracer {
  const name = maybe(fields, 'tracer', tracerName, path) ?? '';
  const flag = (of: Record<string, unknown>, key: string, at: string) => maybe(of, key, boolean, at) ?? false;
  const own = (known: readonly string[]) =>
    maybe(fields, 'tracerConfig', (value, at) => object(value, at, known), path) ?? {};
  const at = `${path}.tracerConfig`;
  switch (name) {
    case 'callTracer': {
      const config = own(['onlyTopCall', 'withLog']);
      return { kind: 'call', onlyTopCall: flag(config, 'onlyTopCall', at), withLog: flag(config, 'withLog', at) };
    }
    case 'prestateTracer':
      return { kind: 'prestate', diffMode: flag(own(['diffMode']), 'diffMode', at) };
    case '': {
      own([]);
      flag(fields, 'debug', path);
      const memory = flag(fields, 'enableMemory', path) && !flag(fields, 'disableMemory', path);
      const returnData = flag(fields, 'enableReturnData', path) && !flag(fields, 'disableReturnData', path);
      return {
        kind: 'struct',
        stack: !flag(fields, 'disableStack', path),
        storage: !flag(fields, 'disableStorage', path),
        memory,
        returnData,
        stepsMax: Number(maybe(fields, 'limit', limit, path) ?? 0n),
      };
    }
  }
}

const tracerName: Parse<'callTracer' | 'prestateTracer' | ''> = (value, path) => {
  if (value === 'callTracer' || value === 'prestateTracer' || value === '') return value;
  throw invalidParams(path, 'must be callTracer, prestateTracer or absent: other tracers, JavaScript too, are not run');
};

const limit: Parse<bigint> = (value, path) => {
  const steps = count(value, path);
  if (steps > uint32Max) throw invalidParams(path, 'must be below 2^32');
  return steps;
};
