/**
 * A program as a tree whose parts can be left out: an expression leaves one word, a statement none. So whatever
 * fast-check takes away when it shrinks, what stays keeps its stack in order.
 */
export type Expression =
  | { kind: 'constant'; value: bigint; width: number }
  /** A copy of a word that is on the stack; `index` is taken modulo what is there and can be reached. */
  | { kind: 'peek'; index: number }
  /** The word that the innermost `let` holds. */
  | { kind: 'bound' }
  /** `operands[0]` is on top. */
  | { kind: 'operation'; name: string; operands: Expression[] };

export type Statement =
  /** An instruction without result. */
  | { kind: 'effect'; name: string; operands: Expression[] }
  | { kind: 'drop'; value: Expression }
  /** Replaces a word on the stack. */
  | { kind: 'assign'; index: number; value: Expression }
  | { kind: 'let'; value: Expression; body: Statement[] }
  | { kind: 'if'; condition: Expression; then: Statement[]; otherwise: Statement[] }
  | { kind: 'loop'; count: number; body: Statement[] }
  /** A computed jump into a table of jumps. */
  | { kind: 'switch'; selector: Expression; cases: Statement[][] }
  /** A body that is called from `times` places and returns by a jump to where the stack says. */
  | { kind: 'subroutine'; times: number; body: Statement[] }
  /** Instructions without operands of their own: where the stack is too low for one, words are pushed first. */
  | { kind: 'shuffle'; codes: number[]; filler: bigint }
  /** Fills the stack up to so many words and takes them away again. */
  | { kind: 'fill'; height: number }
  /** Data that is jumped over; `safe`: nothing in it swallows the JUMPDEST behind it. */
  | { kind: 'data'; bytes: Uint8Array; safe: boolean }
  | { kind: 'create'; creation: Creation; body: Statement[] }
  | { kind: 'badJump'; how: BadJump; condition: Expression }
  | { kind: 'end'; name: 'STOP' | 'RETURN' | 'REVERT' | 'INVALID' | 'SELFDESTRUCT'; operands: Expression[] }
  | { kind: 'raw'; bytes: Uint8Array };

/** CREATE (`salt` undefined) or CREATE2 of code that is in the creating program's own; the new address is the `let`. */
export interface Creation {
  value: Expression;
  salt: bigint | undefined;
  /** What the init code does before it returns. */
  prelude: Statement[];
  deploys: Deployment;
  /** Bytes by which the length given to the instruction differs from the init code's. */
  stretch: number;
}

export type Deployment =
  | { kind: 'program'; program: Program }
  | { kind: 'bytes'; bytes: Uint8Array }
  /** So many zero bytes from memory. */
  | { kind: 'zeros'; length: number }
  | { kind: 'reverts'; length: number }
  | { kind: 'nothing' };

export type BadJump = 'intoPush' | 'beyond' | 'huge' | 'notJumpdest' | 'wrapped' | 'backToStart' | 'intoTruncatedPush';

export interface Program {
  /** Words pushed before anything else, for `peek` and `assign`. */
  locals: Expression[];
  body: Statement[];
  /** Bytes behind the end, without a STOP before them when the body has no end: `undefined` means a plain end. */
  tail: Uint8Array | undefined;
}
