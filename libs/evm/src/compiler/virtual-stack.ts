import type { Emitter } from './wasm-encoder.ts';
import { op, simd } from './wasm-encoder.ts';
import { smallValue } from './word.ts';
import type { Value, Word } from './word.ts';
import type { Words } from './words.ts';

/** A word that is still where it was in stack memory, in the slot at a position. */
interface Slot {
  readonly kind: 'slot';
  readonly at: number;
}

export type Item = Value | Slot;

/**
 * Positions count words from the stack pointer that the path began with; they reach from -WINDOW to WINDOW. The local
 * with the stack pointer holds it less BIAS bytes, so that the offsets in loads and stores are not negative.
 */
export const WINDOW = 240;
export const BIAS = 8192;

/** Offset of the slot at a position from the biased stack pointer. */
export function slotOffset(position: number): number {
  return BIAS + 32 * position;
}

/**
 * The EVM's stack at one point of the translation: what is known of each item, and what stack memory holds. Items below
 * `low` have not been touched: they are in their slots.
 */
export class VirtualStack {
  /** From position `low` up. */
  items: Item[] = [];
  low = 0;
  /** Values that slots are known to hold: an item that is the same object needs no store. */
  private held = new Map<number, Value>();
  private readonly e: Emitter;
  private readonly words: Words;
  private readonly pointer: number;
  private readonly zero: number;
  private readonly stored: (value: number) => void;

  /** `pointer`: the local with the biased stack pointer. `zero`: a v128 local that is zero. `stored` hears of small constants that go to memory. */
  constructor(emitter: Emitter, words: Words, pointer: number, zero: number, stored: (value: number) => void) {
    this.zero = zero;
    this.stored = stored;
    this.e = emitter;
    this.words = words;
    this.pointer = pointer;
  }

  clone(): VirtualStack {
    const copy = new VirtualStack(this.e, this.words, this.pointer, this.zero, this.stored);
    copy.items = this.items.slice();
    copy.low = this.low;
    copy.held = new Map(this.held);
    return copy;
  }

  get height(): number {
    return this.low + this.items.length;
  }

  /** Afterwards at least `count` items are listed. */
  reach(count: number): void {
    while (this.items.length < count) this.items.unshift({ kind: 'slot', at: --this.low });
  }

  push(value: Value): void {
    this.items.push(value);
  }

  /** Takes the top item, loaded. */
  pop(): Value {
    this.reach(1);
    const value = this.load(this.items[this.items.length - 1] as Item);
    this.items.pop();
    return value;
  }

  popWord(): Word {
    return this.words.word(this.pop());
  }

  /** The item `depth` below the top, not loaded. */
  peek(depth: number): Item {
    this.reach(depth + 1);
    return this.items[this.items.length - 1 - depth] as Item;
  }

  discard(count: number): void {
    this.reach(count);
    this.items.length -= count;
  }

  /** DUPn. */
  duplicate(n: number): void {
    this.items.push(this.peek(n - 1));
  }

  /** SWAPn. */
  swap(n: number): void {
    this.reach(n + 1);
    const top = this.items.length - 1;
    const other = this.items[top - n] as Item;
    this.items[top - n] = this.items[top] as Item;
    this.items[top] = other;
  }

  /** Pushes what is in memory at the slot on top. */
  pushSlot(): void {
    this.held.delete(this.height);
    this.items.push({ kind: 'slot', at: this.height });
  }

  private load(item: Item): Value {
    if (item.kind !== 'slot') return item;
    const { at } = item;
    const limbs = [0, 8, 16, 24].map((offset) => {
      this.e.get(this.pointer);
      this.e.access(op.i64Load, slotOffset(at) + offset);
      return this.words.keep();
    });
    const word: Word = { kind: 'word', limbs: limbs as unknown as Word['limbs'], bits: 256 };
    for (const [index, other] of this.items.entries()) {
      if (other.kind === 'slot' && other.at === at) this.items[index] = word;
    }
    this.held.set(at, word);
    return word;
  }

  /** Says that the slot at a position gets another content: what still has to be read from it is read now. */
  claim(position: number): void {
    this.held.delete(position);
    for (const [index, item] of this.items.entries()) {
      if (item.kind === 'slot' && item.at === position && index + this.low !== position) {
        this.load(item);
        break;
      }
    }
    this.held.delete(position);
  }

  /** Afterwards the slots of the top `count` items hold them. */
  settle(count: number): void {
    this.reach(count);
    const end = this.height;
    for (let position = end - count; position < end; position++) this.settleAt(position);
  }

  /** Afterwards memory has the whole stack. */
  flush(): void {
    this.settle(this.items.length);
  }

  /** Afterwards every item is in its slot and in no local. The caller has flushed. */
  forget(): void {
    this.low = this.height;
    this.items = [];
    this.held.clear();
  }

  private settleAt(position: number): void {
    const index = position - this.low;
    const item = this.items[index] as Item;
    if (item.kind === 'slot' && item.at === position) return;
    const value = this.load(item);
    if (this.held.get(position) === value) return;
    this.claim(position);
    this.store(value, position);
    this.held.set(position, value);
  }

  private store(value: Value, position: number): void {
    const offset = slotOffset(position);
    if (value.kind === 'word') this.stored(smallValue(value));
    const limbs = value.kind === 'word' ? value.limbs : [value.local, 0n, 0n, 0n];
    for (let index = 0; index < 4; index++) {
      const limb = limbs[index] ?? 0n;
      this.e.get(this.pointer);
      if (limb === 0n && limbs[index + 1] === 0n) {
        // Two at once.
        this.e.get(this.zero);
        this.e.simdAccess(simd.store, offset + 8 * index);
        index++;
        continue;
      }
      this.words.push(limb);
      if (value.kind === 'flag' && index === 0) this.e.u8(op.i64ExtendI32U);
      this.e.access(op.i64Store, offset + 8 * index);
    }
  }

  /** Calls `use` for each local that an item is in. Values that only a slot holds are forgotten. */
  locals(useWide: (local: number) => void, useFlag: (local: number) => void): void {
    for (const [position, value] of this.held) if (!this.items.includes(value)) this.held.delete(position);
    for (const item of this.items) {
      if (item.kind === 'flag') useFlag(item.local);
      else if (item.kind === 'word') for (const limb of item.limbs) if (typeof limb === 'number') useWide(limb);
    }
  }
}
