// Goal: a payload with senders gives the block that it gives without; they are believed and not recovered again.
// Method: the engine over two stores in temporary directories, each fed the same payload; then senders that lie.
import { recoverSender, decodeTransaction } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';
import { createEngine } from '@sheaf/state-transition';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceChain, type ReferenceChain } from '../../test/reference-chain.ts';
import { openBlockStore, openBlockWriter } from '../adapters/block-store.ts';
import { executeNext, readAncestors } from './execute-next.ts';

let chain: ReferenceChain;
let senders: Address[];
beforeAll(async () => {
  chain = await referenceChain(1);
  senders = chain.sealed[0]!.payload.transactions.map((raw) => recoverSender(decodeTransaction(raw)));
});

/** The first block and its bytes, made in a store of its own with these senders. */
async function firstBlock(given: (Address | undefined)[] | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-execute-'));
  const opened = await openBlockStore(folder, chain.spec);
  const store = openBlockWriter(folder, { heightsKept: 2 });
  try {
    const { payload, hash } = chain.sealed[0]!;
    const deps = { engine: createEngine(chain.spec), store, ancestors: readAncestors(store) };
    const executed = await executeNext({ payload, hash, ...(given && { senders: given }) }, 0n, deps);
    return { executed, stored: store.block(payload.height) };
  } finally {
    await store.close();
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('with senders and without: the same block, receipts and all', async () => {
  const recovered = await firstBlock(undefined);
  expect(recovered.executed.hash).toBe(chain.blocks[0]!.hash);
  expect(await firstBlock(senders)).toEqual(recovered);
});

test('senders are taken at their word: another or nobody makes another block', async () => {
  const [first, , third] = senders;
  const { executed } = await firstBlock([undefined, ...senders.slice(1)]);
  expect(executed.droppedReasons).toEqual(['INVALID_SIGNATURE', 'NONCE_TOO_HIGH']);
  const lied = await firstBlock([first, first, third]);
  expect(lied.executed.hash).not.toBe(chain.blocks[0]!.hash);
});
