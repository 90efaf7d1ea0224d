import { z } from 'zod';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof levels)[number];

/** A whole number in decimal, without sign, spaces or exponent, between both bounds. */
function whole(min: number, max: number, what: string): z.ZodType<number> {
  return text(`${what} from ${min} to ${max}`, (value) => {
    if (!/^\d{1,15}$/.test(value)) return undefined;
    const number = Number(value);
    return number >= min && number <= max ? number : undefined;
  });
}

/** A schema that accepts the texts for which `read` gives a value, and otherwise says what it must be. */
function text<T>(what: string, read: (value: string) => T | undefined): z.ZodType<T> {
  return z.string({ error: `must be ${what}` }).transform((value, context): T => {
    const parsed = read(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `must be ${what}` });
    return z.NEVER;
  });
}

const namePattern =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/;

function isHost(value: string): boolean {
  return namePattern.test(value) || /^[0-9a-fA-F:]{2,45}$/.test(value);
}

/** `host:port`, the port 1 to 65535; an IPv6 host in brackets. */
function isAddress(value: string): boolean {
  const match = /^(?:\[([0-9a-fA-F:]{2,45})\]|([^:[\]]+)):(\d{1,5})$/.exec(value);
  if (!match) return false;
  const port = Number(match[3]);
  return port >= 1 && port <= 65_535 && isHost((match[1] ?? match[2])!);
}

const addressesMax = 128;

/** Schemas that read the text of one variable. Add `.default(value)` or `.optional()` when it may be missing. */
export const env = {
  /** 0 to 65535; 0 takes a free port. */
  port: () => whole(0, 65_535, 'a port: a whole number'),
  /** A whole number between the bounds, both included. */
  integer: (min: number, max: number) => whole(min, max, 'a whole number'),
  /** Milliseconds between the bounds, both included. */
  durationMs: (min: number, max: number) => whole(min, max, 'a whole number of milliseconds'),
  /** A name or an IP address, without port. */
  host: () => text('a host name or an IP address', (value) => (isHost(value) ? value : undefined)),
  /** `host:port`. */
  address: () => text('host:port', (value) => (isAddress(value) ? value : undefined)),
  /** `host:port,host:port,…` in order; 1 to 128. */
  addresses: () =>
    text(`1 to ${addressesMax} of host:port, separated by commas`, (value) => {
      const list = value.split(',').map((part) => part.trim());
      return list.length <= addressesMax && list.every(isAddress) ? list : undefined;
    }),
  /** A path of a file or a folder; whether it exists is for its user to find out. */
  file: () =>
    text('a path of 1 to 4096 characters', (value) => (value.length <= 4096 && value !== '' ? value : undefined)),
  /** A URL with one of the protocols, each without colon: `['postgres', 'postgresql']`. */
  url: (protocols: readonly string[]) =>
    text(`a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`, (value) =>
      URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined,
    ),
  /** `true` or `false`. */
  boolean: () => text('true or false', (value) => (value === 'true' ? true : value === 'false' ? false : undefined)),
  /** A level of the log. */
  level: () => text(levels.join(', '), (value) => levels.find((level) => level === value)),
};
