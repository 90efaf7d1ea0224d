import { ChainError } from '@sheaf/primitives';
import { toBuffer, type laneV1 } from '@sheaf/proto';
import type { LaneLimits } from '../lane-limits.ts';

/** Sent bodies before `head` are let go when there are so many. */
const lettingGo = 1_024;

/** What waits to be sent to one peer. */
export interface LaneOutbox {
  /** Leaves in this turn of the event loop or when there is room. @throws ChainError `LIMIT` when it is too long or too much waits */
  push(body: Uint8Array): void;
  /** The stream has room again. */
  drained(): void;
  /** The stream has no room. */
  blocked(): boolean;
  /** What has not left for the socket. */
  queuedBytes(): number;
  /** Nothing is sent any more. */
  clear(): void;
}

/**
 * Bodies in the order of `push` as frames of about `frameBytesMax`: short ones of one turn together, long ones in pieces.
 * `write` is the stream's.
 */
export function createOutbox(
  limits: LaneLimits,
  write: (frame: laneV1.LaneFrame, flushed: () => void) => boolean,
): LaneOutbox {
  let bodies: Uint8Array[] = [];
  let head = 0;
  /** Bytes of the first body that are in frames already. */
  let sent = 0;
  let queuedBytes = 0;
  let full = false;
  let scheduled = false;
  let cleared = false;

  function flush(): void {
    scheduled = false;
    while (!full && head < bodies.length) {
      const { frame, bytes } = next();
      full = !write(frame, () => void (queuedBytes -= bytes));
    }
    if (head === bodies.length) bodies = [];
    else if (head < lettingGo) return;
    else bodies = bodies.slice(head);
    head = 0;
  }

  function next(): { frame: laneV1.LaneFrame; bytes: number } {
    return bodies[head]!.length > limits.frameBytesMax ? nextChunk() : nextMessages();
  }

  function nextMessages(): { frame: laneV1.LaneFrame; bytes: number } {
    const joined: Buffer[] = [];
    let bytes = 0;
    for (; head < bodies.length; head++) {
      const body = bodies[head]!;
      const cost = body.length + limits.messageOverheadBytes;
      if (joined.length > 0 && bytes + cost > limits.frameBytesMax) break;
      joined.push(toBuffer(body));
      bytes += cost;
    }
    return { frame: { frame: { $case: 'messages', value: { bodies: joined } } }, bytes };
  }

  function nextChunk(): { frame: laneV1.LaneFrame; bytes: number } {
    const body = bodies[head]!;
    const part = body.subarray(sent, sent + limits.frameBytesMax);
    const value: laneV1.LaneChunk = {
      part: toBuffer(part),
      first: sent === 0,
      last: sent + part.length === body.length,
    };
    sent = value.last ? 0 : sent + part.length;
    if (value.last) head += 1;
    return {
      frame: { frame: { $case: 'chunk', value } },
      bytes: part.length + (value.last ? limits.messageOverheadBytes : 0),
    };
  }

  return {
    push(body) {
      if (cleared) return;
      refuseOver(body.length, limits.messageBytesMax, 'a message');
      const cost = body.length + limits.messageOverheadBytes;
      refuseOver(queuedBytes + cost, limits.queueBytesMax, 'the queue of a peer');
      queuedBytes += cost;
      bodies.push(body);
      if (scheduled || full) return;
      scheduled = true;
      setImmediate(flush);
    },
    drained() {
      full = false;
      if (!scheduled) flush();
    },
    blocked: () => full,
    queuedBytes: () => (cleared ? 0 : queuedBytes),
    clear() {
      cleared = true;
      bodies = [];
      head = 0;
    },
  };
}

/** @throws ChainError `LIMIT` */
export function refuseOver(bytes: number, max: number, what: string): void {
  if (bytes <= max) return;
  throw new ChainError({ code: 'LIMIT', message: `${what} has ${bytes} bytes; at most ${max}`, retryAfterMs: 0 });
}
