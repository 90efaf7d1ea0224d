export { changesOf, decodeAccessList, encodeAccessList, type AccessList, type AccountAccess } from './access-list.ts';
export { decodeAccountLeaf, encodeAccountLeaf, type AccountLeaf } from './account-leaf.ts';
export {
  decodeAccountRecord,
  emptyCodeHashBytes,
  emptyRootBytes,
  encodeAccountRecord,
  isEmptyCode,
  leafOfAccountRecord,
  type StoredAccount,
} from './account-record.ts';
export type { AccountChange, BlockChanges } from './block-changes.ts';
export { BlockDraft } from './block-draft.ts';
export type { BlockState } from './block-state.ts';
export { ByteMap } from './byte-map.ts';
export { stateTables, type Entry, type KeyValue, type Write } from './key-value.ts';
export { snapshotLimits, stateLimits } from './limits.ts';
export { memoryKeyValue } from './memory-key-value.ts';
export type { BucketRange, StateHeights } from './meta.ts';
export { PartitionLoader, type LoadedAccount, type LoadedPart, type LoadedSlot } from './partition-loader.ts';
export {
  PartitionState,
  type CommitInput,
  type PartitionOptions,
  type PartitionStats,
  type PreparedChanges,
} from './partition-state.ts';
export {
  collectWay,
  proveByWay,
  proveSlots,
  proveState,
  readAccount,
  readStorage,
  type AccountProof,
  type AccountState,
} from './read-account.ts';
export {
  answerSnapshot,
  decodeAnswer,
  decodeManifest,
  decodeWant,
  encodeAnswer,
  encodeManifest,
  encodeWant,
  type SnapshotAnswer,
  type SnapshotManifest,
  type SnapshotWant,
} from './snapshot.ts';
export { SnapshotImport, type OpenWant, type SnapshotExpectation } from './snapshot-import.ts';
export { PartitionReader, StateAt } from './state-at.ts';
export type { StateReader } from './state-reader.ts';
export { collectWitness, decodeWitness, encodeWitness, type StateWitness } from './witness.ts';
export {
  collectWitnessPart,
  decodeTops,
  decodeWitnessPart,
  encodeTops,
  encodeWitnessPart,
  joinWitness,
  mergeTops,
  ownTops,
  type BucketTops,
  type WitnessPart,
} from './witness-part.ts';
export { WitnessState } from './witness-state.ts';
