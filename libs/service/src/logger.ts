import pino from 'pino';
import type { LogOutput } from './log-output.ts';

/** JSON lines on stdout: one object a line, `level` as a word, `time` in ISO 8601, the service and its version in each. */
export type Logger = pino.Logger;

/** The log of a process. */
export function createLogger(options: { name: string; version: string; level: string }, output: LogOutput): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.name, version: options.version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
}
