import type { Height } from '@sheaf/primitives';
import { RpcError, rpcCodes } from '../errors.ts';
import type { BlockIndex, IndexedBlock } from '../ports.ts';
import type { Heads } from './heads.ts';
import type { BlockRef } from './params.ts';

/**
 * The height that a reference means, `undefined` when it is above the indexed head or an unknown hash. `pending` is `latest`: a payload is
 * sealed as soon as there is work, so there is no state ahead of the head to read.
 */
export async function findHeight(
  ref: BlockRef,
  deps: { heads: Heads; index: BlockIndex },
): Promise<Height | undefined> {
  const head = deps.heads.latest().header.number;
  if ('hash' in ref) {
    const height = await deps.index.heightOf(ref.hash);
    return height !== undefined && height <= head ? height : undefined;
  }
  if ('height' in ref) return ref.height <= head ? ref.height : undefined;
  switch (ref.tag) {
    case 'latest':
    case 'pending':
      return head;
    case 'earliest':
      return 0n as Height;
    case 'safe':
      return deps.heads.safe().height;
    case 'finalized':
      return deps.heads.finalized().height;
  }
}

/** As `findHeight`. @throws RpcError -32000 `header not found`, geth's words for a state that is not there */
export async function resolveHeight(ref: BlockRef, deps: { heads: Heads; index: BlockIndex }): Promise<Height> {
  const height = await findHeight(ref, deps);
  if (height === undefined) throw new RpcError(rpcCodes.server, 'header not found');
  return height;
}

/** The block that a reference means; the head comes from memory. */
export async function findBlock(
  ref: BlockRef,
  deps: { heads: Heads; index: BlockIndex },
): Promise<IndexedBlock | undefined> {
  const height = await findHeight(ref, deps);
  if (height === undefined) return undefined;
  const latest = deps.heads.latest();
  return latest.header.number === height ? latest : await deps.index.blockByHeight(height);
}
