import { encodeHeader } from '@sheaf/ethereum';
import { ChainError, toHeight, type Height } from '@sheaf/primitives';
import { collectWitness, encodeWitness } from '@sheaf/state';
import type { Witness } from '@sheaf/state-transition';
import type { BlockStore } from '../ports.ts';

/**
 * The witness of a block that was executed, from what it read and the state before it.
 * @throws ChainError `NOT_FOUND` when that state is not kept any more, `DATA_LOSS`
 */
export function makeWitness(height: Height, store: BlockStore): Witness {
  store.refresh();
  const before = store.stateAt(toHeight(height - 1n));
  const reads = store.reads(height);
  if (reads === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `what block ${height} read is missing` });
  const headers = Array.from({ length: reads.ancestors }, (_, index) => {
    const header = store.header(toHeight(height - 1n - BigInt(index)));
    if (header === undefined)
      throw new ChainError({ code: 'DATA_LOSS', message: `a header below ${height} is missing` });
    return encodeHeader(header);
  });
  return { state: encodeWitness(collectWitness(before, reads.accessList)), headers };
}
