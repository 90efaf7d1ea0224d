// Goal: what one peer's outbox packs, the other's inbox unpacks as it was; what no outbox would send, and what is too much, is refused.
// Method: both without a stream between them, at small limits; frames by hand.
import type { ChainError } from '@sheaf/primitives';
import type { laneV1 } from '@sheaf/proto';
import * as fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { laneLimits, type LaneLimits } from '../lane-limits.ts';
import { createInbox } from './lane-inbox.ts';
import { createOutbox } from './lane-outbox.ts';

const limits = { ...laneLimits, frameBytesMax: 300, chunkBytesMin: 10, messageBytesMax: 1_000, queueBytesMax: 3_000 };
const body = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const chunk = (bytes: number, first: boolean, last: boolean): laneV1.LaneChunk => ({
  part: Buffer.alloc(bytes),
  first,
  last,
});

/** An outbox over a stream that has room for so many frames until it is drained. */
function outboxWith(room = Infinity, used: LaneLimits = limits) {
  const frames: laneV1.LaneFrame[] = [];
  const flushes: (() => void)[] = [];
  let left = room;
  const outbox = createOutbox(used, (frame, flushed) => {
    frames.push(frame);
    flushes.push(flushed);
    return --left > 0;
  });
  const drain = () => {
    left = room;
    flushes.splice(0).forEach((flushed) => flushed());
    outbox.drained();
  };
  return { outbox, frames, drain };
}

function unpack(frames: readonly laneV1.LaneFrame[]): Uint8Array[] {
  const inbox = createInbox(limits);
  return frames.flatMap(({ frame }) => {
    if (frame?.$case === 'messages') return inbox.messages(frame.value);
    if (frame?.$case !== 'chunk') throw new Error('no such frame is sent');
    const whole = inbox.chunk(frame.value);
    return whole ? [whole] : [];
  });
}

test('messages of one turn share a frame, and those of the next have another', async () => {
  const { outbox, frames } = outboxWith();
  outbox.push(body(5));
  outbox.push(body(0));
  expect(frames).toHaveLength(0);
  await setImmediate();
  outbox.push(body(6));
  await setImmediate();
  expect(frames.map(({ frame }) => frame?.$case)).toEqual(['messages', 'messages']);
  expect(unpack(frames)).toEqual([body(5), body(0), body(6)]);
});

test('whatever is pushed, whenever there is room, arrives in order and whole', async () => {
  const step = fc.oneof(fc.record({ length: fc.integer({ min: 0, max: 950 }) }), fc.constant('drain' as const));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, room) => {
      const { outbox, frames, drain } = outboxWith(room);
      const pushed: Uint8Array[] = [];
      for (const [index, one] of steps.entries()) {
        if (one === 'drain') {
          await setImmediate();
          drain();
        } else if (outbox.queuedBytes() + one.length + limits.messageOverheadBytes <= limits.queueBytesMax) {
          pushed.push(body(one.length, index));
          outbox.push(pushed.at(-1)!);
        }
      }
      await setImmediate();
      while (outbox.blocked() || outbox.queuedBytes() > 0) drain();
      expect(unpack(frames)).toEqual(pushed);
      expect(outbox.queuedBytes()).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('a queue that never empties keeps its order', async () => {
  const { outbox, frames, drain } = outboxWith(1, { ...limits, queueBytesMax: 1e9 });
  const pushed = Array.from({ length: 5_000 }, (_, index) => Uint8Array.of(index >> 8, index & 255));
  for (const one of pushed) {
    outbox.push(one);
    if (one[1]! % 8 !== 0) continue;
    await setImmediate();
    drain();
  }
  while (outbox.queuedBytes() > 0) drain();
  expect(unpack(frames)).toEqual(pushed);
});

test('nothing is written while there is no room, and more than the queue is LIMIT', async () => {
  const { outbox, frames, drain } = outboxWith(1);
  const push = () => outbox.push(body(900));
  for (let count = 0; count < 3; count++) push();
  await setImmediate();
  expect(frames).toHaveLength(1);
  expect(push).toThrow(expect.objectContaining({ code: 'LIMIT' }) as ChainError);
  drain();
  expect(frames).toHaveLength(2);
  outbox.clear();
  drain();
  expect(frames).toHaveLength(2);
  expect(outbox.queuedBytes()).toBe(0);
});

test('a message over the limit is LIMIT on the way out and on the way in', () => {
  const { outbox } = outboxWith();
  outbox.push(body(1_000));
  expect(() => outbox.push(body(1_001))).toThrow(expect.objectContaining({ code: 'LIMIT' }) as ChainError);
  const inbox = createInbox(limits);
  inbox.chunk(chunk(600, true, false));
  expect(() => inbox.chunk(chunk(401, false, true))).toThrow(expect.objectContaining({ code: 'LIMIT' }) as ChainError);
});

test.each<[string, laneV1.LaneChunk[], string]>([
  ['a piece without a first', [chunk(20, false, true)], 'frame.chunk.first'],
  ['a first within a message', [chunk(20, true, false), chunk(20, true, true)], 'frame.chunk.first'],
  ['a piece that is too short', [chunk(9, true, false)], 'frame.chunk.part'],
])('%s is refused', (_, chunks, field) => {
  const inbox = createInbox(limits);
  expect(() => chunks.forEach((one) => inbox.chunk(one))).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ field }) as unknown }) as ChainError,
  );
});

test('messages within a message, and a frame of none, are refused', () => {
  const inbox = createInbox(limits);
  expect(() => inbox.messages({ bodies: [] })).toThrow('frame.messages.bodies');
  inbox.chunk(chunk(20, true, false));
  expect(() => inbox.messages({ bodies: [Buffer.alloc(1)] })).toThrow('frame.messages');
});
