import { ChainError } from '@sheaf/primitives';
import { wire, type laneV1 } from '@sheaf/proto';
import type { LaneLimits } from '../lane-limits.ts';
import { refuseOver } from './lane-outbox.ts';

/** Joins what one peer's outbox cut. */
export interface LaneInbox {
  /** @throws ChainError `INVALID_ARGUMENT` when a piece is out of place */
  messages(value: laneV1.LaneMessages): readonly Uint8Array[];
  /** The message that is whole with this piece. @throws ChainError `INVALID_ARGUMENT`, `LIMIT` */
  chunk(value: laneV1.LaneChunk): Uint8Array | undefined;
}

export function createInbox(limits: LaneLimits): LaneInbox {
  /** Of the message that is not whole yet. */
  let parts: Uint8Array[] = [];
  let bytes = 0;
  return {
    messages({ bodies }) {
      if (parts.length > 0) throw misplaced('frame.messages', 'must not come between the pieces of a message');
      wire.list(bodies, { min: 1, max: Infinity }, 'frame.messages.bodies');
      return bodies.map(plain);
    },
    chunk({ part, first, last }) {
      const begun = parts.length > 0;
      if (first && begun) throw misplaced('frame.chunk.first', 'must not be set before the last piece of a message');
      if (!first && !begun) throw misplaced('frame.chunk.first', 'must be set on the first piece of a message');
      wire.bytes(part, { min: last ? 0 : limits.chunkBytesMin, max: Infinity }, 'frame.chunk.part');
      refuseOver(bytes + part.length, limits.messageBytesMax, 'a message');
      parts.push(part);
      bytes += part.length;
      if (!last) return undefined;
      const whole = Buffer.concat(parts, bytes);
      parts = [];
      bytes = 0;
      return plain(whole);
    },
  };
}

/** A Buffer's methods differ (its slice is a view): whoever gets messages has plain arrays. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function misplaced(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
