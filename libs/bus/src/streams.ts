import { ChainError, limits } from '@sheaf/primitives';
import {
  DiscardPolicy,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { topics, type Topic } from './bus.ts';

/** How much a topic's stream keeps, whichever is reached first; the oldest goes. A consumer that is further behind asks the truth. */
export const streamLimits = {
  ageMsMax: 3_600_000,
  bytesMax: 268_435_456,
  messagesMax: 100_000,
  /** Two messages with one id within this window are stored once. */
  duplicatesWindowMs: 120_000,
} as const;

/** JetStream's headers (the message id) count towards the message limit. */
const headerBytesMax = 1_024;

/** The largest body that one announcement can have; larger things are announced by reference. */
export const busBodyBytesMax = limits.busMessageBytesMax - headerBytesMax;

/** Names on the server. */
export const streamName = (prefix: string, topic: Topic): string => `${prefix}-${topic}`;
export const subjectName = (prefix: string, topic: Topic): string => `${prefix}.${topic}`;

/** Creates the topic's stream when it is missing. One that exists is left as its operator made it (replicas, limits). */
export async function ensureStream(manager: JetStreamManager, prefix: string, topic: Topic): Promise<StreamInfo> {
  const name = streamName(prefix, topic);
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    return await manager.streams.add(streamConfig(prefix, topic));
  } catch (error) {
    // Another process made it a moment ago, with other limits.
    if (error instanceof NatsError && /already in use/.test(error.message)) return manager.streams.info(name);
    throw error;
  }
}

export async function ensureStreams(manager: JetStreamManager, prefix: string): Promise<void> {
  for (const topic of topics) await ensureStream(manager, prefix, topic);
}

/** @throws ChainError `INVALID_ARGUMENT` unless the prefix can be part of a stream's name */
export function checkPrefix(prefix: string): void {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) return;
  const message = 'the stream prefix must be 1 to 64 letters, digits, _ or -';
  throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'streamPrefix', message });
}

function streamConfig(prefix: string, topic: Topic): Partial<StreamConfig> {
  return {
    name: streamName(prefix, topic),
    subjects: [subjectName(prefix, topic)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(streamLimits.ageMsMax),
    max_bytes: streamLimits.bytesMax,
    max_msgs: streamLimits.messagesMax,
    max_msg_size: limits.busMessageBytesMax,
    duplicate_window: nanos(streamLimits.duplicatesWindowMs),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.code === 404;
}
