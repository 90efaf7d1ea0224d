// What a walk makes: the branches of the trie as it will be, as far as they change, and the list of the positions where
// a branch was or will be.
//
// A slot is where a trie's node hangs: empty, or a leaf or a branch below it. As a value it is 64 bits, SLOT_* above the
// address of what is known of it: of a clean one its reference in the record of the branch above, of a dirty one the
// leaf or the branch.
import { LEAF_BIT, LEAF_DEPTH, LEAF_NEXT, LEAF_PARENT, LEAF_TARGET } from '../src/layout';
import { allocate } from './arena';
import { copyHash } from './paths';
import { embeddedOf, headerBytes, extensionLength, leavesOf, presentOf } from './records';

export const SLOT_EMPTY: u64 = 0;
const PRESENT: u64 = 1 << 32;
const LEAF: u64 = 2 << 32;
const DIRTY: u64 = 4 << 32;
const EMBEDDED: u64 = 8 << 32;
export const SLOT_CLEAN_BRANCH = PRESENT;
export const SLOT_CLEAN_LEAF = PRESENT | LEAF;
export const SLOT_DIRTY_BRANCH = PRESENT | DIRTY;
export const SLOT_DIRTY_LEAF = PRESENT | LEAF | DIRTY;
const KIND = PRESENT | LEAF | DIRTY;

export function slotKind(slot: u64): u64 {
  return slot & KIND;
}

export function slotAddress(slot: u64): usize {
  return <usize>slot;
}

// The children of the branches that the walk is in: 16 slots for each depth at which a branch may have them.
const FRAMES = memory.data(64 * 128, 16);

export function frameOf(end: i32): usize {
  return FRAMES + (end << 7);
}

export function clearFrame(frame: usize): void {
  const empty = i64x2.splat(0);
  for (let i: usize = 0; i < 128; i += 16) v128.store(frame + i, empty);
}

/** The frame has the children of the record, all clean. */
export function openFrame(frame: usize, record: usize): void {
  const present = presentOf(record);
  const leaves = leavesOf(record);
  const embedded = embeddedOf(record);
  let reference = record + headerBytes(extensionLength(record));
  clearFrame(frame);
  for (let left = present; left != 0; left &= left - 1) {
    const nibble = ctz(left);
    const bit: u32 = 1 << nibble;
    let slot = PRESENT | reference;
    if ((leaves & bit) != 0) slot |= LEAF;
    if ((embedded & bit) != 0) slot |= EMBEDDED;
    store<u64>(frame + (nibble << 3), slot);
    reference += 32;
  }
}

// A branch.
const NODE_BYTES: usize = 48;
/** u32: a key whose first nibbles lead to its children. */
export const NODE_KEY = 0;
/** u8: nibbles of its position, and those that lead to its children: in between is its extension. */
export const NODE_DEPTH = 4;
export const NODE_END = 5;
/** u16: as in a record. */
export const NODE_PRESENT = 8;
export const NODE_LEAVES = 10;
export const NODE_EMBEDDED = 12;
/** u16: its bit in the masks of the branch above; whether it stands in its extension. */
export const NODE_BIT = 14;
export const NODE_INSIDE = 16;
/** u32: the branch above (0: none), and where its reference goes. */
export const NODE_PARENT = 20;
export const NODE_TARGET = 24;
/** u32: its position's part in the list of positions. */
export const NODE_PLACE = 28;
/** u32: the next of those that are hashed at the same depth. */
export const NODE_NEXT = 32;
/** 32 bytes: when it has an extension, its own reference; then those of its children, as in a record. */
export const NODE_OWN: usize = NODE_BYTES;
export const NODE_REFERENCES: usize = NODE_BYTES + 32;

// What is hashed: leaves, and branches by how deep their children hang.
const LEVELS = memory.data(65 * 4, 16);
let firstLeaf: usize = 0;

export function levelOf(end: i32): usize {
  return load<u32>(LEVELS + (end << 2));
}

export function leavesToHash(): usize {
  return firstLeaf;
}

/** The branch hangs at `depth` of the key and has the frame's children; each dirty one knows where it is. */
export function makeNode(frame: usize, key: usize, depth: i32, end: i32, place: usize): u64 {
  let count: usize = 0;
  for (let i: usize = 0; i < 128; i += 8) count += <usize>(load<u64>(frame + i) != SLOT_EMPTY);
  const node = allocate(NODE_REFERENCES + (count << 5));
  let present: u32 = 0;
  let leaves: u32 = 0;
  let embedded: u32 = 0;
  let reference = node + NODE_REFERENCES;
  for (let nibble = 0; nibble < 16; nibble++) {
    const slot = load<u64>(frame + (nibble << 3));
    if (slot == SLOT_EMPTY) continue;
    const bit: u32 = 1 << nibble;
    present |= bit;
    if ((slot & LEAF) != 0) leaves |= bit;
    if ((slot & DIRTY) == 0) {
      copyHash(reference, slotAddress(slot));
      if ((slot & EMBEDDED) != 0) embedded |= bit;
    } else {
      hang(slot, reference, node, bit, end + 1);
    }
    reference += 32;
  }
  store<u32>(node + NODE_KEY, key);
  store<u8>(node + NODE_END, end);
  store<u16>(node + NODE_PRESENT, present);
  store<u16>(node + NODE_LEAVES, leaves);
  store<u16>(node + NODE_EMBEDDED, embedded);
  store<u16>(node + NODE_INSIDE, 0);
  store<u32>(node + NODE_NEXT, levelOf(end));
  store<u32>(LEVELS + (end << 2), node);
  movePlace(node, depth, place);
  return SLOT_DIRTY_BRANCH | node;
}

/** The branch hangs at `depth` and has that place. */
export function movePlace(node: usize, depth: i32, place: usize): void {
  store<u8>(node + NODE_DEPTH, depth);
  store<u32>(node + NODE_PLACE, place);
  store<u32>(place + PLACE_NODE, node);
}

/** The dirty node is in its final place: its reference goes to `target` and `bit` of `parent`. */
export function hang(slot: u64, target: usize, parent: usize, bit: u32, depth: i32): void {
  const node = slotAddress(slot);
  if ((slot & LEAF) == 0) {
    store<u32>(node + NODE_TARGET, target);
    store<u32>(node + NODE_PARENT, parent);
    store<u16>(node + NODE_BIT, bit);
    return;
  }
  store<u32>(node + LEAF_TARGET, target);
  store<u32>(node + LEAF_PARENT, parent);
  store<u16>(node + LEAF_BIT, bit);
  store<u8>(node + LEAF_DEPTH, depth);
  store<u32>(node + LEAF_NEXT, firstLeaf);
  firstLeaf = node;
}

// A place: a position where a branch was or will be. Places are listed in the order of (owner, position).
const PLACE_BYTES: usize = 32;
/** u32: a key that begins with the position. */
export const PLACE_KEY = 0;
/** u32: nibbles of the position. */
export const PLACE_DEPTH = 4;
/** u32: the batch. */
export const PLACE_BATCH = 8;
/** u32: the record before, or 0. */
export const PLACE_BEFORE = 12;
/** u32: the branch afterwards, 0: none, or UNTOUCHED. */
export const PLACE_NODE = 16;
export const PLACE_NEXT = 20;
/** What is there is what was there. */
export const UNTOUCHED: u32 = 1;

/** The head of the list. */
const PLACES = memory.data(32, 16);
let lastPlace: usize = 0;

export function firstPlace(): usize {
  return load<u32>(PLACES + PLACE_NEXT);
}

export function currentPlace(): usize {
  return lastPlace;
}

/** A place behind `previous`. */
export function placeAfter(previous: usize, batch: usize, key: usize, depth: i32, before: usize): usize {
  const place = allocate(PLACE_BYTES);
  store<u32>(place + PLACE_KEY, key);
  store<u32>(place + PLACE_DEPTH, depth);
  store<u32>(place + PLACE_BATCH, batch);
  store<u32>(place + PLACE_BEFORE, before);
  store<u32>(place + PLACE_NODE, 0);
  store<u32>(place + PLACE_NEXT, load<u32>(previous + PLACE_NEXT));
  store<u32>(previous + PLACE_NEXT, place);
  if (previous == lastPlace) lastPlace = place;
  return place;
}

/** Nothing is made yet. */
export function resetNodes(): void {
  memory.fill(LEVELS, 0, 65 * 4);
  firstLeaf = 0;
  lastPlace = PLACES;
  store<u32>(PLACES + PLACE_NEXT, 0);
}
