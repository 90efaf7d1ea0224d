import { ChainError } from '@sheaf/primitives';
import { nearestNames } from './nearest-names.ts';
import type { Setting } from './setting.ts';

type Settings = Record<string, Setting<unknown>>;
type ValuesOf<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** The settings of one service, and how they are read from the environment. */
export interface ConfigDefinition<S extends Settings> {
  readonly settings: S;
  /**
   * Every setting's value. An empty variable counts as not set; a variable that begins with `SHEAF_` and is no setting is a fault.
   * @throws ChainError `INVALID_ARGUMENT` whose message has a line for each fault, beginning with the variable's name
   */
  parse(environment: NodeJS.ProcessEnv): ValuesOf<S>;
  /** The effective configuration by variable, as JSON can hold it; secrets read `[hidden]`, what is not set is null. */
  describe(values: ValuesOf<S>): Record<string, unknown>;
  /** The settings as a Markdown table: variable, default, what it is for. */
  reference(): string;
}

/** The values of a ConfigDefinition, or of a record of settings. */
export type ConfigValues<D> =
  D extends ConfigDefinition<infer S> ? ValuesOf<S> : D extends Settings ? ValuesOf<D> : never;

/** The definition of a service's configuration: every variable that it reads. @throws Error for a variable defined twice */
export function defineConfig<S extends Settings>(settings: S): ConfigDefinition<S> {
  const all = Object.entries(settings);
  const names = all.map(([, one]) => one.env);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${twice} is defined twice`);
  return {
    settings,
    parse(environment) {
      const faults: { name: string; fault: string }[] = [];
      const values: Record<string, unknown> = {};
      for (const [key, one] of all) {
        const result = one.parse(environment[one.env] === '' ? undefined : environment[one.env]);
        if (result.ok) values[key] = result.value;
        else faults.push({ name: one.env, fault: result.fault });
      }
      faults.push(...unknownVariables(environment, names));
      if (faults.length > 0) throw configurationError(faults);
      return values as ValuesOf<S>;
    },
    describe: (values) => Object.fromEntries(all.map(([key, one]) => [one.env, printable(one, values[key])])),
    reference() {
      const rows = all.map(([, one]) => `| ${one.env} | ${defaultText(one)} | ${one.doc.replaceAll('|', '\\|')} |`);
      return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
    },
  };
}

/** The environment of this process. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/** The version that the build wrote into the bundle; sources that run unbundled are `0.0.0`. */
export const buildVersion: string = process.env.SHEAF_VERSION ?? '0.0.0';

function unknownVariables(environment: NodeJS.ProcessEnv, names: string[]): { name: string; fault: string }[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('SHEAF_') && !names.includes(name))
    .sort()
    .map((name) => ({
      name,
      fault: `is not a setting of this service; nearest: ${nearestNames(name, names).join(', ')}`,
    }));
}

function configurationError(faults: { name: string; fault: string }[]): ChainError {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return new ChainError({
    code: 'INVALID_ARGUMENT',
    field: faults.map(({ name }) => name).join(','),
    message: [`the configuration has ${count}:`, ...faults.map(({ name, fault }) => `  ${name} ${fault}`)].join('\n'),
  });
}

function printable(one: Setting<unknown>, value: unknown): unknown {
  if (value === undefined) return null;
  if (one.secret) return '[hidden]';
  return typeof value === 'bigint' ? value.toString() : value;
}

function defaultText(one: Setting<unknown>): string {
  const result = one.parse(undefined);
  if (!result.ok) return 'required';
  const value = printable(one, result.value);
  return value === null ? 'not set' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
