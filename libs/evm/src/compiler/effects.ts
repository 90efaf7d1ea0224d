// Instructions that the machine does on the frame: state, logs, copies, calls.

import { FRAME_ENTRY, FRAME_PC, RETURNED, REVERTED } from '../layout.ts';
import { isCall } from './analyze.ts';
import { importIndex } from './imports.ts';
import type { Translation } from './translate.ts';
import { op } from './wasm-encoder.ts';
import { valueOf } from './word.ts';

const RETURN = 0xf3;
const REVERT = 0xfd;

/** By opcode: the machine's function for what ends a segment, since others can see its effect or it sees the gas. */
export const effects: Record<number, string> = {
  0x31: 'balance',
  0x3b: 'extcodesize',
  0x3c: 'extcodecopy',
  0x3f: 'extcodehash',
  0x40: 'blockhash',
  0x47: 'selfbalance',
  0x49: 'blobhash',
  0x54: 'sload',
  0x55: 'sstore',
  0x5c: 'tload',
  0x5d: 'tstore',
  0xa0: 'log0',
  0xa1: 'log1',
  0xa2: 'log2',
  0xa3: 'log3',
  0xa4: 'log4',
};

/** By opcode: the machine's function for what ends the frame or makes another. */
export const frames: Record<number, string> = {
  0xf0: 'create',
  0xf1: 'call',
  0xf2: 'callcode',
  0xf3: 'return_',
  0xf4: 'delegatecall',
  0xf5: 'create2',
  0xfa: 'staticcall',
  0xfd: 'revert',
  0xff: 'selfdestruct',
};

/** By opcode: the machine's function for what only memory and the gas left show. */
const copies: Record<number, string> = {
  0x20: 'keccak256',
  0x37: 'calldatacopy',
  0x39: 'codecopy',
  0x3e: 'returndatacopy',
  0x5e: 'mcopy',
};

/** Calls a function of the machine's, with its operands in memory. */
function callMachine(t: Translation, name: string, opcode: number): void {
  const { chunk } = t;
  const { stack } = t.state;
  const { inputs = 0, outputs = 0 } = t.contract.opcodes[opcode] ?? {};
  stack.settle(inputs);
  const { height } = stack;
  chunk.savePointer(height);
  chunk.saveGas();
  stack.discard(inputs);
  for (let position = height - inputs; position < height - inputs + Math.max(inputs, outputs); position++)
    stack.claim(position);
  chunk.e.call(importIndex(name));
  chunk.leaveUnlessContinue();
  chunk.loadGas();
  if (outputs > 0) stack.pushSlot();
}

/** KECCAK256 and copies within the frame. */
export function copyOrHash(t: Translation, opcode: number): void {
  callMachine(t, copies[opcode] ?? '', opcode);
  t.chunk.loadLimit();
}

export function useEffect(t: Translation, name: string, opcode: number): void {
  callMachine(t, name, opcode);
  if (opcode === 0x3c || opcode >= 0xa0) t.chunk.loadLimit();
  t.endSegment();
}

/** Calls and creations, after which the frame may have to wait; RETURN, REVERT and SELFDESTRUCT, which end it. */
export function callFrame(t: Translation, name: string, opcode: number): void {
  const { chunk } = t;
  const { e } = chunk;
  const { stack } = t.state;
  const { inputs = 0 } = t.contract.opcodes[opcode] ?? {};
  if (opcode === RETURN || opcode === REVERT) {
    const size = stack.peek(1);
    // Without output the offset says nothing.
    if (size.kind === 'word' && valueOf(size) === 0n) return t.finish(opcode === RETURN ? RETURNED : REVERTED);
  }
  t.closeSegment();
  if (!isCall(opcode)) {
    stack.settle(inputs);
    chunk.savePointer(stack.height);
    chunk.saveGas();
    e.call(importIndex(name));
    chunk.leave();
    return t.end();
  }
  const { code, labelAt } = t.contract.analysis;
  stack.flush();
  chunk.savePointer(stack.height);
  chunk.saveGas();
  const next = t.next;
  const label = labelAt[next] ?? -1;
  e.i32(0);
  e.i32(next);
  e.access(op.i32Store, FRAME_PC);
  t.contract.wanted[label] = 1;
  e.i32(0);
  // Behind a call at the very end of the code is a STOP, for which there is a label too.
  e.i32(label);
  e.access(op.i32Store, FRAME_ENTRY);
  e.call(importIndex(name));
  chunk.leaveUnlessContinue();
  chunk.loadGas();
  chunk.loadLimit();
  stack.discard(inputs);
  stack.pushSlot();
  if (next >= code.length) return t.finish(RETURNED);
  t.goTo(label);
}
