// How a contract's code becomes WebAssembly.
//
// The code is cut at *labels* (see analyze.ts). For each label that control can come to from afar there is a *body*: a
// tree of straight paths that begins there. A path follows the code instruction by instruction and writes no
// instruction for what only moves words about: the stack is virtual (virtual-stack.ts), its items are constants, locals
// or slots of stack memory not read yet. Where a JUMPI forks, the path goes on with the fall-through, and the other side
// is put off until the path has ended; both keep what they know. A jump whose destination is a constant (and after
// inlining a call that includes the return address) goes on with the destination, so that a Solidity function with its
// checked-arithmetic callees is one path. It ends where that would not pay: then the changed items are stored and
// it goes to the destination's body.
//
//     path ──JUMPI──▶ fall-through ──▶ … ──▶ end of path: store what changed, go to a body, or leave
//             └─────▶ other side, later, from a copy of the compile-time state
//
// Gas and stack bounds are checked once a *segment*: up to the next fork, or the next instruction with an effect that
// others can see or that depends on the exact gas. What the segment costs and how deep and high its stack goes is known at
// its end, so the check is written with holes that are filled then. When the check fails, the frame would halt before
// the segment's end and lose its gas and effects, whichever instruction it is: so it halts at once. (Of two reasons to
// halt within one segment the one that is told may be the later.)
//
// A jump back to a loop's header that is open around the path is a branch. A jump to where no body is, since nothing
// stores that destination on the stack, is left to the interpreter. Every path charges gas before it can come to the
// same place again, so gas bounds every loop.

import { FRAME_PC, INVALID_JUMP, OUTPUT_SIZE, STACK_BYTES } from '../layout.ts';
import type { Opcode } from '../opcodes.ts';
import { JUMP, JUMPDEST, JUMPI, lengthOf, smallPush } from './analyze.ts';
import type { Analysis } from './analyze.ts';
import { gasLocal, local } from './chunk.ts';
import type { ChunkFunction } from './chunk.ts';
import { writeInstruction } from './instructions.ts';
import type { VirtualStack } from './virtual-stack.ts';
import { WINDOW } from './virtual-stack.ts';
import { op } from './wasm-encoder.ts';
import { bounded, small, valueOf } from './word.ts';
import type { Value } from './word.ts';

/** Instructions of one body, beyond which its paths end at the next label. */
const BODY_INSTRUCTIONS_MAX = 700;
/** Gas of one segment; its constant has room for twice as much. */
const SEGMENT_GAS_MAX = 500_000;
/** The same for a block that ends in REVERT or INVALID. */
const COLD_INSTRUCTIONS = 5;
/** Length of a block that is rather copied than gone to when it has several ways in. */
const SHARED_INSTRUCTIONS = 12;
/** How often one path may go through the same label. */
const REPEATS_MAX = 3;
/** Labels that one path may go through. */
const PATH_LABELS_MAX = 96;
/** Forks that may be open at once, a bound on nesting. */
const OPEN_MAX = 400;

/** What is known where a path is. */
export interface State {
  stack: VirtualStack;
  /** Bytes that memory is known to have. */
  memoryBytes: number;
  /** Positions that have been checked against the bounds of the stack. */
  checkedLow: number;
  checkedHigh: number;
  /** Labels that the path went through. */
  trail: number[];
}

/** A stretch of a path whose gas and stack bounds are checked at its start. */
interface Segment {
  cost: number;
  /** Places of the constants. */
  costAt: number;
  needAt: number;
  roomAt: number;
  /** The bounds check's instructions. */
  checkFrom: number;
  checkTo: number;
  low: number;
  high: number;
  /** GAS instructions: the place of the constant, and the cost up to and with them. */
  gasAt: { at: number; cost: number }[];
}

/** What is open around the path, to be closed when it ends; with what is to be written then. */
type Open = { kind: 'loop'; label: number; id: number } | { kind: 'fork'; to: number | 'dynamic'; state: State };

/** What the bodies of all chunks of one contract share. */
export interface Contract {
  analysis: Analysis;
  opcodes: readonly (Opcode | undefined)[];
  /** By id: 1 when something goes to the label's body. */
  wanted: Uint8Array;
  /** Instructions translated so far, and how many there may be before only what must be is inlined. */
  translated: number;
  generousUntil: number;
  /** Whether a jump goes to where no constant on the stack says: by a table in the code, say. */
  hasComputedJumps: boolean;
  /** Code padded with 32 zero bytes on both sides. */
  padded: DataView;
}

export class Translation {
  readonly contract: Contract;
  readonly chunk: ChunkFunction;
  state: State;
  /** Offset of the instruction behind the current one. */
  next = 0;
  private segment: Segment | undefined;
  private readonly open: Open[] = [];
  private instructions = 0;
  private ended = false;
  /** The label at `next` has been arrived at. */
  private entered = false;

  /** Translates the body of a label into a chunk, which has begun it. */
  private readonly wantDestination = (value: number): void => this.want(value);

  constructor(contract: Contract, chunk: ChunkFunction) {
    this.contract = contract;
    this.chunk = chunk;
    this.state = this.freshState();
  }

  /** A constant goes where it may come from to be jumped to: if it is a destination, it needs a body. */
  want(value: number): void {
    const { code, labelAt } = this.contract.analysis;
    const label = code[value] === JUMPDEST ? (labelAt[value] ?? -1) : -1;
    if (label >= 0) this.contract.wanted[label] = 1;
  }

  private freshState(): State {
    return {
      stack: this.chunk.newStack(this.wantDestination),
      memoryBytes: 0,
      checkedLow: 0,
      checkedHigh: 0,
      trail: [],
    };
  }

  body(id: number): void {
    const { analysis } = this.contract;
    const pc = analysis.labels[id] ?? 0;
    this.chunk.locals.sweep(this.state.stack);
    if (analysis.loopHeader[id] === 1) this.openLoop(id);
    this.startSegment();
    this.state.trail.push(id);
    this.entered = true;
    this.follow(pc);
    while (this.open.length > 0) this.finishOpen(this.open.pop() as Open);
  }

  /** Closes a construct and writes what was put off. */
  private finishOpen(open: Open): void {
    this.chunk.close();
    if (open.kind === 'loop') return;
    this.state = open.state;
    this.chunk.locals.sweep(this.state.stack);
    if (open.to === 'dynamic') {
      this.jumpToAddress();
    } else {
      this.ended = false;
      const to = open.to;
      this.arrive(to);
      if (!this.ended) this.follow(this.next);
    }
  }

  /** Translates from an offset to the end of the path. */
  private follow(pc: number): void {
    const { contract, chunk } = this;
    const { code, labelAt } = contract.analysis;
    this.ended = false;
    this.next = pc;
    while (!this.ended) {
      pc = this.next;
      const label = labelAt[pc] ?? -1;
      if (!this.entered && label >= 0) {
        this.arrive(label);
        if (this.ended) return;
      }
      this.entered = false;
      const { stack } = this.state;
      if (stack.height > WINDOW - 20 || stack.low < 40 - WINDOW) this.rebase();
      if ((this.segment as Segment).cost > SEGMENT_GAS_MAX) this.endSegment();
      if (!chunk.makeRoom(stack)) {
        stack.flush();
        this.noteBounds();
        stack.forget();
        chunk.locals.sweep(stack);
      }
      const opcode = pc < code.length ? (code[pc] ?? 0) : 0;
      this.next = pc + lengthOf(opcode);
      this.instructions++;
      contract.translated++;
      const instruction = contract.opcodes[opcode];
      const segment = this.segment as Segment;
      if (instruction !== undefined) segment.cost += instruction.gas;
      if (opcode === JUMP) this.jump();
      else if (opcode === JUMPI) this.fork();
      else if (opcode !== JUMPDEST) {
        // A run of stack operations can leave the window only by way of the check above.
        if (instruction !== undefined) stack.reach(instruction.inputs);
        this.noteBounds();
        writeInstruction(this, opcode, pc);
      }
      this.noteBounds();
    }
  }

  /** The bounds of the stack so far count for the segment. */
  private noteBounds(): void {
    const { segment } = this;
    if (segment === undefined) return;
    segment.low = Math.min(segment.low, this.state.stack.low);
    segment.high = Math.max(segment.high, this.state.stack.height);
  }

  /** Says that the path has been written to its end. */
  end(): void {
    this.closeSegment();
    this.ended = true;
  }

  /** Writes the check of a segment that begins here. */
  startSegment(): void {
    const { e } = this.chunk;
    e.get(gasLocal);
    const costAt = e.padded(op.i64Const);
    e.u8(op.i64Sub);
    e.tee(gasLocal);
    e.i64(0n);
    e.u8(op.i64LtS);
    const checkFrom = e.length;
    e.get(local.pointer);
    e.get(local.base);
    e.u8(op.i32Sub);
    const needAt = e.padded(op.i32Const);
    e.u8(op.i32Sub);
    const roomAt = e.padded(op.i32Const);
    e.u8(op.i32GtU);
    e.u8(op.i32Or);
    const checkTo = e.length;
    this.chunk.haltIf();
    const { low, height } = this.state.stack;
    this.segment = { cost: 0, costAt, needAt, roomAt, checkFrom, checkTo, low, high: height, gasAt: [] };
  }

  /** Ends the segment behind the current instruction; another begins. */
  endSegment(): void {
    this.closeSegment();
    this.startSegment();
  }

  /** Fills the holes of the segment's check. */
  closeSegment(): void {
    const { segment, state } = this;
    if (segment === undefined) return;
    this.noteBounds();
    const { e } = this.chunk;
    e.patch(segment.costAt, segment.cost);
    if (segment.low < state.checkedLow || segment.high > state.checkedHigh) {
      const low = Math.min(segment.low, state.checkedLow);
      const high = Math.max(segment.high, state.checkedHigh);
      // 0 <= height + 32·low and height + 32·high <= STACK_BYTES, in one unsigned comparison
      const room = STACK_BYTES - 32 * high + 32 * low;
      // More words than any stack has: no height, a multiple of 32, passes.
      e.patch(segment.needAt, room < 0 ? 1 : -32 * low);
      e.patch(segment.roomAt, Math.max(room, 0));
      state.checkedLow = low;
      state.checkedHigh = high;
    } else {
      const count = e.remove(segment.checkFrom, segment.checkTo);
      for (const gas of segment.gasAt) gas.at -= count;
    }
    for (const { at, cost } of segment.gasAt) e.patch(at, segment.cost - cost);
    this.segment = undefined;
  }

  /** The rest of what the segment costs behind the current instruction, put on WebAssembly's stack when it is known. */
  pushCostAhead(): void {
    const segment = this.segment as Segment;
    segment.gasAt.push({ at: this.chunk.e.padded(op.i64Const), cost: segment.cost });
  }

  /** Charges more for the current segment, as long as it is known when translating. */
  addCost(gas: number): void {
    (this.segment as Segment).cost += gas;
  }

  /** Stores the stack and lets positions count from its top. The segment must be closed. */
  private settleAll(): void {
    const { stack } = this.state;
    stack.flush();
    const { height } = stack;
    this.chunk.advance(height);
    this.state.checkedLow -= height;
    this.state.checkedHigh -= height;
    this.state.stack = this.chunk.newStack(this.wantDestination);
  }

  private rebase(): void {
    this.closeSegment();
    this.settleAll();
    this.startSegment();
  }

  /** Stores the stack and goes to the body of a label. */
  goTo(id: number): void {
    this.closeSegment();
    this.state.stack.flush();
    this.chunk.advance(this.state.stack.height);
    this.contract.wanted[id] = 1;
    this.chunk.goTo(id);
    this.ended = true;
  }

  private openLoop(id: number): void {
    this.open.push({ kind: 'loop', label: this.chunk.open(op.loop), id });
  }

  /** The path comes to a label: it goes on through it, or ends here. */
  private arrive(id: number): void {
    const { analysis } = this.contract;
    const pc = analysis.labels[id] ?? 0;
    const loop = this.open.find((open) => open.kind === 'loop' && open.id === id);
    if (loop?.kind === 'loop') {
      this.closeSegment();
      this.settleAll();
      this.chunk.repeat(loop.label, id);
      this.contract.wanted[id] = 1;
      this.ended = true;
    } else if (!this.pays(id)) {
      this.goTo(id);
    } else {
      this.state.trail.push(id);
      if (analysis.loopHeader[id] === 1) {
        this.closeSegment();
        this.settleAll();
        // Another round may come with a stack of another height.
        this.state.checkedLow = 0;
        this.state.checkedHigh = 0;
        this.openLoop(id);
      }
      if (this.segment === undefined) this.startSegment();
      this.next = pc;
      this.entered = true;
    }
  }

  /** Whether to go on through a label rather than to its body. */
  private pays(id: number): boolean {
    const { contract, state } = this;
    const { arrivals, addressTaken, cold, loopHeader, size } = contract.analysis;
    if (this.instructions > BODY_INSTRUCTIONS_MAX || this.open.length > OPEN_MAX) return false;
    if (state.trail.length > PATH_LABELS_MAX) return false;
    const isOnlyWay = (arrivals[id] ?? 0) <= 1 && addressTaken[id] !== 1;
    if (loopHeader[id] === 1 && this.instructions > BODY_INSTRUCTIONS_MAX / 2) return false;
    if (isOnlyWay) return true;
    // revert(0, 0) is shorter than storing the stack for it.
    if (cold[id] === 1) return (size[id] ?? 0) <= COLD_INSTRUCTIONS;
    if (contract.translated > contract.generousUntil) return false;
    if ((arrivals[id] ?? 0) > 0 && (size[id] ?? 0) > SHARED_INSTRUCTIONS) return false;
    return state.trail.filter((other) => other === id).length < REPEATS_MAX;
  }

  /** The label that a constant destination is, or undefined when it is no JUMPDEST. */
  private labelOf(destination: bigint): number | undefined {
    const { code, labelAt } = this.contract.analysis;
    if (destination >= BigInt(code.length)) return undefined;
    const pc = Number(destination);
    const label = labelAt[pc] ?? -1;
    return code[pc] === JUMPDEST && label >= 0 ? label : undefined;
  }

  private jump(): void {
    const { stack } = this.state;
    const item = stack.peek(0);
    const destination = stack.popWord();
    const value = valueOf(destination);
    if (value === undefined) {
      if (item.kind !== 'slot') this.contract.hasComputedJumps = true;
      this.closeSegment();
      this.takeAddress(destination);
      this.jumpToAddress();
      return;
    }
    const label = this.labelOf(value);
    if (label === undefined) return this.halt(INVALID_JUMP);
    this.arrive(label);
  }

  private fork(): void {
    const { chunk, state } = this;
    const { e } = chunk;
    const destination = state.stack.popWord();
    const condition = state.stack.pop();
    const value = valueOf(destination);
    const known = condition.kind === 'word' ? valueOf(condition) : undefined;
    const label = value === undefined ? undefined : this.labelOf(value);
    if (known === 0n) return;
    if (known !== undefined) {
      state.stack.push(destination);
      this.jump();
      return;
    }
    this.noteBounds();
    this.closeSegment();
    if (value === undefined) this.takeAddress(destination);
    if (value !== undefined && label === undefined) {
      chunk.words.truth(condition);
      e.u8(op.if);
      e.u8(0x40);
      e.i32(INVALID_JUMP);
      e.set(local.status);
      chunk.branchOut(1);
      e.u8(op.end);
    } else {
      const fork = chunk.open(op.block);
      chunk.words.truth(condition);
      chunk.branch(fork, op.brIf);
      const copy: State = { ...state, stack: state.stack.clone(), trail: state.trail.slice() };
      this.open.push({ kind: 'fork', to: label ?? 'dynamic', state: copy });
    }
    this.startSegment();
  }

  /** The destination as an i32, or the largest when it has more than 31 bits. */
  private takeAddress(destination: Value): void {
    const { e, words } = this.chunk;
    const { limbs } = words.word(destination);
    words.push(limbs[0]);
    e.u8(op.i32WrapI64);
    e.i32(-1);
    words.orOf([...limbs.slice(1)]);
    words.push(limbs[0]);
    e.i64(31n);
    e.u8(op.i64ShrU);
    e.u8(op.i64Or);
    e.u8(op.i64Eqz);
    e.u8(op.select);
    e.set(local.address);
  }

  /** Goes where the local `address` says, by the jump table. */
  private jumpToAddress(): void {
    const { chunk, state } = this;
    const { e } = chunk;
    state.stack.flush();
    chunk.advance(state.stack.height);
    e.i32(INVALID_JUMP);
    e.set(local.status);
    e.get(local.address);
    e.i32(this.contract.analysis.code.length);
    e.u8(op.i32GeU);
    chunk.branchOut(0, op.brIf);
    e.get(local.jumps);
    e.get(local.address);
    e.i32(1);
    e.u8(op.i32Shl);
    e.u8(op.i32Add);
    e.access(op.i32Load16U, 0);
    e.tee(local.entry);
    e.u8(op.i32Eqz);
    chunk.branchOut(0, op.brIf);
    // For the interpreter, should there be no body.
    e.i32(0);
    e.get(local.address);
    e.access(op.i32Store, FRAME_PC);
    chunk.goToEntry();
    this.ended = true;
  }

  /** Ends the frame with a status that takes all its gas. */
  halt(status: number): void {
    this.end();
    this.chunk.e.i32(status);
    this.chunk.leave();
  }

  /** Ends the frame without output. */
  finish(status: number): void {
    const { e } = this.chunk;
    this.end();
    this.chunk.saveGas();
    e.i32(0);
    e.i32(0);
    e.access(op.i32Store, OUTPUT_SIZE);
    e.i32(status);
    this.chunk.leave();
  }

  /** Value of push data. */
  pushed(pc: number): Value {
    const { code } = this.contract.analysis;
    const length = lengthOf(code[pc] ?? 0) - 1;
    if (length <= 3) return small(smallPush(code, pc));
    const end = 32 + pc + 1 + length;
    const limb = (index: number): bigint => {
      const bytes = length - 8 * index;
      if (bytes <= 0) return 0n;
      const value = this.contract.padded.getBigUint64(end - 8 * index - 8);
      return bytes >= 8 ? value : value & ((1n << BigInt(8 * bytes)) - 1n);
    };
    return bounded([limb(0), limb(1), limb(2), limb(3)], 256);
  }
}
