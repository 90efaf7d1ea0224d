import { PartitionState } from '@sheaf/state';
import { openLmdb } from '@sheaf/state-lmdb';
import { setImmediate } from 'node:timers/promises';

/** As apps/execution opens it. */
export const memberOptions = { branchBytesCachedMax: 256 * 2 ** 20 };

/** Opens the partition in the folder for the work, and closes it whatever happens. */
export async function withState<Result>(
  dataDir: string,
  work: (state: PartitionState) => Result | Promise<Result>,
): Promise<Result> {
  const kv = openLmdb({ dataDir });
  try {
    return await work(new PartitionState(kv, memberOptions));
  } finally {
    await kv.close();
  }
}

/** Afterwards there is nothing to maintain; `idle`: not even a little. Signals get their turn in between. */
export async function settle(state: PartitionState, options: { idle?: boolean } = {}): Promise<void> {
  while (state.maintain(options)) await setImmediate();
}
