import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { defaultDataDir } from '../config.ts';
import { defaultPortBase, portBaseMax } from '../devnet/layout.ts';

/** `--data-dir D`, absolute. */
export function dataDirOption(): Option {
  return new Option('--data-dir <dir>', 'directory of the chain, its keys and logs')
    .default(defaultDataDir(), '.sheaf/devnet in the checkout')
    .argParser((value) => resolve(value));
}

/** `--port-base N`. */
export function portBaseOption(): Option {
  return new Option('--port-base <port>', 'JSON-RPC port; internal ports are 555 to 570 above it').argParser(
    parsePortBase,
  );
}

function parsePortBase(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > portBaseMax)
    throw new InvalidArgumentError(`must be a number from 1 to ${portBaseMax}.`);
  return port;
}

export { defaultPortBase };
