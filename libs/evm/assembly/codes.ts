// Codes with their jump tables: a persistent arena, found by code hash. When it is full the next transaction begins
// with an empty one; until then new codes overflow to a place of the transaction's.
//
// How much code a transaction may look at is counted whether the arena has it or not, so that every machine, whatever it
// ran before, finds the same transactions too large.
import {
  CODES,
  CODE_BYTES,
  CODE_DELEGATION,
  CODE_HASH,
  CODE_HEADER,
  CODE_JUMPS,
  CODE_SIZE,
  HEAP,
  MEMORIES,
  OVERFLOWN_CODES,
} from '../src/layout';
import { allocate } from './heap';
import { exhausted, loadCode } from './host';
import { keccak256 } from './keccak';

const indexEntries: u32 = 65536;
const recordsMax: u32 = 32768;
const arena: usize = CODES + indexEntries * 4;

let arenaTop: usize = arena;
let records: u32 = 0;
let full: bool = false;
let empty: usize = 0;
let overflowTop: usize = OVERFLOWN_CODES;
/** Bytes of records that the transaction has looked at. */
let looked: usize = 0;
/** Counts how often the arena was emptied: what JavaScript knows of records is void then. */
let generation: u32 = 1;

export function emptyCode(): usize {
  return empty;
}

export function codeGeneration(): u32 {
  return generation;
}

export function codeCount(): u32 {
  return records;
}

/** The transaction looks at this code, for one more account. */
export function lookAt(record: usize): void {
  looked += recordBytes(load<u32>(record, CODE_SIZE));
  if (looked > <usize>(MEMORIES - OVERFLOWN_CODES)) exhausted();
}

/** At the begin of a transaction. */
export function renewCodes(): void {
  overflowTop = OVERFLOWN_CODES;
  looked = 0;
  if (!full && empty != 0) return;
  memory.fill(CODES, 0, indexEntries * 4);
  arenaTop = arena;
  records = 0;
  full = false;
  generation += 1;
  empty = newRecord(0);
  keccak256(empty + CODE_HASH, empty, 0);
  analyze(empty);
}

function recordBytes(size: u32): usize {
  return (<usize>CODE_HEADER + ((<usize>size + 33 + 7) & ~7) + <usize>size * 2 + 31) & ~31;
}

/** Sets up a record for `size` bytes at an address; returns where it ends. */
export function initRecord(record: usize, size: u32): usize {
  const end = record + recordBytes(size);
  memory.fill(record, 0, CODE_HEADER);
  store<u32>(record, size, CODE_SIZE);
  store<u32>(record, <u32>(record + CODE_HEADER), CODE_BYTES);
  const jumps = record + CODE_HEADER + ((<usize>size + 33 + 7) & ~7);
  store<u32>(record, <u32>jumps, CODE_JUMPS);
  memory.fill(record + CODE_HEADER + size, 0, 33);
  memory.fill(jumps, 0, <usize>size * 2);
  return end;
}

/** How far beyond `record` one of this size reaches. */
export function recordEnd(record: usize, size: u32): usize {
  return record + recordBytes(size);
}

/** A record without its bytes; the caller fills in bytes and hash, then calls `analyze`. */
export function newRecord(size: u32): usize {
  const need = recordBytes(size);
  if (records < recordsMax && arenaTop + need <= <usize>HEAP) {
    const record = arenaTop;
    arenaTop += need;
    records += 1;
    initRecord(record, size);
    return record;
  }
  full = true;
  const record = overflowTop;
  overflowTop += need;
  if (overflowTop > <usize>MEMORIES) exhausted();
  initRecord(record, size);
  return record;
}

/** A record that ends with the transaction. */
export function newTransactionRecord(size: u32): usize {
  const record = allocate(recordBytes(size) + 31);
  const aligned = (record + 31) & ~31;
  initRecord(aligned, size);
  return aligned;
}

/** Numbers the JUMPDESTs and recognises EIP-7702's designators. */
export function analyze(record: usize): void {
  const size = load<u32>(record, CODE_SIZE);
  const bytes = <usize>load<u32>(record, CODE_BYTES);
  const jumps = <usize>load<u32>(record, CODE_JUMPS);
  let count: u32 = 0;
  for (let at: u32 = 0; at < size; at++) {
    const op = <u32>load<u8>(bytes + at);
    if (op == 0x5b) {
      if (count < 0xffff) count += 1;
      store<u16>(jumps + at * 2, <u16>count);
    } else if (op - 0x60 < 32) {
      at += op - 0x5f;
    }
  }
  if (size == 23 && load<u16>(bytes) == 0x01ef && load<u8>(bytes, 2) == 0) store<u32>(record, 1, CODE_DELEGATION);
}

/** The record of the code with this hash (32 bytes), asked for when it is not known; 0: it is not here. */
export function codeByHash(hash: usize): usize {
  const mask = indexEntries - 1;
  let at = load<u32>(hash) & mask;
  while (true) {
    const record = <usize>load<u32>(CODES + at * 4);
    if (record == 0) break;
    if (
      load<u64>(record, CODE_HASH) == load<u64>(hash) &&
      load<u64>(record, CODE_HASH + 8) == load<u64>(hash, 8) &&
      load<u64>(record, CODE_HASH + 16) == load<u64>(hash, 16) &&
      load<u64>(record, CODE_HASH + 24) == load<u64>(hash, 24)
    ) {
      return record;
    }
    at = (at + 1) & mask;
  }
  const record = loadCode(hash);
  if (record != 0 && record < <usize>HEAP) store<u32>(CODES + at * 4, <u32>record);
  return record;
}
