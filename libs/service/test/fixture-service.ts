// A tiny service with one TCP port, that run-service.integration.test.ts bundles and runs as a process of its own.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import {
  closeInReverse,
  commonSettings,
  defineConfig,
  defineService,
  grpcSettings,
  runService,
  secret,
  setting,
} from '../src/index.ts';

const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  password: secret('SHEAF_PASSWORD', z.string().default('hunter2'), 'Shows that secrets are hidden'),
  mode: setting(
    'SHEAF_MODE',
    z.enum(['normal', 'stuck stop', 'slow start', 'crash', 'fatal', 'reject']).default('normal'),
    'How it behaves',
  ),
  journal: setting('SHEAF_JOURNAL', z.string().optional(), 'File that gets a line for every part that closes'),
});

const fixture = defineService({
  name: 'fixture',
  config,
  create({ config, log, fatal }) {
    const open = closeInReverse();
    const part = (name: string, close: () => unknown = () => {}) =>
      open.add(name, async () => {
        await close();
        log.info({ part: name }, 'closed');
        if (config.journal !== undefined) appendFileSync(config.journal, `${name}\n`);
      });
    return {
      async start() {
        part('first');
        if (config.mode === 'reject') throw new Error('the moon is in the wrong house\nsecond line');
        if (config.mode === 'slow start') await new Promise(() => {});
        const server = createServer();
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject).listen(config.grpcPort, config.grpcHost, resolve);
        });
        part('server', () => new Promise((resolve) => server.close(resolve)));
        part('last', () => (config.mode === 'stuck stop' ? new Promise(() => {}) : undefined));
        if (config.mode === 'crash') setImmediate(() => void Promise.reject(new Error('a bug')));
        if (config.mode === 'fatal') setImmediate(() => fatal(new Error('disk gone')));
      },
      stop: () => open.closeAll(),
      health: () => ({ ready: true, checks: { server: { ok: true } } }),
    };
  },
});

void runService(fixture);
