import { buildVersion, processEnvironment } from './config.ts';
import { explainFailure } from './explain-failure.ts';
import { createLifecycle } from './lifecycle.ts';
import { LogOutput } from './log-output.ts';
import { createLogger } from './logger.ts';
import { createRegistry, observe } from './metrics.ts';
import type { ServiceContext, ServiceDefinition } from './service.ts';
import type { Setting } from './setting.ts';
import { watchParent } from './watch-parent.ts';

interface CommonValues {
  adminHost: string;
  adminPort: number;
  logLevel: string;
  parentPid: number | undefined;
}

/**
 * Runs a service in this process from its environment, until SIGTERM, SIGINT, the end of `SHEAF_PARENT_PID` or a fatal error;
 * then stops it in order within 10 s. A second signal ends the process at once with exit code 130.
 *
 * `--help` prints the configuration reference and `--print-config` the effective configuration, secrets hidden.
 * A faulty configuration or a failing start is said on stderr, with exit code 1. The settings must contain `commonSettings`.
 */
export async function runService<S extends Record<string, Setting<unknown>>>(
  definition: ServiceDefinition<S>,
): Promise<void> {
  // A supervisor that was killed leaves broken pipes behind: that must not keep the service from stopping in order.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  if (process.argv.includes('--help'))
    return print(`${definition.name} ${buildVersion}\n\n${definition.config.reference()}`);
  const values = readConfig(definition);
  if (values === undefined) return;
  if (process.argv.includes('--print-config'))
    return print(JSON.stringify(definition.config.describe(values), null, 2));
  await run(definition, values);
}

type Values<S extends Record<string, Setting<unknown>>> = ReturnType<ServiceDefinition<S>['config']['parse']>;

function readConfig<S extends Record<string, Setting<unknown>>>(
  definition: ServiceDefinition<S>,
): Values<S> | undefined {
  try {
    return definition.config.parse(processEnvironment());
  } catch (error) {
    process.stderr.write(`${definition.name} cannot start: ${(error as Error).message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

async function run<S extends Record<string, Setting<unknown>>>(
  definition: ServiceDefinition<S>,
  values: Values<S>,
): Promise<void> {
  const common = values as unknown as CommonValues;
  const identity = { name: definition.name, version: buildVersion };
  const output = new LogOutput(1);
  const log = createLogger({ ...identity, level: common.logLevel }, output);
  const metrics = createRegistry(identity);
  const lifecycle = createLifecycle({
    log,
    drainLog: () => output.drain(),
    explain: (error) => explainFailure(error, definition.config.settings, values),
    name: definition.name,
  });
  observe(metrics, 'sheaf_ready', '1 while /readyz answers 200', () => Number(lifecycle.health().ready));
  observe(metrics, 'sheaf_log_lines_dropped', 'Log lines lost to a slow reader of stdout', () => output.dropped());

  process.on('SIGTERM', () => lifecycle.signal('SIGTERM'));
  process.on('SIGINT', () => lifecycle.signal('SIGINT'));
  process.on('uncaughtException', (error) => lifecycle.fatal(error));
  process.on('unhandledRejection', (reason) => lifecycle.fatal(reason));
  if (common.parentPid !== undefined)
    watchParent(common.parentPid, () => lifecycle.stop('the supervising process is gone'));

  const context = { ...identity, config: values, log, metrics, fatal: lifecycle.fatal };
  log.info({ config: definition.config.describe(values), pid: process.pid }, 'starting');
  await lifecycle.start({ host: common.adminHost, port: common.adminPort }, metrics, () =>
    definition.create(context as unknown as ServiceContext<never>),
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
