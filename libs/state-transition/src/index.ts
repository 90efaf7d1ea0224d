export {
  applyTransaction,
  type AppliedTransaction,
  type TransactionOutcome,
  type TransactionPlace,
} from './apply-transaction.ts';
export { BlockOverlay, type BlockHashSource } from './block-overlay.ts';
export { environmentOf } from './block-environment.ts';
export { BlockHashes } from './block-hashes.ts';
export {
  bodyFields,
  completeBlock,
  taskOfPayload,
  type BodyFields,
  type BlockOutcome,
  type BlockTask,
  type KnownFields,
} from './block-task.ts';
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
export { BlockRun, bloomOf, makeReceipt, type BlockTransactionOutcome, type BlockRequests } from './block-run.ts';
export { dropReasons, readPayloadTransaction, type ReadTransaction } from './payload-transaction.ts';
export { depositRequests, typedRequests } from './requests.ts';
export { runSystemCall, type SystemCallResult } from './system-call.ts';
export {
  beaconRootsAddress,
  consolidationRequestsAddress,
  historyAddress,
  withdrawalRequestsAddress,
} from './system-contracts.ts';
export { refuseFields, refuseForm } from './transaction-rules.ts';
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
