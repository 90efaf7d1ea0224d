// What a commit hands over, in the order of the places: the diff (src/node-diff.ts has its layout), the records as they
// are afterwards, and a row for each branch that changed.
import {
  BATCH_NODE,
  BATCH_OWNER,
  BATCH_RECORD_SIZE,
  RESULT_DIFF,
  RESULT_DIFF_END,
  RESULT_RECORDS,
  RESULT_RECORDS_END,
  RESULT_ROWS,
  RESULT_ROWS_END,
  ROW_BATCH,
  ROW_BYTES,
  ROW_POSITION,
  ROW_RECORD,
  ROW_SIZES,
} from '../src/layout';
import { allocate } from './arena';
import {
  firstPlace,
  NODE_DEPTH,
  NODE_EMBEDDED,
  NODE_END,
  NODE_KEY,
  NODE_LEAVES,
  NODE_PARENT,
  NODE_PRESENT,
  NODE_REFERENCES,
  PLACE_BATCH,
  PLACE_BEFORE,
  PLACE_DEPTH,
  PLACE_KEY,
  PLACE_NEXT,
  PLACE_NODE,
  UNTOUCHED,
} from './nodes';
import { copyHash, nibbleAt } from './paths';
import { extensionLength, headerBytes, presentOf, recordBytes, writeHeader } from './records';

/** Owner, position of 63 nibbles, kind, and two sizes or a mask. */
const ENTRY_BYTES: usize = 6 + 1 + 63 + 1 + 4;

/** The RESULT_*. */
const RESULT = memory.data(32, 16);

let diff: usize = 0;
let records: usize = 0;
let rows: usize = 0;

/** Where the result is, all batches being walked and hashed; their tops have their records. */
export function writeResult(): usize {
  reserveResult();
  for (let place = firstPlace(); place != 0; place = load<u32>(place + PLACE_NEXT)) {
    if (load<u32>(place + PLACE_NODE) != UNTOUCHED) writePlace(place);
  }
  store<u32>(RESULT + RESULT_DIFF_END, diff);
  store<u32>(RESULT + RESULT_RECORDS_END, records);
  store<u32>(RESULT + RESULT_ROWS_END, rows);
  return RESULT;
}

/** Room for all that the places may need. */
function reserveResult(): void {
  let places: usize = 0;
  let recordsMax: usize = 0;
  let before: usize = 0;
  for (let place = firstPlace(); place != 0; place = load<u32>(place + PLACE_NEXT)) {
    const node = <usize>load<u32>(place + PLACE_NODE);
    if (node == UNTOUCHED) continue;
    places += 1;
    if (node != 0) recordsMax += nodeHeader(node) + referenceBytes(node);
    const record = <usize>load<u32>(place + PLACE_BEFORE);
    if (record != 0) before += recordBytes(record);
  }
  diff = allocate(places * ENTRY_BYTES + before + recordsMax);
  // Copies of references go by whole ones, so nothing is written beyond.
  records = allocate(recordsMax);
  rows = allocate(places * ROW_BYTES);
  store<u32>(RESULT + RESULT_DIFF, diff);
  store<u32>(RESULT + RESULT_RECORDS, records);
  store<u32>(RESULT + RESULT_ROWS, rows);
}

function nodeHeader(node: usize): usize {
  return headerBytes(<i32>load<u8>(node + NODE_END) - <i32>load<u8>(node + NODE_DEPTH));
}

function referenceBytes(node: usize): usize {
  return popcnt(<u32>load<u16>(node + NODE_PRESENT)) << 5;
}

function writePlace(place: usize): void {
  const before = <usize>load<u32>(place + PLACE_BEFORE);
  const node = <usize>load<u32>(place + PLACE_NODE);
  const batch = <usize>load<u32>(place + PLACE_BATCH);
  const record = records;
  const size = node == 0 ? 0 : writeRecord(record, node);
  // A top's record stays even when it is what it was: the batch hands it over.
  if (node != 0 && load<u32>(node + NODE_PARENT) == 0) {
    store<u32>(batch + BATCH_NODE, record);
    store<u32>(batch + BATCH_RECORD_SIZE, size);
    records += size;
  }
  const depth = load<u32>(place + PLACE_DEPTH);
  const entry = diff;
  const position = writePosition(entry, batch, load<u32>(place + PLACE_KEY), depth);
  const kind = position + depth;
  if (before != 0 && node != 0 && sameHeader(before, record)) {
    const changed = changedReferences(before, record);
    if (changed == 0) return;
    store<u8>(kind, 0);
    writeReferences(kind + 1, before, record, changed);
  } else {
    if (before == 0 && node == 0) return;
    store<u8>(kind, 1);
    diff = writeWhole(writeWhole(kind + 1, before, before == 0 ? 0 : recordBytes(before)), record, size);
  }
  if (records == record) records += size;
  store<u32>(rows + ROW_BATCH, batch);
  store<u32>(rows + ROW_POSITION, position);
  store<u32>(rows + ROW_RECORD, record);
  store<u32>(rows + ROW_SIZES, (depth << 16) | (<u32>size));
  rows += ROW_BYTES;
}

/** Bytes written. */
function writeRecord(out: usize, node: usize): usize {
  const masks =
    (<u64>load<u16>(node + NODE_PRESENT)) |
    ((<u64>load<u16>(node + NODE_LEAVES)) << 16) |
    ((<u64>load<u16>(node + NODE_EMBEDDED)) << 32);
  const header = writeHeader(
    out,
    load<u32>(node + NODE_KEY),
    load<u8>(node + NODE_DEPTH),
    load<u8>(node + NODE_END),
    masks,
  );
  const bytes = referenceBytes(node);
  const from = node + NODE_REFERENCES;
  for (let i: usize = 0; i < bytes; i += 32) copyHash(out + header + i, from + i);
  return header + bytes;
}

/** Owner and position of an entry; where the position begins. */
function writePosition(entry: usize, batch: usize, key: usize, depth: i32): usize {
  const owner = <u64>load<f64>(batch + BATCH_OWNER);
  store<u16>(entry, bswap(<u16>(owner >> 32)));
  store<u32>(entry + 2, bswap(<u32>owner));
  store<u8>(entry + 6, depth);
  for (let i = 0; i < depth; i++) store<u8>(entry + 7 + i, nibbleAt(key, i));
  return entry + 7;
}

/** The same extension and the same children of the same kinds. */
function sameHeader(a: usize, b: usize): bool {
  const bytes = headerBytes(extensionLength(a));
  for (let i = 0; i < bytes; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

/** The mask of those references that differ between two records of the same header. */
function changedReferences(a: usize, b: usize): u32 {
  let changed: u32 = 0;
  let at: usize = headerBytes(extensionLength(a));
  for (let left = presentOf(a); left != 0; left &= left - 1, at += 32) {
    const low = v128.xor(v128.load(a + at), v128.load(b + at));
    const high = v128.xor(v128.load(a + at, 16), v128.load(b + at, 16));
    if (v128.any_true(v128.or(low, high))) changed |= left & (0 - left);
  }
  return changed;
}

function writeReferences(to: usize, before: usize, after: usize, changed: u32): void {
  store<u16>(to, bswap(<u16>changed));
  let old = to + 2;
  let fresh = old + (popcnt(changed) << 5);
  let at: usize = headerBytes(extensionLength(before));
  for (let left = presentOf(before); left != 0; left &= left - 1, at += 32) {
    if ((changed & left & (0 - left)) == 0) continue;
    copyHash(old, before + at);
    copyHash(fresh, after + at);
    old += 32;
    fresh += 32;
  }
  diff = fresh;
}

/** A record behind its size; where it ends. */
function writeWhole(to: usize, record: usize, size: usize): usize {
  store<u16>(to, bswap(<u16>size));
  memory.copy(to + 2, record, size);
  return to + 2 + size;
}
