import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Bus } from './bus.ts';

export declare function connectBus(
  options: { url: string; streamPrefix: string; name: string },
  deps: { log: Logger; metrics?: Registry },
): Promise<Bus>;
