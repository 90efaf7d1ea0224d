import { notHere } from '@sheaf/evm';
import { toHeight } from '@sheaf/primitives';
import { PartitionState, type StateReader } from '@sheaf/state';
import { openLmdb } from '@sheaf/state-lmdb';
import { writeSync } from 'node:fs';
import { seededRandom } from '../../random.ts';
import { markKey, markTable, soakLimits } from './limits.ts';
import { blockAt, type StateView } from './workload.ts';

/** Goes on from the store's head until it is killed: each height is a line on stdout once it is committed. */
export function runChild(dataDir: string, seed: number): void {
  const state = new PartitionState(openLmdb({ dataDir, tables: [markTable] }), soakLimits);
  for (;;) {
    const height = commitNext(state, seed);
    // At once and in this thread: what is written into a pipe is read even when the writer is killed.
    writeSync(1, `${height}\n`);
    maintainSome(state, seed, height);
  }
}

/** The height that is committed now. */
export function commitNext(state: PartitionState, seed: number): bigint {
  const height = (state.head() ?? 0n) + 1n;
  const { changes, accessList } = blockAt(seed, height, ownedView(state));
  const mark = { table: markTable, key: markKey, value: markOf(height) };
  state.commit(state.prepare(changes), { height: toHeight(height), accessList, also: [mark] });
  return height;
}

/** Some steps, or none, so that it falls behind and catches up. */
export function maintainSome(state: PartitionState, seed: number, height: bigint): void {
  const random = seededRandom(seed, Number(height), 1);
  for (let step = random.below(6); step > 0; step--) state.maintain({ idle: random.oneIn(6) });
}

/** 8 bytes. */
export function markOf(height: bigint): Uint8Array {
  const mark = new Uint8Array(8);
  new DataView(mark.buffer).setBigUint64(0, height);
  return mark;
}

/** A reader that has every bucket. */
export function ownedView(state: StateReader): StateView {
  return {
    account: (address) => owned(state.account(address)),
    storage: (address, slot) => owned(state.storage(address, slot)),
  };
}

function owned<Value>(answer: Value | typeof notHere): Value {
  if (answer === notHere) throw new Error('assertion failed: a partition of all buckets lacks one');
  return answer;
}
