import type { Host } from '@sheaf/evm';

/**
 * Where the state before a block comes from: synchronous and by bytes, so that it can be a trie, a partition's table or
 * a map. Answers do not change while a block runs. `notHere`: on another machine, and the transaction that needs it
 * stops and names it. What it hands over is not written to, and it does not keep what it is given.
 */
export type StateReader = Pick<Host, 'account' | 'storage' | 'code'>;
