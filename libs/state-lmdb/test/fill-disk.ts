// A process of the tests: commits blocks until the disk refuses one, and says in one line of JSON where it stands then,
// from what it still reads.
import { isChainError, toHeight } from '@sheaf/primitives';
import { emptyCodeHashBytes, PartitionState, type BlockChanges } from '@sheaf/state';
import { openLmdb } from '../src/index.ts';
import { addressOf } from './address-of.ts';

const state = new PartitionState(openLmdb({ dataDir: process.argv[2]! }), { pendingHeightsMin: 2 });

const block = (height: number): BlockChanges => ({
  accounts: Array.from({ length: 300 }, (_, n) => ({
    address: addressOf(1 + n * (height + 1)),
    account: { nonce: BigInt(height), balance: 7n, codeHash: emptyCodeHashBytes },
    storageWiped: false,
    slots: [],
  })),
  codes: new Map(),
});

for (let height = 0; ; height++) {
  try {
    state.commit(state.prepare(block(height)), { height: toHeight(height) });
    while (state.maintain());
  } catch (error) {
    if (!isChainError(error)) throw error;
    const head = String(state.head());
    const root = state.stateRoot();
    // What was prepared for this head can be prepared again: nothing of the failed commit is left in memory.
    const again = state.stateRoot(state.prepare({ accounts: [], codes: new Map() }).tops);
    if (again !== root) throw new Error('the state has changed with a commit that failed', { cause: error });
    console.log(JSON.stringify({ head, root, code: error.code, message: error.message }));
    process.exit(0);
  }
}
