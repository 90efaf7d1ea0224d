import { decodeHeader, encodeHeader, headerHash } from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, toHash32, toHeight } from '@sheaf/primitives';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Journal, JournalState } from '../ports.ts';

/** Whose record it is: another chain's or key's is never taken for one's own. */
export interface JournalOwner {
  chainId: bigint;
  genesisHash: string;
  /** 48 bytes. */
  publicKey: Uint8Array;
}

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const schema = z.strictObject({
  version: z.literal(1),
  chainId: z.string(),
  genesisHash: hash,
  publicKey: z.string(),
  signed: z
    .strictObject({
      height: z.string().regex(/^[1-9]\d{0,18}$/),
      blockHash: hash,
      payloadHash: hash,
      commitmentsHash: hash,
    })
    .nullable(),
  head: z.strictObject({ header: z.string(), payloadHash: hash }).nullable(),
});

/**
 * Opens (or begins) the record in `directory`, which is created when missing.
 * @throws ChainError `INVALID_ARGUMENT` in one sentence when the directory cannot be written; `DATA_LOSS` when the record is damaged (signing
 * without it could sign twice, so nothing is guessed); `CONFLICT` when it belongs to another chain or key
 */
export async function openJournal(directory: string, owner: JournalOwner): Promise<Journal> {
  const file = join(directory, 'slashing-protection.json');
  let text = await readRecord(directory, file);
  let state: JournalState = text === undefined ? { signed: undefined, head: undefined } : parse(text, file, owner);

  async function replace(next: JournalState): Promise<void> {
    const present = await readIfThere(file);
    if (present !== text) {
      throw new ChainError({
        code: 'CONFLICT',
        message: `${file} was written by another process: two validators share a data directory`,
      });
    }
    const written = format(next, owner);
    await replaceDurably(directory, file, written);
    text = written;
    state = next;
  }

  // Also shows, before anything is signed, that the directory can be written.
  await replace(state).catch((cause: unknown) => {
    if (cause instanceof ChainError) throw cause;
    throw unwritable(directory, cause);
  });
  return { state: () => state, write: replace };
}

async function readRecord(directory: string, file: string): Promise<string | undefined> {
  try {
    await mkdir(directory, { recursive: true });
    return await readIfThere(file);
  } catch (cause) {
    throw unwritable(directory, cause);
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file is the old one or the new one at any moment, and the new one for good when this resolves. */
async function replaceDurably(directory: string, file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  const folder = await open(directory, 'r');
  try {
    // The rename itself lives in the directory.
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function parse(text: string, file: string, owner: JournalOwner): JournalState {
  const record = readSchema(text, file);
  const same =
    record.chainId === owner.chainId.toString() &&
    record.genesisHash === owner.genesisHash &&
    record.publicKey === bytesToHex(owner.publicKey);
  if (!same)
    throw new ChainError({
      code: 'CONFLICT',
      message: `${file} belongs to chain ${record.chainId}, key ${record.publicKey}`,
    });
  const { signed, head } = record;
  return {
    signed: signed === null ? undefined : { ...hashes(signed), height: toHeight(BigInt(signed.height)) },
    head: head === null ? undefined : readHead(head, file),
  };
}

function readSchema(text: string, file: string): z.infer<typeof schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(file, cause);
  }
}

function readHead(head: { header: string; payloadHash: string }, file: string): NonNullable<JournalState['head']> {
  try {
    const header = decodeHeader(hexToBytes(head.header));
    return { header, hash: headerHash(header), payloadHash: toHash32(head.payloadHash) };
  } catch (cause) {
    throw damaged(file, cause);
  }
}

function hashes(signed: { blockHash: string; payloadHash: string; commitmentsHash: string }) {
  return {
    blockHash: toHash32(signed.blockHash),
    payloadHash: toHash32(signed.payloadHash),
    commitmentsHash: toHash32(signed.commitmentsHash),
  };
}

function format({ signed, head }: JournalState, owner: JournalOwner): string {
  const record: z.infer<typeof schema> = {
    version: 1,
    chainId: owner.chainId.toString(),
    genesisHash: owner.genesisHash,
    publicKey: bytesToHex(owner.publicKey),
    signed: signed ? { ...signed, height: signed.height.toString() } : null,
    head: head ? { header: bytesToHex(encodeHeader(head.header)), payloadHash: head.payloadHash } : null,
  };
  return `${JSON.stringify(record)}\n`;
}

function damaged(file: string, cause: unknown): ChainError {
  const message = `${file} is damaged: without it this validator could sign a height twice; restore it or take a new key`;
  return new ChainError({ code: 'DATA_LOSS', message }, { cause });
}

function unwritable(directory: string, cause: unknown): ChainError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `SHEAF_DATA_DIR ${directory} cannot be used: ${reason}`;
  return new ChainError({ code: 'INVALID_ARGUMENT', field: 'SHEAF_DATA_DIR', message }, { cause });
}
