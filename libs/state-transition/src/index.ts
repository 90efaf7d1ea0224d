export { createEngine } from './engine.ts';
export { genesis } from './genesis.ts';
export type {
  AccountProof,
  AccountState,
  CallInput,
  CallMessage,
  CallResult,
  DroppedTransaction,
  DropReason,
  ExecutedBlock,
  ExecutePayloadInput,
  ExecutePayloadResult,
  ExecutionEngine,
  NodeReader,
  StateChanges,
  StateOverride,
  Witness,
} from './ports.ts';
export { proveAccount, readAccount, readStorage } from './read-state.ts';
export { witnessReader } from './witness.ts';
