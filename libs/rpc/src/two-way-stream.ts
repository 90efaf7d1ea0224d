import { ChainError, isChainError } from '@sheaf/primitives';
import { accept, type Decoded } from './decoded.ts';

/** One side of a stream in both directions. The end of one direction, by either side, ends the other. */
export interface TwoWayStream<In, Out> {
  /** Begins to read. Once, in the turn in which the stream was given out. */
  listen(listener: StreamListener<In>): void;
  /**
   * Hands an item over, to be encoded later: it must not change any more. `flushed` is called when its bytes have left for
   * the socket, never when the stream ends first. `false`: enough waits already; more is asked for by `drained`. After the
   * end nothing happens.
   */
  write(item: Out, flushed?: () => void): boolean;
  /**
   * Ends both directions; the listener hears nothing more. A server's error reaches the caller typed, after what was
   * written; a caller's end cancels what has not left yet.
   */
  end(error?: unknown): void;
}

/** What becomes of a stream. Never called from within `write` or `end`. */
export interface StreamListener<In> {
  /** The next item. What it throws ends the stream as `end` would, and is told to `ended`. */
  item(item: In): void;
  /** There is room again after a `write` that was `false`. */
  drained(): void;
  /**
   * Once, unless by the own `end`. Undefined: the server ended without an error, or the caller did, gave up or is gone, which
   * a server cannot tell apart.
   */
  ended(error: ChainError | undefined): void;
}

/** What differs between the sides. */
interface Side {
  /** What arrives, in the error for bytes that are no message. */
  what: 'request' | 'response';
  /** Ends the call, with the error for whoever can be told. */
  close(error: unknown): void;
}

/** What of a Duplex is used: grpc-js's own types are no Duplex to the compiler. */
interface RawStream {
  on(event: 'data', listener: (arrived: Decoded) => void): unknown;
  on(event: 'end' | 'drain' | 'error', listener: () => void): unknown;
  write(item: unknown, flushed: (error?: Error | null) => void): boolean;
  resume(): unknown;
}

/** The stream over grpc-js's, and `ended` for what the side learns of its end. */
export function openTwoWay(
  duplex: RawStream,
  side: Side,
): { stream: TwoWayStream<unknown, unknown>; ended(error: ChainError | undefined): void } {
  let listener: StreamListener<unknown> | undefined;
  let open = true;
  const finish = (error: unknown): boolean => {
    if (!open) return false;
    open = false;
    side.close(error);
    // What still arrives is thrown away, so that the call can end.
    duplex.resume();
    return true;
  };
  const ended = (error: ChainError | undefined) => {
    if (finish(error)) listener?.ended(error);
  };
  // A stream that is destroyed with writes under way reports them; its end was or will be told by the side.
  duplex.on('error', () => {});
  duplex.on('end', () => ended(undefined));
  duplex.on('drain', () => {
    if (open) listener?.drained();
  });
  const stream: TwoWayStream<unknown, unknown> = {
    listen(given) {
      listener = given;
      duplex.on('data', (arrived) => {
        if (!open) return;
        try {
          given.item(accept(arrived, side.what));
        } catch (error) {
          if (finish(error)) given.ended(asChainError(error));
        }
      });
    },
    write: (item, flushed) =>
      open &&
      duplex.write(item, (error) => {
        if (!error && open) flushed?.();
      }),
    end: (error) => void finish(error),
  };
  return { stream, ended };
}

function asChainError(cause: unknown): ChainError {
  if (isChainError(cause)) return cause;
  return new ChainError({ code: 'INTERNAL', message: 'what arrived could not be handled' }, { cause });
}
