import type { Fork } from '@sheaf/evm';
import type { BlobSchedule } from '@sheaf/ethereum';
import { isObject, readIndex, readQuantity } from './json.ts';

export const forks: readonly Fork[] = ['cancun', 'prague', 'osaka'];

/** The fork by the name that fixtures use; `undefined` for one that is not ours, and for transitions between forks. */
export function forkOf(name: string): Fork | undefined {
  return forks.find((fork) => fork === name.toLowerCase());
}

/** What `config.blobSchedule` says for the fork; `undefined` when it says nothing. @throws FixtureError */
export function readBlobSchedule(config: unknown, fork: Fork): BlobSchedule | undefined {
  const schedules = isObject(config) ? config['blobSchedule'] : undefined;
  const name = fork[0]!.toUpperCase() + fork.slice(1);
  const own = isObject(schedules) ? (schedules[name] ?? schedules[fork]) : undefined;
  if (!isObject(own)) return undefined;
  const field = `config.blobSchedule.${name}`;
  return {
    target: readIndex(own['target'], `${field}.target`),
    max: readIndex(own['max'], `${field}.max`),
    baseFeeUpdateFraction: readQuantity(own['baseFeeUpdateFraction'], `${field}.baseFeeUpdateFraction`),
  };
}
