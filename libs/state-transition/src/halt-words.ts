import type { HaltReason } from '@sheaf/evm';

/** What callers are told of a halt. */
export const haltWords: Record<HaltReason, string> = {
  OUT_OF_GAS: 'out of gas',
  STACK_UNDERFLOW: 'stack underflow',
  STACK_OVERFLOW: 'stack overflow',
  INVALID_JUMP: 'invalid JUMP',
  INVALID_OPCODE: 'invalid opcode',
  STATIC_STATE_CHANGE: 'static state change',
  RETURN_DATA_OUT_OF_BOUNDS: 'return data out of bounds',
  CREATE_COLLISION: 'create collision',
  CODE_TOO_LARGE: 'code size to deposit exceeds maximum code size',
  CODE_STARTS_WITH_EF: 'invalid bytecode deployed',
  INSUFFICIENT_BALANCE: 'insufficient balance',
  PRECOMPILE_FAILED: 'precompile failed',
};
