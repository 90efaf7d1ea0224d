// Where a batch goes through its trie: what is read, what becomes of each slot, and which branches are made.
//
// The changes are leaves in the order of their keys, so those that go through a slot are a range [first, end). Every
// function here is told the slot it works on by the path's first `depth` nibbles, and leaves these as they are.
import {
  BATCH_DEPTH,
  BATCH_END,
  BATCH_FIRST,
  BATCH_OWNER,
  BATCH_POSITION,
  BATCH_NODE,
  BATCH_ROOT,
  BATCH_TOP,
  FAIL_BRANCH_MISSING,
  FAIL_EXISTED,
  FAIL_LEAF_ELSEWHERE,
  FAIL_LEAF_MISSING,
  LEAF_BYTES,
  LEAF_EXISTED,
  LEAF_KEY,
  LEAF_SIZE,
  TOP_BRANCH,
  TOP_EMPTY,
  TOP_LEAF,
} from '../src/layout';
import { allocate } from './arena';
import { fail, readLeaf } from './host';
import {
  clearFrame,
  currentPlace,
  frameMasks,
  frameOf,
  hang,
  makeNode,
  movePlace,
  NODE_PLACE,
  openFrame,
  PLACE_NODE,
  placeAfter,
  SLOT_CLEAN_BRANCH,
  SLOT_CLEAN_LEAF,
  SLOT_DIRTY_LEAF,
  SLOT_EMPTY,
  slotAddress,
  slotKind,
  UNTOUCHED,
} from './nodes';
import { compareKeys, followExtension, nibbleAt, packPath, PATH, sharedNibbles } from './paths';
import { extensionLength, loadRecord } from './records';

let batch: usize = 0;
let owner: f64 = 0;

/** For each depth and touched nibble, the last place below it: whoever finds a branch beside it has its place there. */
const TAILS = memory.data(64 * 64, 16);

/** Afterwards the batch's top is made, and all that changes below it. */
export function walkBatch(at: usize): void {
  batch = at;
  owner = load<f64>(batch + BATCH_OWNER);
  const depth = load<i32>(batch + BATCH_DEPTH);
  const first = <usize>load<u32>(batch + BATCH_FIRST);
  const end = <usize>load<u32>(batch + BATCH_END);
  memory.copy(PATH, batch + BATCH_POSITION, depth);
  const top = updateTop(first, end, depth);
  store<u32>(batch + BATCH_NODE, slotAddress(top));
  if (top == SLOT_EMPTY) {
    store<u32>(batch + BATCH_TOP, TOP_EMPTY);
    return;
  }
  store<u32>(batch + BATCH_TOP, slotKind(top) == SLOT_DIRTY_LEAF ? TOP_LEAF : TOP_BRANCH);
  hang(top, batch + BATCH_ROOT, 0, 0, depth);
}

/** Empty or dirty: a top is made anew even when nothing changes, since its root is wanted. */
function updateTop(first: usize, end: usize, depth: i32): u64 {
  const record = loadRecord(owner, depth);
  if (record != 0) return updateBranch(SLOT_EMPTY, record, depth, true, first, end);
  return updateWithLeaf(loadLeaf(depth), first, end, depth);
}

/** The slot after the changes; the same value when it stays as it is. */
function update(slot: u64, first: usize, end: usize, depth: i32): u64 {
  const kind = slotKind(slot);
  if (kind == SLOT_CLEAN_BRANCH) {
    const record = loadRecord(owner, depth);
    if (record == 0) fail(FAIL_BRANCH_MISSING, depth, 0);
    return updateBranch(slot, record, depth, true, first, end);
  }
  const puts = countPuts(first, end);
  if (kind == SLOT_CLEAN_LEAF) {
    // The leaf is one of those changed, or it is not touched by deletes of what is not there, or it has to be read.
    const existed = countExisted(first, end);
    if (existed == 1) return build(0, first, end, depth);
    if (existed == 0 && puts == 0) return slot;
    const leaf = loadLeaf(depth);
    if (leaf == 0) fail(FAIL_LEAF_MISSING, depth, 0);
    return updateWithLeaf(leaf, first, end, depth);
  }
  if (countExisted(first, end) != 0) fail(FAIL_EXISTED, depth, 0);
  return puts == 0 ? SLOT_EMPTY : build(0, first, end, depth);
}

/** The slot that had this leaf (0: was empty). */
function updateWithLeaf(leaf: usize, first: usize, end: usize, depth: i32): u64 {
  for (let at = first; at < end; at += LEAF_BYTES) {
    const here = leaf != 0 && compareKeys(leaf, at) == 0;
    if (here != (load<u32>(at + LEAF_EXISTED) != 0)) fail(FAIL_EXISTED, 0xff, at);
  }
  return build(leaf, first, end, depth);
}

function countPuts(first: usize, end: usize): usize {
  let count: usize = 0;
  for (let at = first; at < end; at += LEAF_BYTES) count += <usize>(load<u32>(at + LEAF_SIZE) != 0);
  return count;
}

function countExisted(first: usize, end: usize): u32 {
  let count: u32 = 0;
  for (let at = first; at < end; at += LEAF_BYTES) count += load<u32>(at + LEAF_EXISTED);
  return count;
}

/** The source's leaf in the slot, or 0. */
function loadLeaf(depth: i32): usize {
  const leaf = readLeaf(owner, depth);
  if (leaf == 0) return 0;
  for (let i = 0; i < depth; i++) {
    if (nibbleAt(leaf + LEAF_KEY, i) != <i32>load<u8>(PATH + i)) fail(FAIL_LEAF_ELSEWHERE, depth, 0);
  }
  return leaf;
}

// ---- what is made of leaves alone

/** What the puts of the changes make together with a leaf (0: none) that was there, unless it is among the changes. */
function build(leaf: usize, first: usize, end: usize, depth: i32): u64 {
  const list = allocate(((end - first) / LEAF_BYTES + 1) << 2);
  let to = list;
  for (let at = first; at < end; at += LEAF_BYTES) {
    if (leaf != 0) {
      const order = compareKeys(leaf, at);
      if (order < 0) {
        store<u32>(to, leaf);
        to += 4;
      }
      if (order <= 0) leaf = 0;
    }
    if (load<u32>(at + LEAF_SIZE) != 0) {
      store<u32>(to, at);
      to += 4;
    }
  }
  if (leaf != 0) {
    store<u32>(to, leaf);
    to += 4;
  }
  return to == list ? SLOT_EMPTY : buildFrom(list, to, depth);
}

/** The subtree of the leaves whose addresses are listed: at least one, by rising key. */
function buildFrom(list: usize, listEnd: usize, depth: i32): u64 {
  const key = <usize>load<u32>(list);
  if (listEnd - list == 4) return SLOT_DIRTY_LEAF | key;
  const end = sharedNibbles(key, load<u32>(listEnd - 4));
  const place = placeAfter(currentPlace(), batch, key, depth, 0);
  const frame = frameOf(end);
  clearFrame(frame);
  while (list < listEnd) {
    const nibble = nibbleAt(load<u32>(list), end);
    let to = list + 4;
    while (to < listEnd && nibbleAt(load<u32>(to), end) == nibble) to += 4;
    store<u64>(frame + (nibble << 3), buildFrom(list, to, end + 1));
    list = to;
  }
  return makeNode(frame, frameMasks(frame), key, depth, end, place, 0);
}

// ---- what becomes of a branch

/** The slot that had, or (not `here`) gets, the branch of a record with all of its extension. */
function updateBranch(slot: u64, record: usize, depth: i32, here: bool, first: usize, end: usize): u64 {
  const nibbles = extensionLength(record);
  followExtension(record + 1, nibbles, depth);
  return updateBelow(slot, record, depth, depth + nibbles, here, first, end);
}

/**
 * The same with the part of the extension from `depth` to `fork`, which is in the path: the branch's children are one
 * nibble below `fork`. `slot` is given back when nothing changes, unless it is empty: then there is a branch anyway.
 */
function updateBelow(slot: u64, record: usize, depth: i32, fork: i32, here: bool, first: usize, end: usize): u64 {
  let key = first;
  if (fork > depth || first == end) {
    key = allocate(32);
    packPath(key, fork);
    const split = splitDepth(key, fork, first, end);
    if (split < fork) return splitExtension(record, key, depth, split, fork, here, first, end);
    while (first < end && sharedNibbles(key, first) < fork) first += LEAF_BYTES;
    while (first < end && sharedNibbles(key, end - LEAF_BYTES) < fork) end -= LEAF_BYTES;
  }
  const place = placeAfter(currentPlace(), batch, key, depth, here ? record : 0);
  const frame = frameOf(fork);
  openFrame(frame, record);
  let touched: u32 = 0;
  let changed = slot == SLOT_EMPTY;
  for (let to = first; first < end; first = to) {
    const nibble = nibbleAt(first, fork);
    while (to < end && nibbleAt(to, fork) == nibble) to += LEAF_BYTES;
    store<u8>(PATH + fork, nibble);
    const child = load<u64>(frame + (nibble << 3));
    const updated = update(child, first, to, fork + 1);
    store<u64>(frame + (nibble << 3), updated);
    changed = changed || updated != child;
    touched |= 1 << nibble;
    store<u32>(TAILS + (fork << 6) + (nibble << 2), currentPlace());
  }
  if (changed) return finishBranch(key, depth, fork, place, touched, here ? record : 0);
  store<u32>(place + PLACE_NODE, UNTOUCHED);
  return slot;
}

/** How far all puts go along the path that `key` has down to `fork`: `fork`, unless one leaves the extension. */
function splitDepth(key: usize, fork: i32, first: usize, end: usize): i32 {
  let split = fork;
  for (let at = first; at < end; at += LEAF_BYTES) {
    const shared = sharedNibbles(key, at);
    if (shared >= fork) continue;
    if (load<u32>(at + LEAF_EXISTED) != 0) fail(FAIL_EXISTED, 0xff, at);
    if (load<u32>(at + LEAF_SIZE) != 0) split = min(split, shared);
  }
  return split;
}

/** A new branch in the middle of an extension: the branch that was below it hangs there with the rest of it. */
function splitExtension(
  record: usize,
  key: usize,
  depth: i32,
  split: i32,
  fork: i32,
  here: bool,
  first: usize,
  end: usize,
): u64 {
  const place = placeAfter(currentPlace(), batch, key, depth, here ? record : 0);
  const frame = frameOf(split);
  clearFrame(frame);
  const own = nibbleAt(key, split);
  while (first < end && sharedNibbles(key, first) < split) first += LEAF_BYTES;
  while (first < end && sharedNibbles(key, end - LEAF_BYTES) < split) end -= LEAF_BYTES;
  for (let nibble = 0; nibble < 16; nibble++) {
    let to = first;
    while (to < end && nibbleAt(to, split) == nibble) to += LEAF_BYTES;
    if (nibble == own) {
      store<u64>(frame + (nibble << 3), updateBelow(SLOT_EMPTY, record, split + 1, fork, false, first, to));
    } else if (to > first) {
      store<u64>(frame + (nibble << 3), build(0, first, to, split + 1));
    }
    first = to;
  }
  return finishBranch(key, depth, split, place, 0, 0);
}

/**
 * What the frame's children make: nothing, the only one of them, or a branch. `record`: that of the place (0: none), if
 * it has the branch's extension.
 */
function finishBranch(key: usize, depth: i32, fork: i32, place: usize, touched: u32, record: usize): u64 {
  const frame = frameOf(fork);
  const masks = frameMasks(frame);
  const present = (<u32>masks) & 0xffff;
  if (present == 0) return SLOT_EMPTY;
  if ((present & (present - 1)) != 0) return makeNode(frame, masks, key, depth, fork, place, record);
  const only = ctz(present);
  const child = load<u64>(frame + (only << 3));
  const kind = slotKind(child);
  if (kind == SLOT_DIRTY_LEAF) return child;
  store<u8>(PATH + fork, only);
  if (kind == SLOT_CLEAN_LEAF) {
    const leaf = loadLeaf(fork + 1);
    if (leaf == 0) fail(FAIL_LEAF_MISSING, fork + 1, 0);
    return SLOT_DIRTY_LEAF | leaf;
  }
  if (kind == SLOT_CLEAN_BRANCH) return liftBranch(depth, fork + 1, place, touched & ((1 << only) - 1));
  const node = slotAddress(child);
  store<u32>(<usize>load<u32>(node + NODE_PLACE) + PLACE_NODE, 0);
  movePlace(node, depth, place);
  return child;
}

/** The branch at `from`, which no change went to, hangs at `depth` afterwards. `before`: the touched nibbles before it. */
function liftBranch(depth: i32, from: i32, place: usize, before: u32): u64 {
  const record = loadRecord(owner, from);
  if (record == 0) fail(FAIL_BRANCH_MISSING, from, 0);
  const nibbles = extensionLength(record);
  followExtension(record + 1, nibbles, from);
  const key = allocate(32);
  packPath(key, from + nibbles);
  const previous = before == 0 ? place : <usize>load<u32>(TAILS + ((from - 1) << 6) + ((31 - clz(before)) << 2));
  placeAfter(previous, batch, key, from, record);
  const frame = frameOf(from + nibbles);
  openFrame(frame, record);
  return makeNode(frame, frameMasks(frame), key, depth, from + nibbles, place, 0);
}
