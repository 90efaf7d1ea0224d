// What a walk makes: the branches of the trie as it will be, as far as they change, and the list of the positions where
// a branch was or will be.
//
// A slot is where a trie's node hangs: empty, or a leaf or a branch below it. As a value it is 64 bits, SLOT_* above the
// address of what is known of it: of a clean one its reference in the record of the branch above, of a dirty one the
// leaf or the branch.
import { LEAF_BIT, LEAF_DEPTH, LEAF_NEXT, LEAF_PARENT, LEAF_TARGET } from '../src/layout';
import { allocate } from './arena';
import { copyHash } from './paths';
import { embeddedOf, extensionLength, HEADER_ROOM, headerBytes, leavesOf, presentOf, recordBytes } from './records';

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
  // Without branches, which children there are being as good as random; here and where frames and records are read.
  for (let nibble = 0; nibble < 16; nibble++) {
    const there = (present >> nibble) & 1;
    const kind = there | (((leaves >> nibble) & 1) << 1) | (((embedded >> nibble) & 1) << 3);
    store<u64>(frame + (nibble << 3), ((<u64>kind) << 32) | (reference & (0 - there)));
    reference += there << 5;
  }
}

/** Which of the frame's children there are, and from bit 16, 32 and 48 on those that are leaves, dirty and embedded. */
export function frameMasks(frame: usize): u64 {
  let masks: u64 = 0;
  for (let nibble = 0; nibble < 16; nibble++) {
    const kind = <u64>load<u32>(frame + (nibble << 3), 4);
    const bits = (kind & 1) | ((kind & 2) << 15) | ((kind & 4) << 30) | ((kind & 8) << 45);
    masks |= bits << nibble;
  }
  return masks;
}

// A branch.
const NODE_BYTES: usize = 48;
/** u32: a key whose first nibbles lead to its children. */
export const NODE_KEY = 0;
/** u8: nibbles of its position, and those that lead to its children: in between is its extension. */
export const NODE_DEPTH = 4;
export const NODE_END = 5;
/** u16: whether it stands in its extension itself. */
export const NODE_INSIDE = 6;
/** u16: as in a record. */
export const NODE_PRESENT = 8;
export const NODE_LEAVES = 10;
export const NODE_EMBEDDED = 12;
/** u16: its bit in the masks of the branch above. */
export const NODE_BIT = 14;
/** u32: the branch above (0: none), and where its reference goes. */
export const NODE_PARENT = 16;
export const NODE_TARGET = 20;
/** u32: its position's part in the list of positions. */
export const NODE_PLACE = 24;
/** u32: the next of those that are hashed at the same depth. */
export const NODE_NEXT = 28;
/** u32: the references of its children, as in a record, room for a header before them. */
export const NODE_REFERENCES = 32;
/** u32: when it has an extension, where its own reference is once it is hashed. */
export const NODE_OWN = 36;
/** Of a branch that is made of a record in place, u32: the dirty references as they were; u16: their mask, and which
 * children stood in it themselves. */
export const NODE_SAVED = 40;
export const NODE_TOUCHED = 44;
export const NODE_EMBEDDED_BEFORE = 46;

// What is hashed: leaves, and branches by how deep their children hang.
const LEVELS = memory.data(65 * 4, 16);
let firstLeaf: usize = 0;

export function levelOf(end: i32): usize {
  return load<u32>(LEVELS + (end << 2));
}

export function leavesToHash(): usize {
  return firstLeaf;
}

/**
 * The branch hangs at `depth` of the key and has the frame's children, whose masks are given; each dirty one knows where
 * it is. When its place had a branch of the same extension and children (`before`, or 0), it takes the memory of that
 * one's record, which most do: what is not touched is not copied.
 */
export function makeNode(frame: usize, masks: u64, key: usize, depth: i32, end: i32, place: usize, before: usize): u64 {
  const present = (<u32>masks) & 0xffff;
  const leaves = (<u32>(masks >> 16)) & 0xffff;
  const dirty = (<u32>(masks >> 32)) & 0xffff;
  const node = allocate(NODE_BYTES);
  store<u32>(node + NODE_KEY, key);
  store<u8>(node + NODE_END, end);
  store<u16>(node + NODE_INSIDE, 0);
  store<u16>(node + NODE_PRESENT, present);
  store<u16>(node + NODE_LEAVES, leaves);
  store<u16>(node + NODE_EMBEDDED, masks >> 48);
  store<u32>(node + NODE_NEXT, levelOf(end));
  store<u32>(LEVELS + (end << 2), node);
  movePlace(node, depth, place);
  recordBytesSum += HEADER_ROOM + (popcnt(present) << 5);
  if (before != 0 && presentOf(before) == present && leavesOf(before) == leaves) {
    store<u32>(place + PLACE_SAVED, node);
    takeRecord(node, before, frame, dirty);
  } else {
    makeReferences(node, frame, dirty);
  }
  return SLOT_DIRTY_BRANCH | node;
}

/** The branch's references are those of the record; what the dirty ones were is kept. */
function takeRecord(node: usize, record: usize, frame: usize, dirty: u32): void {
  const present = <u32>load<u16>(node + NODE_PRESENT);
  const references = record + headerBytes(extensionLength(record));
  let saved = allocate(popcnt(dirty) << 5);
  store<u32>(node + NODE_REFERENCES, references);
  store<u32>(node + NODE_SAVED, saved);
  store<u16>(node + NODE_TOUCHED, dirty);
  store<u16>(node + NODE_EMBEDDED_BEFORE, embeddedOf(record));
  for (let left = dirty; left != 0; left &= left - 1) {
    const nibble = ctz(left);
    const reference = references + (popcnt(present & ((1 << nibble) - 1)) << 5);
    copyHash(saved, reference);
    saved += 32;
    hang(load<u64>(frame + (nibble << 3)), reference, node, 1 << nibble, <i32>load<u8>(node + NODE_END) + 1);
  }
}

/** The branch has references of its own: copies of the clean ones. */
function makeReferences(node: usize, frame: usize, dirty: u32): void {
  const present = <u32>load<u16>(node + NODE_PRESENT);
  let reference = allocate(HEADER_ROOM + (popcnt(present) << 5)) + HEADER_ROOM;
  store<u32>(node + NODE_REFERENCES, reference);
  for (let left = present; left != 0; left &= left - 1) {
    const nibble = ctz(left);
    const bit: u32 = 1 << nibble;
    const slot = load<u64>(frame + (nibble << 3));
    if ((dirty & bit) != 0) hang(slot, reference, node, bit, <i32>load<u8>(node + NODE_END) + 1);
    else copyHash(reference, slotAddress(slot));
    reference += 32;
  }
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
/** u32: the branch that was made in place of the record before, or 0: that one is as it was. */
export const PLACE_SAVED = 24;
/** What is there is what was there. */
export const UNTOUCHED: u32 = 1;

/** The head of the list. */
const PLACES = memory.data(32, 16);
let lastPlace: usize = 0;
/** How many there are, and bytes that their records before and afterwards take at most. */
let places: usize = 0;
let recordBytesSum: usize = 0;

export function firstPlace(): usize {
  return load<u32>(PLACES + PLACE_NEXT);
}

export function placeCount(): usize {
  return places;
}

export function recordBytesMax(): usize {
  return recordBytesSum;
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
  store<u32>(place + PLACE_SAVED, 0);
  places += 1;
  if (before != 0) recordBytesSum += recordBytes(before);
  store<u32>(place + PLACE_NEXT, load<u32>(previous + PLACE_NEXT));
  store<u32>(previous + PLACE_NEXT, place);
  if (previous == lastPlace) lastPlace = place;
  return place;
}

/** Nothing is made yet. */
export function resetNodes(): void {
  memory.fill(LEVELS, 0, 65 * 4);
  firstLeaf = 0;
  places = 0;
  recordBytesSum = 0;
  lastPlace = PLACES;
  store<u32>(PLACES + PLACE_NEXT, 0);
}
