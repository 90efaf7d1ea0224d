import { ChainError } from '@sheaf/primitives';
import { pause } from '@sheaf/service';
import { connect, Events, NatsError, type JetStreamManager, type NatsConnection } from 'nats';
import type { Logger } from 'pino';
import { doubling } from './doubling.ts';
import { ensureStreams } from './streams.ts';

/** A connection to a suitable server. */
export interface Connected {
  connection: NatsConnection;
  manager: JetStreamManager;
}

/** The bus's one connection: made when the server comes, kept by the client library, checked again whenever it came back. */
export interface Link {
  /** The connection while it is up and the streams are there. */
  current(): Connected | undefined;
  /** Resolves with the connection as soon as there is one; undefined once the signal is aborted. */
  connected(signal: AbortSignal): Promise<Connected | undefined>;
  /** Calls back whenever the server vanished or came back: nothing about consumers may be assumed. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

const connectTimeoutMs = 2_000;
const reconnectWaitMs = 250;
const versionMin = [2, 9] as const;

/**
 * @throws ChainError `UNAVAILABLE` when a server is there and refuses us, is older than 2.9, or has no JetStream. A server that is
 * away is no error: connecting goes on in the background.
 */
export async function openLink(
  options: { url: string; streamPrefix: string; name: string },
  deps: { log: Logger },
): Promise<Link> {
  const link = createLink(options, deps);
  await link.firstTry();
  return link;
}

function createLink(options: { url: string; streamPrefix: string; name: string }, { log }: { log: Logger }) {
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  let connection: NatsConnection | undefined;
  let up: Connected | undefined;

  const change = (to: Connected | undefined): void => {
    up = to;
    for (const listener of [...listeners]) listener();
  };

  async function open(): Promise<void> {
    const opened = await connect(connectOptions(options));
    try {
      const manager = await qualify(opened, options.streamPrefix);
      connection = opened;
      void watch(opened, manager);
      change({ connection: opened, manager });
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async function watch(opened: NatsConnection, manager: JetStreamManager): Promise<void> {
    for await (const event of opened.status()) {
      if (closing.signal.aborted) return;
      if (event.type === Events.Disconnect) {
        log.warn({ url: safeUrl(options.url) }, 'NATS is away; reconnecting');
        change(undefined);
      } else if (event.type === Events.Reconnect) {
        await requalify(opened, manager);
      }
    }
    if (closing.signal.aborted) return;
    // The client library gives up when it is refused (credentials changed); we do not.
    connection = undefined;
    change(undefined);
    await keepTrying();
  }

  /** After a restart the server may be another one, or have lost its disk. */
  async function requalify(opened: NatsConnection, manager: JetStreamManager): Promise<void> {
    const waits = doubling({ min: 100, max: 2_000 });
    let told = false;
    while (!closing.signal.aborted && !opened.isClosed()) {
      try {
        await qualify(opened, options.streamPrefix, manager);
        log.info('NATS is back');
        return change({ connection: opened, manager });
      } catch (error) {
        if (!told) log.warn({ err: error }, 'NATS is back but not usable yet');
        told = true;
        await pause(waits.next(), closing.signal);
      }
    }
  }

  async function keepTrying(): Promise<void> {
    const waits = doubling({ min: reconnectWaitMs, max: 2_000 });
    let said: string | undefined;
    while (!closing.signal.aborted && connection === undefined) {
      await pause(waits.next(), closing.signal);
      if (closing.signal.aborted) return;
      try {
        await open();
        log.info('NATS is there');
      } catch (error) {
        const message = (error as Error).message;
        if (!isAway(error) && message !== said) log.error({ err: error }, 'NATS is there but not usable');
        said = message;
      }
    }
  }

  return {
    current: () => up,
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    connected(signal: AbortSignal): Promise<Connected | undefined> {
      if (up !== undefined || signal.aborted) return Promise.resolve(signal.aborted ? undefined : up);
      return new Promise((resolve) => {
        const settle = (): void => {
          if (up === undefined && !signal.aborted) return;
          listeners.delete(settle);
          signal.removeEventListener('abort', settle);
          resolve(signal.aborted ? undefined : up);
        };
        listeners.add(settle);
        signal.addEventListener('abort', settle);
      });
    },
    async firstTry(): Promise<void> {
      try {
        await open();
      } catch (error) {
        if (!isAway(error)) throw unusable(error, options.url);
        log.warn({ url: safeUrl(options.url) }, 'NATS is not there yet; waiting for it');
        void keepTrying();
      }
    },
    async close(): Promise<void> {
      closing.abort();
      change(undefined);
      await connection?.close();
    },
  };
}

/** Checks the version, JetStream, and the streams. */
async function qualify(
  connection: NatsConnection,
  streamPrefix: string,
  known?: JetStreamManager,
): Promise<JetStreamManager> {
  const version = connection.info?.version ?? '0.0.0';
  if (!isVersionEnough(version)) {
    const message = `NATS server ${version} is too old: ${versionMin.join('.')} or later is needed`;
    throw new ChainError({ code: 'UNAVAILABLE', message });
  }
  const manager = known ?? (await connection.jetstreamManager());
  await ensureStreams(manager, streamPrefix);
  return manager;
}

/** True for 2.9 and later; pre-release suffixes are ignored. */
export function isVersionEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
}

/** The URL's user information becomes options: `nats://token@host` or `nats://user:password@host`. */
function connectOptions({ url, name }: { url: string; name: string }) {
  const { username, password } = new URL(url);
  const credentials =
    username === ''
      ? {}
      : password === ''
        ? { token: decodeURIComponent(username) }
        : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return {
    servers: safeUrl(url),
    name,
    ...credentials,
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    reconnectJitter: reconnectWaitMs,
    pingInterval: 5_000,
    maxPingOut: 2,
  };
}

function safeUrl(url: string): string {
  return new URL(url).host;
}

/** No server answers, as opposed to one that answers and is not usable. */
function isAway(error: unknown): boolean {
  const code = error instanceof NatsError ? error.code : (error as NodeJS.ErrnoException).code;
  return [
    'CONNECTION_REFUSED',
    'CONNECTION_TIMEOUT',
    'CONNECTION_CLOSED',
    'DISCONNECT',
    'TIMEOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNRESET',
  ].includes(code ?? '');
}

function unusable(error: unknown, url: string): ChainError {
  if (error instanceof ChainError) return error;
  const message = `NATS at ${safeUrl(url)} is not usable: ${(error as Error).message}`;
  return new ChainError({ code: 'UNAVAILABLE', message }, { cause: error });
}
