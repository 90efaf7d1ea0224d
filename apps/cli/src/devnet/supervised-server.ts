import { setTimeout as pause } from 'node:timers/promises';
import type { RunningServer } from '@sheaf/testing';
import { messageOf } from '../errors.ts';

export interface SupervisedServer {
  readonly name: string;
  readonly url: string;
  pid(): number | undefined;
  ready(): boolean;
  restarts(): number;
  /** Clean stop; it is not started again. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL; it is not started again. */
  kill(): void;
}

const backoffMsMin = 200;
const backoffMsMax = 5_000;

/** Starts PostgreSQL or NATS through its launcher and starts it again, on the same port and directory, whenever it ends. */
export async function superviseServer(
  name: string,
  start: () => Promise<RunningServer>,
  deps: { report: (sentence: string) => void },
): Promise<SupervisedServer> {
  let server: RunningServer | undefined = await start();
  const { url } = server;
  let stopping = false;
  let restarts = 0;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async (): Promise<void> => {
    for (let backoffMs = backoffMsMin; !stopping && !server; backoffMs = Math.min(backoffMs * 2, backoffMsMax)) {
      await pause(backoffMs);
      if (stopping) return;
      try {
        server = await start();
        restarts++;
        watch(server);
      } catch (error) {
        deps.report(`${name} does not start (${messageOf(error)}); trying again`);
      }
    }
  };
  const watch = (watched: RunningServer): void => {
    void watched.exited.then(({ code, signal }) => {
      if (stopping || server !== watched) return;
      server = undefined;
      deps.report(`${name} ${signal ? `was killed by ${signal}` : `ended with exit code ${code}`}; starting it again`);
      restarting = restart();
    });
  };
  watch(server);

  return {
    name,
    url,
    pid: () => server?.pid,
    ready: () => server !== undefined,
    restarts: () => restarts,
    async stop() {
      stopping = true;
      await restarting;
      await server?.stop();
    },
    kill() {
      stopping = true;
      try {
        if (server) process.kill(server.pid, 'SIGKILL');
      } catch {
        // It ended in between.
      }
    },
  };
}
