import type { Fork } from '@sheaf/evm';
import { blobBaseFee, type BlobSchedule } from '@sheaf/ethereum';
import { FixtureError, isObject, readIndex, readQuantity } from './json.ts';

export const forks: readonly Fork[] = ['cancun', 'prague', 'osaka'];

/** The fork by the name that fixtures use; `undefined` for one that is not ours, and for transitions between forks. */
export function forkOf(name: string): Fork | undefined {
  return forks.find((fork) => fork === name.toLowerCase());
}

/** EIP-4844's price at the excess. @throws FixtureError beyond 2^256 wei, where the sum would not end in a lifetime */
export function blobPrice(excessBlobGas: bigint, schedule: BlobSchedule, field: string): bigint {
  const { baseFeeUpdateFraction: fraction } = schedule;
  // e^178 is above 2^256.
  if (fraction === 0n || excessBlobGas > 178n * fraction)
    throw new FixtureError(`${field} gives no blob price that a block can have`);
  return blobBaseFee(excessBlobGas, schedule);
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
