// Nodes as RLP, hashed from the leaves up: all leaves at once, then level by level, deepest first, across all tries.
import {
  LEAF_BIT,
  LEAF_DEPTH,
  LEAF_KEY,
  LEAF_NEXT,
  LEAF_PARENT,
  LEAF_SIZE,
  LEAF_TARGET,
  LEAF_VALUE,
} from '../src/layout';
import { allocate } from './arena';
import { closeMessage, finishDigests, openMessage } from './digests';
import {
  leavesToHash,
  levelOf,
  NODE_BIT,
  NODE_DEPTH,
  NODE_EMBEDDED,
  NODE_END,
  NODE_INSIDE,
  NODE_KEY,
  NODE_NEXT,
  NODE_OWN,
  NODE_PARENT,
  NODE_PRESENT,
  NODE_REFERENCES,
  NODE_TARGET,
} from './nodes';
import { copyBytes, copyHash, nibbleAt } from './paths';
import { embeddedBytes } from './records';

/** Branches whose extension is hashed at a depth, linked as their levels are. */
const EXTENSIONS = memory.data(64 * 4, 16);
/** An encoding that may be below 32 bytes, and what copies write beyond it. */
const SMALL = memory.data(96, 16);

/** Every dirty node has its reference where it hangs, every batch its root. */
export function hashAll(): void {
  memory.fill(EXTENSIONS, 0, 64 * 4);
  for (let leaf = leavesToHash(); leaf != 0; leaf = load<u32>(leaf + LEAF_NEXT)) hashLeaf(leaf);
  finishDigests();
  for (let depth = 63; depth >= 0; depth--) {
    for (let node = levelOf(depth); node != 0;) {
      const next = <usize>load<u32>(node + NODE_NEXT);
      hashBranch(node, depth);
      node = next;
    }
    for (let node = <usize>load<u32>(EXTENSIONS + (depth << 2)); node != 0; node = load<u32>(node + NODE_NEXT)) {
      hashExtension(node);
    }
    finishDigests();
  }
}

function hashLeaf(leaf: usize): void {
  const depth = <i32>load<u8>(leaf + LEAF_DEPTH);
  const value = <usize>load<u32>(leaf + LEAF_VALUE);
  const size = <usize>load<u32>(leaf + LEAF_SIZE);
  const payload = pathBytes(64 - depth) + stringBytes(value, size);
  const parent = <usize>load<u32>(leaf + LEAF_PARENT);
  const target = <usize>load<u32>(leaf + LEAF_TARGET);
  const total = headBytes(payload) + payload;
  const embed = total < 32 && parent != 0;
  const message = embed ? SMALL : openMessage(total);
  let to = writePath(writeListHead(message, payload), leaf + LEAF_KEY, depth, 64, 0x20);
  if (size > 1 || load<u8>(value) >= 0x80) to = writeStringHead(to, size);
  copyBytes(to, value, size);
  if (embed) embedAt(target, total, parent + NODE_EMBEDDED, load<u16>(leaf + LEAF_BIT));
  else closeMessage(message, total, target);
}

function hashBranch(node: usize, end: i32): void {
  const present = <u32>load<u16>(node + NODE_PRESENT);
  const embedded = <u32>load<u16>(node + NODE_EMBEDDED);
  const references = <usize>load<u32>(node + NODE_REFERENCES);
  const payload = 17 + (popcnt(present) << 5) - emptyBytes(references, present, embedded);
  const total = headBytes(payload) + payload;
  const extended = <i32>load<u8>(node + NODE_DEPTH) < end;
  const parent = <usize>load<u32>(node + NODE_PARENT);
  const embed = total < 32 && (extended || parent != 0);
  const message = embed ? SMALL : openMessage(total);
  writeChildren(writeListHead(message, payload), references, present, embedded);
  let target = <usize>load<u32>(node + NODE_TARGET);
  let mask = parent + NODE_EMBEDDED;
  let bit = <u32>load<u16>(node + NODE_BIT);
  if (extended) {
    const level = EXTENSIONS + ((<usize>load<u8>(node + NODE_DEPTH)) << 2);
    store<u32>(node + NODE_NEXT, load<u32>(level));
    store<u32>(level, node);
    target = allocate(32);
    store<u32>(node + NODE_OWN, target);
    mask = node + NODE_INSIDE;
    bit = 1;
  }
  if (embed) embedAt(target, total, mask, bit);
  else closeMessage(message, total, target);
}

function hashExtension(node: usize): void {
  const depth = <i32>load<u8>(node + NODE_DEPTH);
  const end = <i32>load<u8>(node + NODE_END);
  const inside = load<u16>(node + NODE_INSIDE) != 0;
  const own = <usize>load<u32>(node + NODE_OWN);
  const payload = pathBytes(end - depth) + (inside ? embeddedBytes(own) : 33);
  const total = headBytes(payload) + payload;
  const parent = <usize>load<u32>(node + NODE_PARENT);
  const embed = total < 32 && parent != 0;
  const message = embed ? SMALL : openMessage(total);
  const to = writePath(writeListHead(message, payload), load<u32>(node + NODE_KEY), depth, end, 0);
  writeReference(to, own, inside);
  const target = <usize>load<u32>(node + NODE_TARGET);
  if (embed) embedAt(target, total, parent + NODE_EMBEDDED, load<u16>(node + NODE_BIT));
  else closeMessage(message, total, target);
}

/** The encoding in SMALL becomes the reference itself, which the bit in the mask says. */
function embedAt(target: usize, total: usize, mask: usize, bit: u32): void {
  const zero = i64x2.splat(0);
  v128.store(SMALL + total, zero);
  v128.store(SMALL + total, zero, 16);
  copyHash(target, SMALL);
  store<u16>(mask, load<u16>(mask) | bit);
}

/** By how much references that stand in the branch itself are shorter than the 32 bytes that a digest adds. */
function emptyBytes(references: usize, present: u32, embedded: u32): usize {
  let bytes: usize = 0;
  for (let left = embedded; left != 0; left &= left - 1) {
    const rank = popcnt(present & ((1 << ctz(left)) - 1));
    bytes += 33 - embeddedBytes(references + (rank << 5));
  }
  return bytes;
}

function writeChildren(to: usize, reference: usize, present: u32, embedded: u32): void {
  if (embedded == 0) return writeDigests(to, reference, present);
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((present & (1 << nibble)) == 0) {
      store<u8>(to++, 0x80);
    } else {
      to = writeReference(to, reference, (embedded & (1 << nibble)) != 0);
      reference += 32;
    }
  }
  store<u8>(to, 0x80);
}

/** The same when all children are digests, without branches. Reads and writes up to 32 bytes beyond. */
function writeDigests(to: usize, reference: usize, present: u32): void {
  for (let nibble = 0; nibble < 16; nibble++) {
    const bytes = ((present >> nibble) & 1) << 5;
    store<u8>(to, 0x80 + bytes);
    copyHash(to + 1, reference);
    to += 1 + bytes;
    reference += bytes;
  }
  store<u8>(to, 0x80);
}

/** Behind the reference; writes up to 31 bytes beyond. */
function writeReference(to: usize, reference: usize, embedded: bool): usize {
  if (embedded) {
    copyHash(to, reference);
    return to + embeddedBytes(reference);
  }
  store<u8>(to, 0xa0);
  copyHash(to + 1, reference);
  return to + 33;
}

/** Bytes of a hex-prefix path (yellow paper, appendix C) of so many nibbles as an RLP string. */
function pathBytes(nibbles: i32): usize {
  return nibbles < 2 ? 1 : 2 + (nibbles >> 1);
}

/** The key's nibbles from `from` to `end` as such a path: of a leaf with `flag` 0x20, of an extension with 0. */
function writePath(to: usize, key: usize, from: i32, end: i32, flag: u32): usize {
  const nibbles = end - from;
  if (nibbles > 1) store<u8>(to++, 0x81 + (nibbles >> 1));
  if ((nibbles & 1) != 0) {
    store<u8>(to++, flag | 0x10 | nibbleAt(key, from));
    from++;
  } else {
    store<u8>(to++, flag);
  }
  if ((from & 1) == 0) {
    copyBytes(to, key + (from >> 1), (<usize>(end - from)) >> 1);
    return to + ((end - from) >> 1);
  }
  for (; from < end; from += 2) store<u8>(to++, (nibbleAt(key, from) << 4) | nibbleAt(key, from + 1));
  return to;
}

function stringBytes(at: usize, size: usize): usize {
  return size == 1 && load<u8>(at) < 0x80 ? 1 : headBytes(size) + size;
}

/** Bytes that say what length follows. */
function headBytes(size: usize): usize {
  return size < 56 ? 1 : 1 + lengthBytes(size);
}

function lengthBytes(size: usize): usize {
  return 4 - (clz(<u32>size) >> 3);
}

function writeListHead(to: usize, size: usize): usize {
  return writeHead(to, size, 0xc0);
}

function writeStringHead(to: usize, size: usize): usize {
  return writeHead(to, size, 0x80);
}

function writeHead(to: usize, size: usize, kind: u32): usize {
  if (size < 56) {
    store<u8>(to, kind + size);
    return to + 1;
  }
  const bytes = lengthBytes(size);
  store<u8>(to++, kind + 55 + bytes);
  for (let i = bytes; i > 0; i--) store<u8>(to++, size >> ((i - 1) << 3));
  return to;
}
