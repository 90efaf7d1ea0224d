import {
  CODE_JUMPS,
  FRAME_CODE,
  FRAME_GAS,
  FRAME_MEMORY,
  FRAME_SP,
  FRAME_STACK,
  OUT_OF_GAS,
  STACK_BYTES,
  STACK_OVERFLOW,
  STACK_UNDERFLOW,
} from '../layout.ts';
import { FAILED, helper } from './helpers.ts';
import { BIAS, VirtualStack } from './virtual-stack.ts';
import { Emitter, I32, I64, op, V128, VOID } from './wasm-encoder.ts';
import type { FunctionBody } from './wasm-encoder.ts';
import { Words } from './words.ts';
import type { Locals } from './words.ts';

/** What a chunk returns instead of a status to go on at a label that is not its own: the label's id plus this. */
export const ELSEWHERE = 0x10000;

/** A loop gives the caller a chance to replace it by better code when it has used so much gas. */
const YIELD_GAS = 1_000_000n;

/** Locals of each chunk's function. */
export const local = {
  /** i32: the label to go to. Later free for an offset. */
  entry: 0,
  /** i32: stack pointer less BIAS, where the path began. */
  pointer: 1,
  /** i32: the frame's stack less BIAS. */
  base: 2,
  /** i32: the frame's memory. */
  memory: 3,
  /** i32: the jump table. */
  jumps: 4,
  /** i32: what to return. */
  status: 5,
  /** i32: the destination of a jump, an address. */
  address: 6,
  flags: 7,
} as const;

const FLAGS = 32;
/** i64 and v128 locals, behind the flags. */
export const gasLocal = local.flags + FLAGS;
const yieldLocal = gasLocal + 1;
/** i64: see `helper.memoryLimit`. */
export const limitLocal = gasLocal + 2;
/** v128: free within an instruction. */
export const vectorLocal = gasLocal + 3;
/** v128: always zero. */
export const zeroLocal = gasLocal + 4;
const wideFirst = gasLocal + 5;
const WIDE_MAX = 256;
/** Locals that one instruction may need, and how many more are made at once. */
const WIDE_RESERVE = 24;
const WIDE_STEP = 40;
const FLAG_RESERVE = 6;

/** Blocks around everything in a chunk, outermost first. */
const OUT = 0;
const HALT = 1;
const AWAY = 2;
const DISPATCH = 3;
const FRAMING = 4;

/** Hands out the locals of one function and takes back those that no stack item is in. */
class ChunkLocals implements Locals {
  private freeWide: number[] = [];
  private freeFlags: number[] = [];
  /** Wide locals in use at most so far. */
  wideCount = 0;

  wide(): number {
    const free = this.freeWide.pop();
    if (free !== undefined) return free;
    return wideFirst + this.wideCount++;
  }

  flag(): number {
    const free = this.freeFlags.pop();
    if (free === undefined) throw new RangeError('an instruction needs more flags than are kept for it');
    return free;
  }

  get isLow(): boolean {
    return this.freeWide.length < WIDE_RESERVE || this.freeFlags.length < FLAG_RESERVE;
  }

  /** Afterwards every local is free that no item of the stack is in. */
  sweep(stack: VirtualStack): void {
    const used = new Uint8Array(this.wideCount);
    const flags = new Uint8Array(FLAGS);
    stack.locals(
      (wide) => (used[wide - wideFirst] = 1),
      (flag) => (flags[flag - local.flags] = 1),
    );
    this.freeWide = [];
    for (let index = this.wideCount - 1; index >= 0; index--)
      if (used[index] === 0) this.freeWide.push(wideFirst + index);
    this.freeFlags = [];
    for (let index = FLAGS - 1; index >= 0; index--) if (flags[index] === 0) this.freeFlags.push(local.flags + index);
  }

  /** Adds locals for the reserve of an instruction; false when the function has enough of them. */
  grow(): boolean {
    if (this.freeFlags.length < FLAG_RESERVE) return false;
    if (this.freeWide.length >= WIDE_RESERVE + WIDE_STEP / 2) return true;
    const added: number[] = [];
    while (this.freeWide.length + added.length < WIDE_RESERVE + WIDE_STEP && this.wideCount < WIDE_MAX) {
      added.push(wideFirst + this.wideCount++);
    }
    // The lowest are taken first: their numbers are short.
    this.freeWide = [...added.reverse(), ...this.freeWide];
    return this.freeWide.length >= WIDE_RESERVE;
  }
}

/**
 * One function of the compiled module: the frame around the bodies of some labels.
 *
 *     block OUT; block HALT; block AWAY
 *       loop DISPATCH
 *         block (label n-1) … block (label 0)
 *           br_table entry
 *         end; body of label 0
 *         end; body of label 1 …
 */
export class ChunkFunction {
  /** Instructions of the bodies. */
  readonly e = new Emitter(16384);
  readonly locals = new ChunkLocals();
  readonly words = new Words(this.e, this.locals);
  /** Ids of the labels, in the order of their bodies. */
  readonly ids: readonly number[];
  private readonly positions: ReadonlyMap<number, number>;
  private readonly written = new Set<number>();
  private current = -1;
  /** Constructs that are open at the end of `e`. */
  private depth = 0;

  constructor(ids: readonly number[]) {
    this.ids = ids;
    this.positions = new Map(ids.map((id, index) => [id, index]));
    this.depth = FRAMING + ids.length;
  }

  /** `stored` hears of each constant below 2^31 that is stored in stack memory. */
  newStack(stored: (value: number) => void): VirtualStack {
    return new VirtualStack(this.e, this.words, local.pointer, zeroLocal, stored);
  }

  /** Starts the body of the next label. `written`: there will be one. */
  begin(written: boolean): void {
    this.current++;
    this.e.u8(op.end);
    this.depth--;
    if (written) this.written.add(this.ids[this.current] ?? 0);
  }

  /** Opens a block or loop; what names it in `branch`. */
  open(opcode: number): number {
    this.e.u8(opcode);
    this.e.u8(VOID);
    return this.depth++;
  }

  close(): void {
    this.e.u8(op.end);
    this.depth--;
  }

  branch(to: number, opcode: number = op.br): void {
    this.e.u8(opcode);
    this.e.unsigned(this.depth - 1 - to);
  }

  /** Moves the stack pointer by words. */
  advance(count: number): void {
    if (count === 0) return;
    this.e.get(local.pointer);
    this.e.i32(32 * count);
    this.e.u8(op.i32Add);
    this.e.set(local.pointer);
  }

  /** Goes to a label; the stack is in memory. */
  goTo(id: number): void {
    const position = this.positions.get(id);
    if (position !== undefined && position > this.current) {
      this.branch(FRAMING + this.ids.length - 1 - position);
      return;
    }
    this.e.i32(id);
    this.e.set(local.entry);
    this.branch(this.written.has(id) ? DISPATCH : AWAY);
  }

  /** Goes to a label that has its body in another function. */
  goAway(id: number): void {
    this.e.i32(id);
    this.e.set(local.entry);
    this.branch(AWAY);
  }

  /** Goes to the label that the local `entry` says. */
  goToEntry(): void {
    this.branch(DISPATCH);
  }

  /** Repeats a loop; through the caller when the function has run for long, since V8 cannot replace running code. */
  repeat(loop: number, id: number): void {
    this.e.get(gasLocal);
    this.e.get(yieldLocal);
    this.e.u8(op.i64GeS);
    this.branch(loop, op.brIf);
    this.goAway(id);
  }

  /** Returns the local `status`, from `inside` constructs that `open` has not counted. */
  branchOut(inside: number, opcode: number = op.br): void {
    this.e.u8(opcode);
    this.e.unsigned(this.depth - 1 - OUT + inside);
  }

  /** Returns the status on WebAssembly's stack. */
  leave(): void {
    this.e.set(local.status);
    this.branch(OUT);
  }

  /** Returns the status on WebAssembly's stack when it is not CONTINUE. */
  leaveUnlessContinue(): void {
    this.e.tee(local.status);
    this.branch(OUT, op.brIf);
  }

  /** Halts when the i32 on WebAssembly's stack is not zero: gas is negative, or the stack goes beyond its bounds. */
  haltIf(inside = 0): void {
    this.e.u8(op.brIf);
    this.e.unsigned(this.depth - 1 - HALT + inside);
  }

  saveGas(): void {
    this.e.i32(0);
    this.e.get(gasLocal);
    this.e.access(op.i64Store, FRAME_GAS);
  }

  loadGas(): void {
    loadAbsolute(this.e, op.i64Load, FRAME_GAS);
    this.e.set(gasLocal);
  }

  loadLimit(): void {
    this.e.call(helper.memoryLimit);
    this.e.set(limitLocal);
  }

  /** Afterwards FRAME_SP points behind the item below a position. */
  savePointer(position: number): void {
    this.e.i32(0);
    this.e.get(local.pointer);
    this.e.i32(BIAS + 32 * position);
    this.e.u8(op.i32Add);
    this.e.access(op.i32Store, FRAME_SP);
  }

  /** Makes the locals that the next instruction may need free. False when the stack has to leave them first. */
  makeRoom(stack: VirtualStack): boolean {
    if (!this.locals.isLow) return true;
    this.locals.sweep(stack);
    return this.locals.grow();
  }

  /** The whole function. `jumpdests`: ids up to this are JUMPDESTs. */
  finish(jumpdests: number): FunctionBody {
    const { e } = this;
    // Every body ends in a branch; WebAssembly's typing does not know.
    e.u8(op.unreachable);
    e.u8(op.end); // DISPATCH
    e.u8(op.unreachable);
    e.u8(op.end); // AWAY
    this.save();
    e.get(local.entry);
    e.i32(ELSEWHERE);
    e.u8(op.i32Or);
    e.u8(op.return);
    e.u8(op.end); // HALT
    // What a helper has failed with.
    e.get(gasLocal);
    e.i64(FAILED / 2n);
    e.u8(op.i64LtS);
    e.u8(op.if);
    e.u8(VOID);
    e.get(gasLocal);
    e.i64(FAILED);
    e.u8(op.i64Sub);
    e.u8(op.i32WrapI64);
    e.u8(op.return);
    e.u8(op.end);
    // Paths reach less than half a stack down or up, so the height tells which bound it is.
    e.i32(OUT_OF_GAS);
    e.i32(STACK_UNDERFLOW);
    e.i32(STACK_OVERFLOW);
    e.get(local.pointer);
    e.get(local.base);
    e.u8(op.i32Sub);
    e.i32(STACK_BYTES / 2);
    e.u8(op.i32LtU);
    e.u8(op.select);
    e.get(gasLocal);
    e.i64(0n);
    e.u8(op.i64LtS);
    e.u8(op.select);
    e.u8(op.return);
    e.u8(op.end); // OUT
    e.get(local.status);
    e.u8(op.end);
    const head = this.head(jumpdests);
    const code = new Uint8Array(head.length + e.length);
    code.set(head);
    code.set(e.bytes.subarray(0, e.length), head.length);
    const wide = this.locals.wideCount;
    return {
      signature: 'i:i',
      locals: [[local.flags - 1 + FLAGS, I32], [3, I64], [2, V128], [wide, I64]], // prettier-ignore
      code,
    };
  }

  private save(): void {
    this.saveGas();
    this.savePointer(0);
  }

  private head(jumpdests: number): Uint8Array {
    const e = new Emitter(256 + 6 * this.ids.length);
    loadAbsolute(e, op.i64Load, FRAME_GAS);
    e.tee(gasLocal);
    e.i64(YIELD_GAS);
    e.u8(op.i64Sub);
    e.set(yieldLocal);
    for (const [to, from] of [
      [local.pointer, FRAME_SP],
      [local.base, FRAME_STACK],
    ] as const) {
      // prettier-ignore
      loadAbsolute(e, op.i32Load, from);
      e.i32(BIAS);
      e.u8(op.i32Sub);
      e.set(to);
    }
    loadAbsolute(e, op.i32Load, FRAME_MEMORY);
    e.set(local.memory);
    loadAbsolute(e, op.i32Load, FRAME_CODE);
    e.access(op.i32Load, CODE_JUMPS);
    e.set(local.jumps);
    e.call(helper.memoryLimit);
    e.set(limitLocal);
    for (const opcode of [op.block, op.block, op.block, op.loop]) {
      e.u8(opcode);
      e.u8(VOID);
    }
    e.get(gasLocal);
    e.get(yieldLocal);
    e.u8(op.i64LtS);
    e.u8(op.brIf);
    e.unsigned(DISPATCH - AWAY);
    for (let count = this.ids.length; count > 0; count--) {
      e.u8(op.block);
      e.u8(VOID);
    }
    // JUMPDESTs have one range of ids, the other labels another.
    this.table(e, this.ids.filter((id) => id <= jumpdests)); // prettier-ignore
    this.table(e, this.ids.filter((id) => id > jumpdests)); // prettier-ignore
    e.u8(op.br);
    e.unsigned(this.ids.length + DISPATCH - AWAY);
    return e.finish();
  }

  /** Goes to the label of `entry` when it is one of `ids`. */
  private table(e: Emitter, ids: readonly number[]): void {
    const targets = ids.filter((id) => this.written.has(id));
    if (targets.length === 0) return;
    let least = Infinity;
    let most = 0;
    for (const id of targets) {
      least = Math.min(least, id);
      most = Math.max(most, id);
    }
    e.u8(op.block);
    e.u8(VOID);
    e.get(local.entry);
    e.i32(least);
    e.u8(op.i32Sub);
    e.u8(op.brTable);
    e.unsigned(most - least + 1);
    for (let id = least; id <= most; id++) e.unsigned(this.written.has(id) ? 1 + (this.positions.get(id) ?? 0) : 0);
    e.unsigned(0);
    e.u8(op.end);
  }
}

/** Loads from an address of the machine's. */
export function loadAbsolute(e: Emitter, opcode: number, address: number): void {
  e.i32(0);
  e.access(opcode, address);
}
