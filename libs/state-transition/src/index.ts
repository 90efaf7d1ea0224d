export {
  applyTransaction,
  type AppliedTransaction,
  type TransactionOutcome,
  type TransactionPlace,
} from './apply-transaction.ts';
export type { AccountChange, BlockChanges } from './block-changes.ts';
export { BlockOverlay, type BlockHashSource } from './block-overlay.ts';
export { createEngine } from './engine.ts';
export { createForkRules, type ForkRules } from './fork-rules.ts';
export { genesis } from './genesis.ts';
export {
  importBlock,
  type BlockFault,
  type ImportBlockInput,
  type ImportBlockResult,
  type ImportedBlock,
} from './import-block.ts';
export type { HeaderField, HeaderFault } from './validate-header.ts';
export { BlockRun, type BlockTransactionOutcome, type BlockRequests } from './block-run.ts';
export type { InvalidReason } from './invalid-reason.ts';
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
export type { StateReader } from './state-reader.ts';
export { commitChanges } from './state-root.ts';
export { trieState, type TrieState } from './trie-state.ts';
export { witnessReader } from './witness.ts';
