import type { Opcode } from '../opcodes.ts';

export const JUMP = 0x56;
export const JUMPI = 0x57;
export const JUMPDEST = 0x5b;
export const PUSH0 = 0x5f;
export const PUSH32 = 0x7f;

/** Instructions of a block without a label after which one is put, so that no block is longer. */
const BLOCK_INSTRUCTIONS_MAX = 400;

/**
 * What the compiler knows of a code before it translates it.
 *
 * A *label* is a place where compiled code can be entered: the start, each JUMPDEST, the instruction behind each call
 * or creation, and cuts in long runs without any of these. Its id is the code's jump-table entry for a JUMPDEST (1 …
 * jumpdests), 0 for the start, and follows for the others in the order of the code.
 */
export interface Analysis {
  code: Uint8Array;
  /** By offset: the label's id, or -1. A byte of push data has none. */
  labelAt: Int32Array;
  /** By id: the offset. */
  labels: number[];
  /** JUMPDESTs in the code. */
  jumpdests: number;
  /** By id: 1 when control flow from the start reaches it, as far as constants tell. */
  reachable: Uint8Array;
  /** By id: 1 when its offset is pushed other than for the jump that follows: a return address. */
  addressTaken: Uint8Array;
  /** By id: static jumps to it and fall-throughs into it from reachable code. */
  arrivals: Uint32Array;
  /** By id: 1 when a loop goes back to it. */
  loopHeader: Uint8Array;
  /** By id: 1 when what follows ends in REVERT or INVALID without a further jump. */
  cold: Uint8Array;
  /** By id: instructions up to the next jump, label or end. */
  size: Uint16Array;
  /** Instructions in the code, data read as such included. */
  instructions: number;
}

/** Length of an instruction with its push data. */
export function lengthOf(opcode: number): number {
  return opcode > PUSH0 && opcode <= PUSH32 ? opcode - PUSH0 + 1 : 1;
}

/** Value of the push data at `pc` if it fits 31 bits, else -1. Data behind the end is zero. */
export function smallPush(code: Uint8Array, pc: number): number {
  const end = pc + lengthOf(code[pc] ?? 0);
  let value = 0;
  for (let at = pc + 1; at < end; at++) {
    if (value >= 0x800000) return -1;
    value = value * 256 + (code[at] ?? 0);
  }
  return value;
}

/** One straight run of instructions between labels, JUMPIs and ends, with where it leads. */
interface Block {
  start: number;
  /** Offsets it can lead to. */
  targets: number[];
  /** Offsets that it pushes. */
  pushed: number[];
  /** Index of the next block when control falls into it, else -1. */
  next: number;
  cold: boolean;
  instructions: number;
}

/** @returns undefined when the code has more than `labelsMax` labels */
export function analyze(
  code: Uint8Array,
  opcodes: readonly (Opcode | undefined)[],
  labelsMax: number,
): Analysis | undefined {
  const labelAt = new Int32Array(code.length + 1).fill(-1);
  const labels = [0];
  const others: number[] = [];
  const isBlockStart = new Uint8Array(code.length + 1);
  let instructions = 0;
  let sinceLabel = 0;
  for (let pc = 0; pc < code.length; instructions++) {
    const opcode = code[pc] ?? 0;
    if (opcode === JUMPDEST) {
      labelAt[pc] = labels.length;
      labels.push(pc);
      sinceLabel = 0;
    } else if (++sinceLabel > BLOCK_INSTRUCTIONS_MAX) {
      others.push(pc);
      sinceLabel = 0;
    }
    const next = pc + lengthOf(opcode);
    if (opcode === JUMPI) isBlockStart[Math.min(next, code.length)] = 1;
    else if (isCall(opcode) && code[next] !== JUMPDEST) {
      others.push(next);
      sinceLabel = -1;
    }
    if (labels.length + others.length > labelsMax) return undefined;
    pc = next;
  }
  const jumpdests = labels.length - 1;
  if (code[0] !== JUMPDEST) labelAt[0] = 0;
  for (const pc of others) {
    if (labelAt[pc] !== -1) continue;
    labelAt[pc] = labels.length;
    labels.push(pc);
  }
  for (const pc of labels) isBlockStart[pc] = 1;
  const analysis: Analysis = {
    code,
    labelAt,
    labels,
    jumpdests,
    instructions,
    reachable: new Uint8Array(labels.length),
    addressTaken: new Uint8Array(labels.length),
    arrivals: new Uint32Array(labels.length),
    loopHeader: new Uint8Array(labels.length),
    cold: new Uint8Array(labels.length),
    size: new Uint16Array(labels.length),
  };
  const blocks = findBlocks(analysis, opcodes, isBlockStart);
  walk(analysis, blocks);
  return analysis;
}

/** CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL: what makes a frame. */
export function isCall(opcode: number): boolean {
  return (opcode >= 0xf0 && opcode <= 0xf2) || opcode === 0xf4 || opcode === 0xf5 || opcode === 0xfa;
}

function findBlocks(
  { code, labelAt }: Analysis,
  opcodes: readonly (Opcode | undefined)[],
  isBlockStart: Uint8Array,
): Block[] {
  const blocks: Block[] = [];
  const isDestination = (value: number): boolean =>
    value < code.length && value >= 0 && code[value] === JUMPDEST && labelAt[value] !== -1;
  let block: Block | undefined;
  let pushedBefore = -1;
  for (let pc = 0; pc < code.length;) {
    const opcode = code[pc] ?? 0;
    if (block === undefined || isBlockStart[pc] === 1) {
      if (block !== undefined) block.next = blocks.length;
      block = { start: pc, targets: [], pushed: [], next: -1, cold: false, instructions: 0 };
      blocks.push(block);
      pushedBefore = -1;
    }
    block.instructions++;
    const next = pc + lengthOf(opcode);
    if (opcode === JUMP || opcode === JUMPI) {
      if (isDestination(pushedBefore)) {
        block.pushed.pop();
        block.targets.push(pushedBefore);
      }
      if (opcode === JUMP) block = undefined;
    } else if (isEnd(opcode) || opcodes[opcode] === undefined) {
      block.cold = opcode !== 0x00 && opcode !== 0xf3 && opcode !== 0xff;
      block = undefined;
    }
    pushedBefore = opcode >= PUSH0 && opcode <= PUSH32 ? smallPush(code, pc) : -1;
    if (isDestination(pushedBefore)) block?.pushed.push(pushedBefore);
    pc = next;
  }
  return blocks;
}

function isEnd(opcode: number): boolean {
  return opcode === 0x00 || opcode === 0xf3 || opcode === 0xfd || opcode === 0xfe || opcode === 0xff;
}

/**
 * Goes depth first through what constants show of the control flow: jumps, fall-throughs, and from a block to each
 * return address that it pushes. An edge to a block that is still being walked closes a loop.
 */
function walk(analysis: Analysis, blocks: readonly Block[]): void {
  const { labelAt } = analysis;
  const blockAt = new Map(blocks.map(({ start }, index) => [start, index]));
  const OPEN = 1;
  const DONE = 2;
  const state = new Uint8Array(blocks.length);
  const edgesOf = blocks.map(({ targets, pushed, next }) => [
    ...(next >= 0 ? [next] : []),
    ...targets.map((pc) => blockAt.get(pc) ?? 0),
    ...pushed.map((pc) => blockAt.get(pc) ?? 0),
  ]);
  const path: [block: number, edge: number][] = [];
  const open = (index: number): void => {
    const { start, targets, pushed, next, cold, instructions } = blocks[index] as Block;
    state[index] = OPEN;
    path.push([index, 0]);
    const label = labelAt[start] ?? -1;
    if (label >= 0) {
      analysis.reachable[label] = 1;
      analysis.cold[label] = cold ? 1 : 0;
      analysis.size[label] = instructions;
    }
    for (const pc of targets) analysis.arrivals[labelAt[pc] ?? 0]!++;
    for (const pc of pushed) analysis.addressTaken[labelAt[pc] ?? 0] = 1;
    const nextLabel = next >= 0 ? (labelAt[blocks[next]?.start ?? 0] ?? -1) : -1;
    if (nextLabel >= 0) analysis.arrivals[nextLabel]!++;
  };
  if (blocks.length > 0) open(0);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const [index, edge] = top;
    const to = edgesOf[index]?.[edge];
    top[1]++;
    if (to === undefined) {
      state[index] = DONE;
      path.pop();
    } else if (state[to] === OPEN) {
      const label = labelAt[blocks[to]?.start ?? 0] ?? -1;
      if (label >= 0) analysis.loopHeader[label] = 1;
    } else if (state[to] !== DONE) open(to);
  }
}
