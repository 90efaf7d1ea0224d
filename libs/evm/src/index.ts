export { createEvm } from './evm.ts';
export { MissingState } from './missing-state.ts';
export { createPrecompiles, warmPrecompiles, type Precompiles, type WarmOptions } from './precompiles/index.ts';
export { notHere } from './ports.ts';
export type {
  AccountEffect,
  AccountView,
  BlockEnvironment,
  Checkpoint,
  EngineMode,
  Evm,
  EvmOptions,
  EvmStats,
  Fork,
  HaltReason,
  Host,
  HostAccount,
  Message,
  MessageResult,
  MissingKey,
  SlotEffect,
  TransactionEffects,
  TransactionEnvironment,
} from './ports.ts';
