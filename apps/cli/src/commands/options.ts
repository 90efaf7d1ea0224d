import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { defaultDataDir } from '../config.ts';
import { defaultLanes, defaultPartitions, lanesMax, partitionsMax } from '../devnet/lanes.ts';
import { defaultPortBase, portBaseMax } from '../devnet/layout.ts';

/** `--data-dir D`, absolute. */
export function dataDirOption(): Option {
  return new Option('--data-dir <dir>', 'directory of the chain, its keys and logs')
    .default(defaultDataDir(), '.sheaf/devnet in the checkout')
    .argParser((value) => resolve(value));
}

/** `--port-base N`. */
export function portBaseOption(): Option {
  return new Option(
    '--port-base <port>',
    'JSON-RPC port; internal ports are 555 to 570 above it, and two more for every execution member but the first',
  ).argParser(wholeNumber(portBaseMax));
}

/** `--partitions N`. */
export function partitionsOption(): Option {
  return new Option('--partitions <number>', `execution members that share one state, 1 to ${partitionsMax}`)
    .default(defaultPartitions)
    .argParser(wholeNumber(partitionsMax));
}

/** `--lanes L`. */
export function lanesOption(): Option {
  return new Option('--lanes <number>', `such groups of members, each executes every block, 1 to ${lanesMax}`)
    .default(defaultLanes)
    .argParser(wholeNumber(lanesMax));
}

/** Parses a number from 1 to `max`. */
function wholeNumber(max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < 1 || number > max)
      throw new InvalidArgumentError(`must be a number from 1 to ${max}.`);
    return number;
  };
}

export { defaultPortBase };
