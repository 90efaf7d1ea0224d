// Branches that were used lately, between commits: records by owner and position, below the arena. Two generations: when
// the younger is full it becomes the elder, and what was in the elder and not used since is gone.
//
//   generation   index: u32 hash, u32 address of the entry (0: none), a power of two of them, at most half full
//                log: entries one after the other
//   entry        u32 nibbles of the position, times 65,536, and bytes of the record (0: none hangs there)
//                f64 owner; the position, a nibble a byte; the record
import { ROW_BATCH, ROW_BYTES, ROW_POSITION, ROW_RECORD, ROW_SIZES, BATCH_OWNER } from '../src/layout';

const ENTRY_HEAD: usize = 12;
/** A generation has a place in its index for so many bytes; records have some 330. */
const BYTES_A_PLACE: usize = 128;
/** What `cachedRecord` answers for a branch that it does not know. */
export const UNKNOWN: i32 = -1;

/** Bytes of a generation; 0: there is no cache. */
let half: usize = 0;
let indexBytes: usize = 0;
let younger: usize = 0;
let elder: usize = 0;
/** Where the younger's next entry goes, and how many it has. */
let next: usize = 0;
let count: usize = 0;
/** Entries of hashes that somebody chose would all collide but for it. It moves entries, never answers. */
let seed: u32 = 0;

let hits: f64 = 0;
let misses: f64 = 0;

/** Before anything is allocated: where the cache ends. */
export function placeCache(start: usize, bytes: usize, hashSeed: u32): usize {
  half = (bytes >> 1) & ~15;
  seed = hashSeed;
  if (half < 4096) {
    half = 0;
    return start;
  }
  indexBytes = 8;
  while (indexBytes < (half / BYTES_A_PLACE) * 8) indexBytes <<= 1;
  younger = start;
  elder = start + half;
  next = younger + indexBytes;
  return start + (half << 1);
}

export function cacheHits(): f64 {
  return hits;
}

export function cacheMisses(): f64 {
  return misses;
}

/** Writes the branch's record to `out`. Its size; 0: none hangs there; UNKNOWN. */
export function cachedRecord(owner: f64, position: usize, depth: u32, out: usize): i32 {
  if (half == 0) return UNKNOWN;
  const hash = hashOf(owner, position, depth);
  let entry = find(younger, hash, owner, position, depth);
  if (entry == 0) {
    entry = find(elder, hash, owner, position, depth);
    if (entry == 0) {
      misses += 1;
      return UNKNOWN;
    }
    const size = load<u32>(entry) & 0xffff;
    memory.copy(out, entry + ENTRY_HEAD + depth, size);
    insert(hash, owner, position, depth, out, size);
    hits += 1;
    return size;
  }
  const size = load<u32>(entry) & 0xffff;
  memory.copy(out, entry + ENTRY_HEAD + depth, size);
  hits += 1;
  return size;
}

/** From now on this is what hangs there; `size` 0: nothing. */
export function keepRecord(owner: f64, position: usize, depth: u32, record: usize, size: u32): void {
  if (half != 0) insert(hashOf(owner, position, depth), owner, position, depth, record, size);
}

/** The same of all rows of the commit that is still in the arena. */
export function keepRows(first: usize, end: usize): void {
  for (let row = first; row < end; row += ROW_BYTES) {
    const sizes = load<u32>(row + ROW_SIZES);
    const owner = load<f64>(<usize>load<u32>(row + ROW_BATCH) + BATCH_OWNER);
    keepRecord(owner, load<u32>(row + ROW_POSITION), sizes >> 16, load<u32>(row + ROW_RECORD), sizes & 0xffff);
  }
}

function insert(hash: u32, owner: f64, position: usize, depth: u32, record: usize, size: u32): void {
  let place = placeOf(younger, hash, owner, position, depth);
  const before = <usize>load<u32>(place + 4);
  if (before != 0 && (load<u32>(before) & 0xffff) == size) {
    // Nearly always: a branch seldom gets or loses a child.
    memory.copy(before + ENTRY_HEAD + depth, record, size);
    return;
  }
  const bytes = (ENTRY_HEAD + depth + size + 3) & ~3;
  if (next + bytes > younger + half || (count + 1) << 4 > indexBytes) {
    turn();
    place = placeOf(younger, hash, owner, position, depth);
  }
  if (load<u32>(place + 4) == 0) count += 1;
  store<u32>(place, hash);
  store<u32>(place + 4, next);
  store<u32>(next, (depth << 16) | size);
  store<f64>(next + 4, owner);
  memory.copy(next + ENTRY_HEAD, position, depth);
  memory.copy(next + ENTRY_HEAD + depth, record, size);
  next += bytes;
}

function turn(): void {
  const emptied = elder;
  elder = younger;
  younger = emptied;
  memory.fill(younger, 0, indexBytes);
  next = younger + indexBytes;
  count = 0;
}

function find(generation: usize, hash: u32, owner: f64, position: usize, depth: u32): usize {
  return <usize>load<u32>(placeOf(generation, hash, owner, position, depth) + 4);
}

/** Where the index has the branch, or where it would go. */
function placeOf(generation: usize, hash: u32, owner: f64, position: usize, depth: u32): usize {
  const mask = indexBytes - 1;
  let place = generation + (((<usize>hash) << 3) & mask);
  for (let entry = <usize>load<u32>(place + 4); entry != 0; entry = <usize>load<u32>(place + 4)) {
    if (load<u32>(place) == hash && isOf(entry, owner, position, depth)) break;
    place = generation + ((place - generation + 8) & mask);
  }
  return place;
}

function isOf(entry: usize, owner: f64, position: usize, depth: u32): bool {
  if (load<u32>(entry) >> 16 != depth || load<f64>(entry + 4) != owner) return false;
  for (let i: u32 = 0; i < depth; i++) if (load<u8>(entry + ENTRY_HEAD + i) != load<u8>(position + i)) return false;
  return true;
}

function hashOf(owner: f64, position: usize, depth: u32): u32 {
  let hash: u64 = (reinterpret<u64>(owner) ^ ((<u64>seed) << 7) ^ ((<u64>depth) << 56)) * 0x9e3779b97f4a7c15;
  for (let i: u32 = 0; i < depth; i++) hash = (hash ^ (hash >> 29) ^ load<u8>(position + i)) * 0xd6e8feb86659fd93;
  return <u32>(hash ^ (hash >> 32));
}
