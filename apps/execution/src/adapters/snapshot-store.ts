import { headerHash } from '@sheaf/ethereum';
import { concatBytes, hexToBytes, isChainError, toHeight, zeroHash } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { decodeManifest, encodeManifest, SnapshotImport, type SnapshotManifest, type Write } from '@sheaf/state';
import type { LmdbKeyValue } from '@sheaf/state-lmdb';
import { genesis } from '@sheaf/state-transition';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotCompanions, SnapshotStore } from '../snapshot-ports.ts';
import { blockRows, headerRows, heightKey, memberKey, openMemberDatabase, tables } from './block-store.ts';

/** What LMDB has in a directory. */
const files = ['data.mdb', 'lock.mdb'];

/**
 * The data directory of a member before it has a state. Only the last write of a snapshot makes it one that `openBlockStore` opens:
 * whatever a crash leaves before that is gone on with or thrown away.
 * @throws ChainError `UNAVAILABLE` when it cannot be used
 */
export function openSnapshotStore(dataDir: string, spec: ChainSpec): SnapshotStore {
  let kv: LmdbKeyValue = openMemberDatabase(dataDir);
  const load = (manifest: SnapshotManifest): SnapshotImport => {
    kv.write([{ table: tables.member, key: memberKey.importing, value: encodeManifest(manifest) }]);
    return new SnapshotImport(kv, manifest, manifest);
  };
  async function clear(): Promise<void> {
    await kv.close();
    for (const file of files) rmSync(join(dataDir, file), { force: true });
    kv = openMemberDatabase(dataDir);
  }
  return {
    whole: () => kv.get(tables.member, memberKey.genesis) !== undefined,
    begun() {
      try {
        const stored = kv.get(tables.member, memberKey.importing)?.slice();
        return stored && decodeManifest(stored);
      } catch (error) {
        if (isDamage(error)) return undefined;
        throw error;
      }
    },
    async load(manifest) {
      try {
        return load(manifest);
      } catch (error) {
        if (!isDamage(error) && !(isChainError(error) && error.code === 'CONFLICT')) throw error;
        await clear();
        return load(manifest);
      }
    },
    async finish(load, companions) {
      load.finish(await rowsBeside(spec, companions));
    },
    clear,
    close: () => kv.close(),
  };
}

function isDamage(error: unknown): boolean {
  return isChainError(error) && (error.code === 'DATA_LOSS' || error.code === 'INVALID_ARGUMENT');
}

/** What makes a state a member's: its chain, its head, the headers that a block may read, genesis, and the block itself. */
async function rowsBeside(spec: ChainSpec, { headers, block }: SnapshotCompanions): Promise<Write[]> {
  const start = await genesis(spec);
  const header = headers[0]!;
  const key = heightKey(header.number);
  const first = {
    height: toHeight(0),
    hash: start.hash,
    payloadHash: zeroHash,
    rlp: start.rlp,
    receipts: [],
    dropped: [],
  };
  return [
    ...blockRows(first, start.header),
    ...headers.flatMap(headerRows),
    ...(block === undefined ? [] : blockRows(block, header)),
    { table: tables.member, key: memberKey.genesis, value: hexToBytes(start.hash) },
    { table: tables.member, key: memberKey.head, value: concatBytes(key, hexToBytes(headerHash(header))) },
    { table: tables.member, key: memberKey.published, value: key },
    { table: tables.member, key: memberKey.firstBlock, value: key },
    { table: tables.member, key: memberKey.importing, value: undefined },
  ];
}
