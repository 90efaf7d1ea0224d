// Goal: the record survives, is never mistaken for another's, never guessed when damaged, and two processes cannot share it.
// Method: real files in a temporary directory, reopened, damaged and written behind the journal's back.
import type { Header } from '@sheaf/ethereum';
import { headerHash } from '@sheaf/ethereum';
import { toHash32, toHeight, zeroAddress, zeroHash } from '@sheaf/primitives';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from './journal.ts';

const owner = { chainId: 7n, genesisHash: zeroHash, publicKey: new Uint8Array(48).fill(1) };
const hash = (byte: number) => toHash32(new Uint8Array(32).fill(byte));
const signed = { height: toHeight(2n ** 40n), blockHash: hash(1), payloadHash: hash(2), commitmentsHash: hash(3) };
const header: Header = {
  parentHash: zeroHash,
  ommersHash: hash(1),
  coinbase: zeroAddress,
  stateRoot: hash(2),
  transactionsRoot: hash(3),
  receiptsRoot: hash(4),
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: toHeight(2n ** 40n),
  gasLimit: 1n,
  gasUsed: 0n,
  timestamp: 5n,
  extraData: new Uint8Array(32),
  prevRandao: zeroHash,
  nonce: new Uint8Array(8),
  baseFeePerGas: 7n,
  withdrawalsRoot: hash(5),
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: zeroHash,
  requestsHash: hash(6),
};
const head = { header, hash: headerHash(header), payloadHash: hash(7) };

let directory: string;
const file = () => join(directory, 'slashing-protection.json');
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sheaf-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('begins empty, and what was written is there when opened again', async () => {
  const journal = await openJournal(join(directory, 'new', 'folder'), owner);
  expect(journal.state()).toEqual({ signed: undefined, head: undefined });
  await journal.write({ signed, head });
  const again = await openJournal(join(directory, 'new', 'folder'), owner);
  expect(again.state()).toEqual({ signed, head });
});

test('a record of another chain or key is refused', async () => {
  await openJournal(directory, owner);
  await expect(openJournal(directory, { ...owner, chainId: 8n })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(openJournal(directory, { ...owner, publicKey: new Uint8Array(48) })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test.each(['', '{', '{}', '{"version":1}'])('a damaged record %j is refused, not replaced', async (text) => {
  writeFileSync(file(), text);
  await expect(openJournal(directory, owner)).rejects.toMatchObject({ code: 'DATA_LOSS' });
  expect(readFileSync(file(), 'utf8')).toBe(text);
});

test('a second process over the same directory stops the first one', async () => {
  const one = await openJournal(directory, owner);
  const two = await openJournal(directory, owner);
  await two.write({ signed, head });
  await expect(one.write({ signed: { ...signed, blockHash: hash(9) }, head })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect((await openJournal(directory, owner)).state().signed).toEqual(signed);
});

test('a directory that cannot be used is one sentence', async () => {
  writeFileSync(join(directory, 'taken'), '');
  await expect(openJournal(join(directory, 'taken'), owner)).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'SHEAF_DATA_DIR' },
  });
});
