/** What is announced. Announcements are distribution, never truth: whoever has truth keeps it in its own store. */
export type Topic = 'payloads' | 'certificates' | 'blocks' | 'finality';

/** Every topic, in the order of a block's life. */
export const topics: readonly Topic[] = ['payloads', 'certificates', 'blocks', 'finality'];

/** One announcement to be published. */
export interface BusMessage {
  /** Published twice within the duplicates window, it is stored once. 1 … 256 printable characters. */
  id: string;
  /** At most `busBodyBytesMax` bytes. */
  body: Uint8Array;
}

/** An announcement as a subscriber sees it. */
export interface BusDelivery {
  body: Uint8Array;
  /** Its place in the topic's stream; grows by one with every message until the stream is replaced. */
  sequence: number;
}

/** The sequences missed; both 0 when the stream was replaced and it is unknown what was missed. */
export interface BusGap {
  from: number;
  to: number;
}

/** A running subscription. */
export interface BusSubscription {
  /** Afterwards the handler is not called again, and a running call of it has ended. */
  stop(): Promise<void>;
}

/** The port through which services announce things to each other. */
export interface Bus {
  /**
   * Resolves once the server has stored the message (or had it already: `duplicate`).
   * @throws ChainError `INVALID_ARGUMENT` when id or body is out of bounds, `UNAVAILABLE` when the server did not acknowledge it in 5 s
   */
  publish(topic: Topic, message: BusMessage): Promise<{ sequence: number; duplicate: boolean }>;
  /**
   * Calls the handler with every message published from now on, one at a time and in order. A handler that throws is
   * logged, and its message is over. Lost connections, servers and streams are healed; what was lost on the way is
   * told to `onGap`. Does not fail when the server is away: it starts when the server comes.
   */
  subscribe(
    topic: Topic,
    handler: (message: BusDelivery) => void | Promise<void>,
    options?: { onGap?: (missed: BusGap) => void },
  ): Promise<BusSubscription>;
  /** True while connected to a suitable server that has the streams. */
  ready(): boolean;
  /** Stops every subscription and disconnects. */
  close(): Promise<void>;
}
