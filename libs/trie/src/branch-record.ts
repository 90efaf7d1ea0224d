// A branch as it is stored, with the extension above it, under the position where the two hang:
//
//   u8   n, nibbles of the extension's path, 0 to 63
//        (n + 1) / 2 bytes of them, the high nibble first, the last low nibble 0 when n is odd
//   u16  children that there are, bit i for nibble i (big-endian, as the next two)
//   u16  those of them that are leaves
//   u16  those of them whose encoding is below 32 bytes, so that it stands in the branch itself
//   32 × by rising nibble: keccak256 of the child's encoding, or that encoding and zeros after it
//
// A child's kind cannot be seen from its hash, hence the second mask: a leaf is in the flat tables, a branch hangs at the
// position of this one and the extension and the nibble.
import { ChainError } from '@sheaf/primitives';

/** A record as its parts. */
export interface Branch {
  /** Nibbles, one a byte. */
  extension: Uint8Array;
  present: number;
  leaves: number;
  embedded: number;
  /** 16 places: 32 bytes for each child that there is (views of the record). */
  references: (Uint8Array | undefined)[];
}

export function encodeBranch({ extension, present, leaves, embedded, references }: Branch): Uint8Array {
  const pathBytes = (extension.length + 1) >> 1;
  const record = new Uint8Array(7 + pathBytes + 32 * countBits(present));
  record[0] = extension.length;
  for (let i = 0; i < extension.length; i++) record[1 + (i >> 1)]! |= i % 2 === 0 ? extension[i]! << 4 : extension[i]!;
  let at = 1 + pathBytes;
  for (const mask of [present, leaves, embedded]) {
    record[at++] = mask >> 8;
    record[at++] = mask & 0xff;
  }
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((present & (1 << nibble)) === 0) continue;
    record.set(references[nibble]!, at);
    at += 32;
  }
  return record;
}

/** @throws ChainError `DATA_LOSS` when the bytes are no record */
export function decodeBranch(record: Uint8Array): Branch {
  const count = record[0] ?? 64;
  const pathBytes = (count + 1) >> 1;
  const masks = 1 + pathBytes;
  if (count > 63 || record.length < masks + 6) throw damaged('is cut short');
  const extension = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const byte = record[1 + (i >> 1)]!;
    extension[i] = i % 2 === 0 ? byte >> 4 : byte & 15;
  }
  if (count % 2 === 1 && (record[masks - 1]! & 15) !== 0) throw damaged('has a path that does not end');
  const mask = (at: number) => (record[at]! << 8) | record[at + 1]!;
  const present = mask(masks);
  const leaves = mask(masks + 2);
  const embedded = mask(masks + 4);
  if ((leaves & ~present) !== 0 || (embedded & ~present) !== 0 || (present & (present - 1)) === 0) {
    throw damaged('has children that cannot be');
  }
  let at = masks + 6;
  if (record.length !== at + 32 * countBits(present)) throw damaged('has another length than its children');
  const references: (Uint8Array | undefined)[] = new Array<undefined>(16).fill(undefined);
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((present & (1 << nibble)) === 0) continue;
    references[nibble] = record.subarray(at, at + 32);
    at += 32;
  }
  return { extension, present, leaves, embedded, references };
}

export function countBits(mask: number): number {
  let bits = mask - ((mask >> 1) & 0x5555);
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
  bits = (bits + (bits >> 4)) & 0x0f0f;
  return (bits + (bits >> 8)) & 0x1f;
}

function damaged(what: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `a branch record ${what}` });
}
