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
  NODE_EMBEDDED_BEFORE,
  NODE_END,
  NODE_KEY,
  NODE_LEAVES,
  NODE_PARENT,
  NODE_PRESENT,
  NODE_REFERENCES,
  NODE_SAVED,
  NODE_TOUCHED,
  PLACE_BATCH,
  PLACE_BEFORE,
  PLACE_DEPTH,
  PLACE_KEY,
  PLACE_NEXT,
  PLACE_NODE,
  PLACE_SAVED,
  placeCount,
  recordBytesMax,
  UNTOUCHED,
} from './nodes';
import { copyHash, nibbleAt } from './paths';
import { headerBytes, recordBytes, writeHeader } from './records';

/** Owner, position of 63 nibbles, kind, and two sizes or a mask. */
const ENTRY_BYTES: usize = 6 + 1 + 63 + 1 + 4;

/** The RESULT_*. */
const RESULT = memory.data(32, 16);

let diff: usize = 0;
let rows: usize = 0;

/**
 * Where the result is, all batches being walked and hashed; their tops have their records. The walk allocated from
 * `start` to `end`.
 */
export function writeResult(start: usize, end: usize): usize {
  diff = allocate(placeCount() * ENTRY_BYTES + recordBytesMax());
  rows = allocate(placeCount() * ROW_BYTES);
  store<u32>(RESULT + RESULT_DIFF, diff);
  store<u32>(RESULT + RESULT_RECORDS, start);
  store<u32>(RESULT + RESULT_RECORDS_END, end);
  store<u32>(RESULT + RESULT_ROWS, rows);
  for (let place = firstPlace(); place != 0; place = load<u32>(place + PLACE_NEXT)) {
    if (load<u32>(place + PLACE_NODE) != UNTOUCHED) writePlace(place);
  }
  store<u32>(RESULT + RESULT_DIFF_END, diff);
  store<u32>(RESULT + RESULT_ROWS_END, rows);
  return RESULT;
}

function writePlace(place: usize): void {
  const before = <usize>load<u32>(place + PLACE_BEFORE);
  const node = <usize>load<u32>(place + PLACE_NODE);
  const saved = <usize>load<u32>(place + PLACE_SAVED);
  const batch = <usize>load<u32>(place + PLACE_BATCH);
  const depth = load<u32>(place + PLACE_DEPTH);
  const record = node == 0 ? 0 : finishRecord(node);
  const size = record == 0 ? 0 : recordBytes(record);
  if (node != 0 && load<u32>(node + NODE_PARENT) == 0) {
    store<u32>(batch + BATCH_NODE, record);
    store<u32>(batch + BATCH_RECORD_SIZE, size);
  }
  const kind = writePosition(diff, batch, load<u32>(place + PLACE_KEY), depth);
  const position = kind - depth;
  if (node != 0 && node == saved && load<u16>(node + NODE_EMBEDDED) == load<u16>(node + NODE_EMBEDDED_BEFORE)) {
    const changed = changedReferences(node);
    if (changed == 0) return;
    store<u8>(kind, 0);
    store<u16>(kind + 1, bswap(<u16>changed));
    diff = writeReferences(kind + 3, node, changed);
  } else {
    // Whatever else has the same record before and after has none.
    if (before == 0 && node == 0) return;
    store<u8>(kind, 1);
    let to = kind + 1;
    if (saved != 0) to = writeSaved(to, saved, depth);
    else to = writeWhole(to, before, before == 0 ? 0 : recordBytes(before));
    diff = writeWhole(to, record, size);
  }
  store<u32>(rows + ROW_BATCH, batch);
  store<u32>(rows + ROW_POSITION, position);
  store<u32>(rows + ROW_RECORD, record);
  store<u32>(rows + ROW_SIZES, (depth << 16) | (<u32>size));
  rows += ROW_BYTES;
}

/** The branch's record: a header before its references. */
function finishRecord(node: usize): usize {
  const depth = <i32>load<u8>(node + NODE_DEPTH);
  const end = <i32>load<u8>(node + NODE_END);
  const record = <usize>load<u32>(node + NODE_REFERENCES) - headerBytes(end - depth);
  writeHeader(record, load<u32>(node + NODE_KEY), depth, end, masksOf(node, NODE_EMBEDDED));
  return record;
}

function masksOf(node: usize, embedded: usize): u64 {
  return (
    (<u64>load<u16>(node + NODE_PRESENT)) |
    ((<u64>load<u16>(node + NODE_LEAVES)) << 16) |
    ((<u64>load<u16>(node + embedded)) << 32)
  );
}

/** Owner and position of an entry; where they end. */
function writePosition(entry: usize, batch: usize, key: usize, depth: u32): usize {
  const owner = <u64>load<f64>(batch + BATCH_OWNER);
  store<u16>(entry, bswap(<u16>(owner >> 32)));
  store<u32>(entry + 2, bswap(<u32>owner));
  store<u8>(entry + 6, depth);
  for (let i: u32 = 0; i < depth; i++) store<u8>(entry + 7 + i, nibbleAt(key, i));
  return entry + 7 + depth;
}

/** Of a branch made in place, the mask of the references that are others than before. */
function changedReferences(node: usize): u32 {
  let changed: u32 = 0;
  let saved = <usize>load<u32>(node + NODE_SAVED);
  for (let left = <u32>load<u16>(node + NODE_TOUCHED); left != 0; left &= left - 1, saved += 32) {
    const reference = referenceAt(node, ctz(left));
    const low = v128.xor(v128.load(saved), v128.load(reference));
    const high = v128.xor(v128.load(saved, 16), v128.load(reference, 16));
    if (v128.any_true(v128.or(low, high))) changed |= left & (0 - left);
  }
  return changed;
}

/** Those references before, then afterwards; where they end. */
function writeReferences(to: usize, node: usize, changed: u32): usize {
  let saved = <usize>load<u32>(node + NODE_SAVED);
  let after = to + (popcnt(changed) << 5);
  for (let left = <u32>load<u16>(node + NODE_TOUCHED); left != 0; left &= left - 1, saved += 32) {
    if ((changed & left & (0 - left)) == 0) continue;
    copyHash(to, saved);
    copyHash(after, referenceAt(node, ctz(left)));
    to += 32;
    after += 32;
  }
  return after;
}

function referenceAt(node: usize, nibble: u32): usize {
  const rank = popcnt((<u32>load<u16>(node + NODE_PRESENT)) & ((1 << nibble) - 1));
  return <usize>load<u32>(node + NODE_REFERENCES) + (rank << 5);
}

/** A record behind its size; where it ends. */
function writeWhole(to: usize, record: usize, size: usize): usize {
  store<u16>(to, bswap(<u16>size));
  memory.copy(to + 2, record, size);
  return to + 2 + size;
}

/** The same of the record at `depth` in whose place the branch was made, as it was. */
function writeSaved(to: usize, node: usize, depth: u32): usize {
  const record = to + 2;
  const end = <i32>load<u8>(node + NODE_END);
  const header = writeHeader(record, load<u32>(node + NODE_KEY), depth, end, masksOf(node, NODE_EMBEDDED_BEFORE));
  const references = <usize>load<u32>(node + NODE_REFERENCES);
  const bytes = popcnt(<u32>load<u16>(node + NODE_PRESENT)) << 5;
  memory.copy(record + header, references, bytes);
  let saved = <usize>load<u32>(node + NODE_SAVED);
  for (let left = <u32>load<u16>(node + NODE_TOUCHED); left != 0; left &= left - 1, saved += 32) {
    copyHash(record + header + referenceAt(node, ctz(left)) - references, saved);
  }
  store<u16>(to, bswap(<u16>(header + bytes)));
  return record + header + bytes;
}
