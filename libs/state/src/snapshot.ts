// A snapshot of a partition at a height, pulled part by part. Whoever wants one asks for what hangs at a position; the
// answer is either everything below it, or, when that is too much, its branch, whose children are then asked for one by
// one. So each answer is proven by itself, against the reference that its parent has for it, up to the tops of the
// buckets and the state root; nothing has to be remembered by whoever answers; and it goes on from wherever it stopped.
//
//   manifest  RLP of [chain (32 bytes), height, state root, first bucket, end of the buckets, 256 tops]
//   want      RLP of [0, position] accounts · [1, account key, position] its slots · [2, code hashes]
//   answer    RLP of [0, record] a branch · [1, [[key, nonce, balance, code hash, storage root]…]]
//             · [2, [[slot key, value]…]] · [3, codes]
import {
  bigintToBytes,
  bytesToBigint,
  ChainError,
  decodeRlp,
  encodeRlp,
  hexToBytes,
  toHash32,
  toHeight,
  type Hash32,
  type Height,
  type RlpItem,
} from '@sheaf/primitives';
import { bucketPosition, decodeTop, encodeTop, mergeBuckets, type TopNode } from '@sheaf/trie';
import { decodeAccountRecord } from './account-record.ts';
import { snapshotLimits } from './limits.ts';
import type { BucketRange } from './meta.ts';
import type { LoadedAccount, LoadedSlot } from './partition-loader.ts';
import type { StateAt } from './state-at.ts';

/** What a snapshot is of. */
export interface SnapshotManifest {
  /** Hash of the genesis block. */
  chain: Hash32;
  height: Height;
  stateRoot: Hash32;
  buckets: BucketRange;
  /** Of all 256 buckets, also those that the snapshot has not: together they make the state root. */
  tops: readonly TopNode[];
}

export type SnapshotWant =
  | { kind: 'accounts'; position: Uint8Array }
  | { kind: 'slots'; account: Uint8Array; position: Uint8Array }
  | { kind: 'codes'; hashes: Uint8Array[] };

export type SnapshotAnswer =
  | { kind: 'branch'; record: Uint8Array }
  | { kind: 'accounts'; accounts: (LoadedAccount & { storageRoot: Uint8Array })[] }
  | { kind: 'slots'; slots: LoadedSlot[] }
  | { kind: 'codes'; codes: Uint8Array[] };

export function encodeManifest({ chain, height, stateRoot, buckets, tops }: SnapshotManifest): Uint8Array {
  const number = (value: number | bigint) => bigintToBytes(BigInt(value));
  return encodeRlp([
    hexToBytes(chain),
    number(height),
    hexToBytes(stateRoot),
    number(buckets.first),
    number(buckets.end),
    tops.map(encodeTop),
  ]);
}

/** @throws ChainError `INVALID_ARGUMENT` unless it is a manifest whose tops make its state root */
export function decodeManifest(bytes: Uint8Array): SnapshotManifest {
  const [chain, height, stateRoot, first, end, tops] = listOf(read(bytes, 'manifest'), 'manifest', 6);
  const manifest: SnapshotManifest = {
    chain: toHash32(bytesOf(chain, 'manifest.chain'), 'manifest.chain'),
    height: toHeight(bytesToBigint(bytesOf(height, 'manifest.height', 8)), 'manifest.height'),
    stateRoot: toHash32(bytesOf(stateRoot, 'manifest.stateRoot'), 'manifest.stateRoot'),
    buckets: {
      first: Number(bytesToBigint(bytesOf(first, 'manifest.buckets.first', 2))),
      end: Number(bytesToBigint(bytesOf(end, 'manifest.buckets.end', 2))),
    },
    tops: listOf(tops, 'manifest.tops', 256).map((top, bucket) => {
      const field = `manifest.tops.${bucket}`;
      return decodeTop(bytesOf(top, field), bucketPosition(bucket), field);
    }),
  };
  if (toHash32(mergeBuckets(manifest.tops).root) !== manifest.stateRoot) {
    throw invalid('manifest.tops', 'do not make the state root');
  }
  return manifest;
}

export function encodeWant(want: SnapshotWant): Uint8Array {
  if (want.kind === 'accounts') return encodeRlp([kindByte(0), want.position]);
  if (want.kind === 'slots') return encodeRlp([kindByte(1), want.account, want.position]);
  return encodeRlp([kindByte(2), want.hashes]);
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeWant(bytes: Uint8Array): SnapshotWant {
  const [kind, first, second] = listOf(read(bytes, 'want'), 'want');
  switch (kindOf(kind, 'want')) {
    case 0:
      return { kind: 'accounts', position: positionOf(first, 'want.position', 2) };
    case 1:
      return {
        kind: 'slots',
        account: bytesOf(first, 'want.account', 32, 32),
        position: positionOf(second, 'want.position', 0),
      };
    case 2:
      return {
        kind: 'codes',
        hashes: listOf(first, 'want.hashes')
          .slice(0, snapshotLimits.codesMax)
          .map((hash, i) => bytesOf(hash, `want.hashes.${i}`, 32, 32)),
      };
    default:
      throw invalid('want', 'is of no kind');
  }
}

/**
 * What a state has for a want: bounded in rows and in bytes, but for one code or one row.
 * @throws ChainError `NOT_FOUND` when the height is not kept any more, the account or code is not of this partition, or no
 * node hangs at the position
 */
export function answerSnapshot(
  state: StateAt,
  want: SnapshotWant,
  { rowsMax = snapshotLimits.rowsMax }: { rowsMax?: number } = {},
): SnapshotAnswer {
  if (want.kind === 'codes') return { kind: 'codes', codes: codesOf(state, want.hashes) };
  if (want.kind === 'accounts') {
    const accounts = takeRows(state, 0, want.position, rowsMax)?.map(({ key, value }) => {
      const { nonce, balance, codeHash, storageRoot } = decodeAccountRecord(value);
      return { key, nonce, balance, codeHash, storageRoot };
    });
    return accounts ? { kind: 'accounts', accounts } : { kind: 'branch', record: branchAt(state, 0, want.position) };
  }
  const storageId = state.storedAccount(want.account)?.storageId ?? 0;
  if (storageId === 0) throw new ChainError({ code: 'NOT_FOUND', message: 'the account has no storage here' });
  const slots = takeRows(state, storageId, want.position, rowsMax);
  return slots ? { kind: 'slots', slots } : { kind: 'branch', record: branchAt(state, storageId, want.position) };
}

export function encodeAnswer(answer: SnapshotAnswer): Uint8Array {
  switch (answer.kind) {
    case 'branch':
      return encodeRlp([kindByte(0), answer.record]);
    case 'accounts':
      return encodeRlp([
        kindByte(1),
        answer.accounts.map(({ key, nonce, balance, codeHash, storageRoot }) => [
          key,
          bigintToBytes(nonce),
          bigintToBytes(balance),
          codeHash,
          storageRoot,
        ]),
      ]);
    case 'slots':
      return encodeRlp([kindByte(2), answer.slots.map(({ key, value }) => [key, value])]);
    case 'codes':
      return encodeRlp([kindByte(3), answer.codes]);
  }
}

/** @throws ChainError `INVALID_ARGUMENT`: cut short, or no answer. Whether it is the right one is not known here */
export function decodeAnswer(bytes: Uint8Array): SnapshotAnswer {
  if (bytes.length > snapshotLimits.answerBytesMax) throw invalid('answer', `has ${bytes.length} bytes`);
  const [kind, content] = listOf(read(bytes, 'answer'), 'answer', 2);
  switch (kindOf(kind, 'answer')) {
    case 0:
      return { kind: 'branch', record: bytesOf(content, 'answer.record', 551) };
    case 1:
      return { kind: 'accounts', accounts: listOf(content, 'answer.accounts').map(readAccount) };
    case 2:
      return { kind: 'slots', slots: listOf(content, 'answer.slots').map(readSlot) };
    case 3:
      return {
        kind: 'codes',
        codes: listOf(content, 'answer.codes').map((code, i) => bytesOf(code, `answer.codes.${i}`, undefined)),
      };
    default:
      throw invalid('answer', 'is of no kind');
  }
}

function takeRows(state: StateAt, owner: number, position: Uint8Array, rowsMax: number): LoadedSlot[] | undefined {
  const taken: LoadedSlot[] = [];
  for (const row of state.rows(owner, position)) {
    if (taken.length === rowsMax) return undefined;
    taken.push(row);
  }
  return taken;
}

function branchAt(state: StateAt, owner: number, position: Uint8Array): Uint8Array {
  const record = state.branch(owner, position);
  // Within an extension, or below all branches, where nobody looks who follows the references.
  if (record === undefined) throw new ChainError({ code: 'NOT_FOUND', message: 'no branch hangs at the position' });
  return record;
}

function codesOf(state: StateAt, hashes: readonly Uint8Array[]): Uint8Array[] {
  const codes: Uint8Array[] = [];
  let bytes = 0;
  for (const hash of hashes) {
    const code = state.findCode(hash);
    if (code === undefined) throw new ChainError({ code: 'NOT_FOUND', message: 'a code is not here' });
    bytes += code.length;
    if (codes.length > 0 && bytes > snapshotLimits.codeBytesMax) break;
    codes.push(code);
  }
  return codes;
}

function readAccount(item: RlpItem, index: number): LoadedAccount & { storageRoot: Uint8Array } {
  const field = `answer.accounts.${index}`;
  const [key, nonce, balance, codeHash, storageRoot] = listOf(item, field, 5);
  return {
    key: bytesOf(key, `${field}.key`, 32, 32),
    nonce: numberOf(nonce, `${field}.nonce`, 8),
    balance: numberOf(balance, `${field}.balance`, 32),
    codeHash: bytesOf(codeHash, `${field}.codeHash`, 32, 32),
    storageRoot: bytesOf(storageRoot, `${field}.storageRoot`, 32, 32),
  };
}

function readSlot(item: RlpItem, index: number): LoadedSlot {
  const field = `answer.slots.${index}`;
  const [key, value] = listOf(item, field, 2);
  return { key: bytesOf(key, `${field}.key`, 32, 32), value: bytesOf(value, `${field}.value`, 32, 1) };
}

function read(bytes: Uint8Array, field: string): RlpItem {
  return decodeRlp(bytes, field);
}

function listOf(item: RlpItem | undefined, field: string, count?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw invalid(field, 'is no list');
  if (count !== undefined && item.length !== count) throw invalid(field, `has ${item.length} items, not ${count}`);
  return item;
}

function bytesOf(item: RlpItem | undefined, field: string, most?: number, least = 0): Uint8Array {
  if (!(item instanceof Uint8Array)) throw invalid(field, 'is no string of bytes');
  if (item.length < least || (most !== undefined && item.length > most)) {
    throw invalid(field, `has ${item.length} bytes`);
  }
  return item;
}

function numberOf(item: RlpItem | undefined, field: string, most: number): bigint {
  const bytes = bytesOf(item, field, most);
  if (bytes[0] === 0) throw invalid(field, 'has a leading zero');
  return bytesToBigint(bytes);
}

function positionOf(item: RlpItem | undefined, field: string, least: number): Uint8Array {
  const position = bytesOf(item, field, 63, least);
  if (position.some((nibble) => nibble > 15)) throw invalid(field, 'is not of nibbles');
  return position;
}

function kindByte(kind: number): Uint8Array {
  return kind === 0 ? new Uint8Array(0) : Uint8Array.of(kind);
}

function kindOf(item: RlpItem | undefined, field: string): number {
  return Number(bytesToBigint(bytesOf(item, field, 1)));
}

function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}
