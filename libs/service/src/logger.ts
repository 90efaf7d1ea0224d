import pino from 'pino';

/** JSON lines on stdout: one object a line, `level` as a word, `time` in ISO 8601, the service and its version in each. */
export type Logger = pino.Logger;

/** Log bytes that may wait for a slow reader of stdout; beyond that lines are dropped and counted. */
const waitingBytesMax = 8 * 1024 * 1024;

export interface LogOutput {
  log: Logger;
  /** Lines dropped so far because the reader of stdout is slower than the log. */
  dropped(): number;
  /** Everything logged so far is written when this returns. */
  flush(): void;
}

/**
 * The log of a process. Writing never blocks the event loop, and a reader that has gone away (the supervisor was killed)
 * is not an error: the lines are lost, the service stops in order all the same.
 */
export function createLogger(options: { name: string; version: string; level: string }): LogOutput {
  let dropped = 0;
  const destination = pino.destination({ dest: 1, sync: false, maxLength: waitingBytesMax });
  destination.on('drop', () => void dropped++);
  destination.on('error', () => {});
  const log = pino(
    {
      level: options.level,
      base: { service: options.name, version: options.version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const flush = () => {
    try {
      destination.flushSync();
    } catch {
      // The reader is gone: there is nobody to tell.
    }
  };
  return { log, dropped: () => dropped, flush };
}
