export {
  applyTransaction,
  type AppliedTransaction,
  type TransactionOutcome,
  type TransactionPlace,
} from './apply-transaction.ts';
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
  CallInput,
  CallMessage,
  CallResult,
  DroppedTransaction,
  DropReason,
  ExecutedBlock,
  ExecutePayloadInput,
  ExecutePayloadResult,
  ExecutionEngine,
  StateOverride,
  Witness,
} from './ports.ts';
