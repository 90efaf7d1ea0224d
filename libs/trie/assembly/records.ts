// Branch records (src/branch-record.ts has the layout) in linear memory.
import { FAIL_RECORD, RECORD_BYTES_MAX } from '../src/layout';
import { allocate, release } from './arena';
import { cachedRecord, keepRecord, UNKNOWN } from './cache';
import { fail, readBranch } from './host';
import { nibbleAt, PATH } from './paths';

/** Free bytes before references, which take the longest header (39). */
export const HEADER_ROOM: usize = 48;
/** Free bytes before a record that is read: the references behind the shortest header (7) are aligned. */
const RECORD_ROOM: usize = 41;

export function extensionLength(record: usize): i32 {
  return load<u8>(record);
}

/** Bytes before the references of a record with an extension of so many nibbles. */
export function headerBytes(nibbles: i32): i32 {
  return 7 + ((nibbles + 1) >> 1);
}

/** The three masks of a record. */
export function presentOf(record: usize): u32 {
  return maskAt(record + headerBytes(extensionLength(record)) - 6);
}

export function leavesOf(record: usize): u32 {
  return maskAt(record + headerBytes(extensionLength(record)) - 4);
}

export function embeddedOf(record: usize): u32 {
  return maskAt(record + headerBytes(extensionLength(record)) - 2);
}

function maskAt(at: usize): u32 {
  return <u32>bswap(load<u16>(at));
}

function storeMask(at: usize, mask: u32): void {
  store<u16>(at, bswap(<u16>mask));
}

/** Bytes of the record, from its own head. */
export function recordBytes(record: usize): usize {
  return headerBytes(extensionLength(record)) + (popcnt(presentOf(record)) << 5);
}

/** Bytes of an encoding that stands in the branch itself: a list below 32 bytes. */
export function embeddedBytes(reference: usize): usize {
  return <usize>load<u8>(reference) - 0xbf;
}

/**
 * The source's record at the first `depth` nibbles of the path, until the next commit; 0: there is none. Before it is
 * room for it to have the longest header.
 */
export function loadRecord(owner: f64, depth: i32): usize {
  const record = allocate(RECORD_ROOM + RECORD_BYTES_MAX) + RECORD_ROOM;
  const cached = cachedRecord(owner, PATH, depth, record);
  if (cached != UNKNOWN) {
    release(record + cached);
    return cached == 0 ? 0 : record;
  }
  const size = readBranch(owner, depth, record);
  release(record + size);
  if (size == 0) return 0;
  if (!isRecord(record, size, depth)) fail(FAIL_RECORD, depth, 0);
  keepRecord(owner, PATH, depth, record, <u32>size);
  return record;
}

function isRecord(record: usize, size: usize, depth: i32): bool {
  const nibbles = extensionLength(record);
  const header = headerBytes(nibbles);
  if (depth + nibbles > 63 || size < <usize>header) return false;
  if ((nibbles & 1) != 0 && nibbleAt(record + 1, nibbles) != 0) return false;
  const present = presentOf(record);
  const leaves = leavesOf(record);
  let embedded = embeddedOf(record);
  if (((leaves | embedded) & ~present) != 0 || popcnt(present) < 2 || size != recordBytes(record)) return false;
  for (; embedded != 0; embedded &= embedded - 1) {
    const rank = popcnt(present & ((1 << ctz(embedded)) - 1));
    const length = embeddedBytes(record + header + (rank << 5));
    if (length < 2 || length > 31) return false;
  }
  return true;
}

/** Writes all of a record but its references, the extension being a key's nibbles from `from` to `to`. Bytes written. */
export function writeHeader(out: usize, key: usize, from: i32, to: i32, masks: u64): usize {
  const nibbles = to - from;
  store<u8>(out, nibbles);
  for (let i = 0; i < nibbles; i += 2) {
    const low = i + 1 < nibbles ? nibbleAt(key, from + i + 1) : 0;
    store<u8>(out + 1 + (i >> 1), (nibbleAt(key, from + i) << 4) | low);
  }
  const header = headerBytes(nibbles);
  storeMask(out + header - 6, (<u32>masks) & 0xffff);
  storeMask(out + header - 4, (<u32>(masks >> 16)) & 0xffff);
  storeMask(out + header - 2, (<u32>(masks >> 32)) & 0xffff);
  return header;
}
