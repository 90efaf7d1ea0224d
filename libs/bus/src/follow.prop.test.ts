// Goal: whatever happens to announcements, fetches and applies, every height is applied exactly once and in order.
// Method: fast-check draws a chain, what becomes of each announcement (lost, doubled, swapped, garbled, without value) and which calls fail;
// an in-memory bus delivers them. The last announcement may be lost too: polling must find it.
import fc from 'fast-check';
import pino from 'pino';
import { ChainError } from '@sheaf/primitives';
import { waitFor } from '@sheaf/testing';
import type { Bus } from './bus.ts';
import { follow, followRanges, type HeightRange } from './follow.ts';

const log = pino({ level: 'silent' });
const timing = { pollMs: 3, retryMs: { min: 1, max: 2 } };

interface MemoryBus extends Bus {
  announce(body: object): void;
  subscribers(): number;
}

function memoryBus(): MemoryBus {
  const handlers = new Set<(message: { body: Uint8Array; sequence: number }) => void | Promise<void>>();
  let sequence = 0;
  return {
    announce(body) {
      sequence += 1;
      for (const handler of handlers) void handler({ body: Buffer.from(JSON.stringify(body)), sequence });
    },
    subscribers: () => handlers.size,
    publish: () => Promise.reject(new Error('not used')),
    subscribe(_topic, handler) {
      handlers.add(handler);
      return Promise.resolve({ stop: () => Promise.resolve(void handlers.delete(handler)) });
    },
    ready: () => true,
    close: () => Promise.resolve(),
  };
}

const fates = ['whole', 'whole', 'bare', 'lost', 'doubled', 'late', 'garbled'] as const;

/** One entry a height; `failures` are consumed in turn by the calls of fetch, head and apply. */
const scenario = fc.record({
  announcements: fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 40 }),
  failures: fc.array(fc.constantFrom('none', 'none', 'NOT_FOUND', 'UNAVAILABLE', 'bug'), { maxLength: 30 }),
  /** Heights that existed before following began. */
  before: fc.nat({ max: 10 }),
  startOffset: fc.nat({ max: 5 }),
  width: fc.integer({ min: 1, max: 4 }),
});

function failing(outcomes: string[]) {
  const left = [...outcomes];
  return (): void => {
    const outcome = left.shift() ?? 'none';
    if (outcome === 'NOT_FOUND') throw new ChainError({ code: 'NOT_FOUND', message: 'not yet' });
    if (outcome === 'UNAVAILABLE') throw new ChainError({ code: 'UNAVAILABLE', message: 'away' });
    if (outcome === 'bug') throw new Error('boom');
  };
}

/** Lets the follower run between announcements, so that they meet it in every state. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('follow applies every height once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ announcements, failures, before, startOffset }) => {
      const bus = memoryBus();
      const fail = failing(failures);
      let head = BigInt(before);
      const first = BigInt(Math.min(startOffset, before)) + 1n;
      const applied: [bigint, string][] = [];
      const follower = follow<string>(
        { topic: 'blocks', next: first, ...timing },
        {
          bus,
          log,
          decode(body) {
            const { height, value } = JSON.parse(Buffer.from(body).toString()) as { height: string; value?: string };
            return { height: BigInt(height), value };
          },
          fetch: async (height) => {
            await turn();
            fail();
            if (height > head) throw new ChainError({ code: 'NOT_FOUND', message: 'beyond the head' });
            return `value ${height}`;
          },
          head: async () => {
            await turn();
            fail();
            return head;
          },
          apply: async (height, value) => {
            await turn();
            fail();
            applied.push([height, value]);
          },
        },
      );
      await follower.start();
      const late: object[] = [];
      for (const fate of announcements) {
        head += 1n;
        const whole = { height: String(head), value: `value ${head}` };
        if (fate === 'garbled') bus.announce({ height: 'garbled' });
        else if (fate === 'bare') bus.announce({ height: String(head) });
        else if (fate === 'late') late.push(whole);
        else if (fate !== 'lost') bus.announce(whole);
        if (fate === 'doubled') bus.announce(whole);
        if (late.length > 2)
          late
            .splice(0)
            .reverse()
            .forEach((body) => bus.announce(body));
        await turn();
      }
      await waitFor(() => follower.next() === head + 1n, { what: `height ${head}` });
      expect(follower.lag()).toBe(0n);
      late.forEach((body) => bus.announce(body));
      await turn();
      await follower.stop();
      expect(bus.subscribers()).toBe(0);
      const heights = Array.from({ length: Number(head - first + 1n) }, (_, index) => first + BigInt(index));
      expect(applied).toEqual(heights.map((height) => [height, `value ${height}`]));
    }),
    { numRuns: 100 },
  );
});

test.each([true, false])('followRanges covers every height once and in order (with a head: %s)', async (withHead) => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ announcements, failures, startOffset, width }) => {
      const bus = memoryBus();
      const fail = failing(failures);
      const ranges: HeightRange<string>[] = [];
      const applied: HeightRange<string>[] = [];
      const next = BigInt(startOffset) + 1n;
      const follower = followRanges<string>(
        { topic: 'certificates', next, ...timing },
        {
          bus,
          log,
          decode(body) {
            const wire = JSON.parse(Buffer.from(body).toString()) as { first: string; last: string; value?: string };
            return { first: BigInt(wire.first), last: BigInt(wire.last), value: wire.value };
          },
          fetch: async (height) => {
            await turn();
            fail();
            return ranges.find((range) => range.first <= height && height <= range.last);
          },
          ...(withHead ? { head: () => Promise.resolve(ranges.at(-1)?.last ?? 0n) } : {}),
          apply: async (first, last, value) => {
            await turn();
            fail();
            applied.push({ first, last, value });
          },
        },
      );
      await follower.start();
      for (const [index, fate] of announcements.entries()) {
        const first = (ranges.at(-1)?.last ?? 0n) + 1n;
        const last = first + BigInt(index % width);
        ranges.push({ first, last, value: `${first}-${last}` });
        const wire = { first: String(first), last: String(last) };
        if (fate === 'bare') bus.announce(wire);
        else if (fate === 'whole' || fate === 'doubled') bus.announce({ ...wire, value: `${first}-${last}` });
        await turn();
      }
      const wanted = ranges.filter((range) => range.last >= next);
      await waitFor(() => applied.length >= wanted.length, { what: `${wanted.length} ranges` });
      await follower.stop();
      expect(applied).toEqual(wanted);
    }),
    { numRuns: 50 },
  );
});

test('stop waits for a running apply and abandons a fetch that hangs', async () => {
  const bus = memoryBus();
  let release: () => void = () => undefined;
  const steps: string[] = [];
  const follower = follow<number>(
    { topic: 'payloads', next: 1n, ...timing },
    {
      bus,
      log,
      decode: () => ({ height: 1n, value: 1 }),
      fetch: (height) => (height === 1n ? Promise.resolve(1) : new Promise(() => undefined)),
      head: () => Promise.resolve(2n),
      apply: async () => {
        steps.push('begun');
        await new Promise<void>((resolve) => (release = resolve));
        steps.push('ended');
      },
    },
  );
  await follower.start();
  await waitFor(() => steps.includes('begun'));
  const stopped = follower.stop().then(() => steps.push('stopped'));
  await turn();
  release();
  await stopped;
  expect(steps).toEqual(['begun', 'ended', 'stopped']);

  const hanging = follow<number>(
    { topic: 'payloads', next: 2n, ...timing },
    {
      bus,
      log,
      decode: () => ({ height: 2n, value: undefined }),
      fetch: () => new Promise(() => undefined),
      head: () => Promise.resolve(2n),
      apply: () => Promise.reject(new Error('nothing to apply')),
    },
  );
  await hanging.start();
  await waitFor(() => hanging.lag() === 1n);
  await hanging.stop();
  expect(hanging.next()).toBe(2n);
});

test('a bad announced value is replaced by a fetched one', async () => {
  const bus = memoryBus();
  const applied: string[] = [];
  let head = 0n;
  const follower = follow<string>(
    { topic: 'blocks', next: 1n, pollMs: 60_000, retryMs: timing.retryMs },
    {
      bus,
      log,
      decode: () => ({ height: 1n, value: 'forged' }),
      fetch: () => Promise.resolve('true'),
      head: () => Promise.resolve(head),
      apply: (_height, value) => {
        if (value === 'forged') return Promise.reject(new Error('hash does not match'));
        applied.push(value);
        return Promise.resolve();
      },
    },
  );
  await follower.start();
  head = 1n;
  bus.announce({});
  await waitFor(() => applied.length === 1);
  await follower.stop();
  expect(applied).toEqual(['true']);
});
