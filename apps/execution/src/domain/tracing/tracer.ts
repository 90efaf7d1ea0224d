import type { Address, Hash32, Hex } from '@sheaf/primitives';
import type { OverlayState } from './overlay-state.ts';

/** One instruction before it runs. What it lends is valid during the call only. */
export interface Step {
  pc: number;
  code: number;
  name: string;
  gas: bigint;
  /** What it takes, what it gives to a message that it calls among it. */
  cost: bigint;
  /** 1 for the first message. */
  depth: number;
  refund: bigint;
  /** Whose storage it sees. */
  address: Address;
  /** Bottom first. */
  stack: readonly bigint[];
  memory: Uint8Array;
  /** Of the last message that was called. */
  returnData: Uint8Array;
  /** What SLOAD is about to read. */
  loaded: bigint | undefined;
  /** Why it cannot run at all: too few words, too many, too little gas. */
  fault: string | undefined;
}

export type MessageKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2' | 'SELFDESTRUCT';

/** A message as it begins. */
export interface MessageStart {
  kind: MessageKind;
  from: Address;
  /** `undefined`: a creation, whose address the end tells. */
  to: Address | undefined;
  /** Lent. */
  input: Uint8Array;
  gas: bigint;
  /** `undefined`: STATICCALL has none. */
  value: bigint | undefined;
}

export interface MessageEnd {
  gasUsed: bigint;
  /** What it returned or reverted with; the code, of a creation. */
  output: Uint8Array;
  /** In geth's words; `undefined`: it succeeded. */
  error: string | undefined;
  created: Address | undefined;
}

export interface TraceLog {
  address: Address;
  topics: Hash32[];
  data: Hex;
}

/** What is traced: a transaction, or a message that is run like one. */
export interface TraceSubject {
  from: Address;
  to: Address | undefined;
  nonce: bigint;
  gasLimit: bigint;
  coinbase: Address;
  /** Those whose authorizations it carries (EIP-7702). */
  authorities: Address[];
  /** Logs of the block before it. */
  logsBefore: number;
}

/** How it ended. */
export interface TraceOutcome {
  gasUsed: bigint;
  failed: boolean;
  /** What the first message returned or reverted with; empty after any other failure. */
  output: Uint8Array;
}

/** Watches one run and tells of it. Steps and messages come in the order in which they happen. */
export interface RunTracer {
  /** Not there: steps are not told. */
  step?(step: Step): void;
  enter?(message: MessageStart): void;
  exit?(end: MessageEnd): void;
  log?(log: TraceLog): void;
  /** The JSON of the trace. */
  finish(outcome: TraceOutcome, state: OverlayState): string | Promise<string>;
}
