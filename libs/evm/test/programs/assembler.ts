import { bigintToFixedBytes, concatBytes } from '@sheaf/primitives';
import { PUSH0, PUSH1, byName, effects } from './operations.ts';

/** A place in the code that is known once everything before it has been written. */
export interface Label {
  offset: number | undefined;
}

type Piece = Uint8Array | { label: Label };

/**
 * Writes bytecode with labels, and keeps account of the stack's height. The height is that of straight-line execution:
 * whoever jumps restores it.
 */
export class Assembler {
  /** Words on the stack here. */
  height = 0;
  readonly #pieces: Piece[] = [];
  #offset = 0;

  get offset(): number {
    return this.#offset;
  }

  op(code: number | string): this {
    const byte = typeof code === 'string' ? byName(code) : code;
    const effect = effects[byte];
    if (effect !== undefined) this.height += effect.outputs - effect.inputs;
    return this.raw(Uint8Array.of(byte));
  }

  /** The shortest PUSH of the value, or one of `width` bytes when that is longer. */
  push(value: bigint, width = 0): this {
    const needed = value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
    const length = Math.max(needed, Math.min(width, 32));
    this.height += 1;
    if (length === 0) return this.raw(Uint8Array.of(PUSH0));
    return this.raw(concatBytes(Uint8Array.of(PUSH1 + length - 1), bigintToFixedBytes(value, length)));
  }

  /** Bytes as they are; the height is taken to be the same behind them. */
  raw(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    this.#offset += bytes.length;
    return this;
  }

  label(): Label {
    return { offset: undefined };
  }

  /** Three bytes: PUSH2 and the label's offset, which may not be known yet. */
  pushLabel(label: Label): this {
    this.height += 1;
    this.#pieces.push({ label });
    this.#offset += 3;
    return this;
  }

  /** The label is here; no JUMPDEST is written. */
  place(label: Label): this {
    label.offset = this.#offset;
    return this;
  }

  /** The label is here, with a JUMPDEST. */
  land(label: Label): this {
    return this.place(label).op('JUMPDEST');
  }

  /** @throws Error when a label that is used was never placed */
  bytes(): Uint8Array {
    return concatBytes(
      ...this.#pieces.map((piece) => {
        if (piece instanceof Uint8Array) return piece;
        if (piece.label.offset === undefined) throw new Error('a label was not placed');
        return concatBytes(Uint8Array.of(PUSH1 + 1), bigintToFixedBytes(BigInt(piece.label.offset & 0xffff), 2));
      }),
    );
  }
}
