export * as commonV1 from './generated/sheaf/common/v1/common.ts';
export * as daV1 from './generated/sheaf/da/v1/da.ts';
export * as executionV1 from './generated/sheaf/execution/v1/execution.ts';
export * as laneV1 from './generated/sheaf/execution/v1/lane.ts';
export * as snapshotV1 from './generated/sheaf/execution/v1/snapshot.ts';
export * as sequencerV1 from './generated/sheaf/sequencer/v1/sequencer.ts';
export * as settlementV1 from './generated/sheaf/settlement/v1/settlement.ts';
export {
  decodeBlockAnnouncement,
  decodeCertificateAnnouncement,
  decodeFinalityAnnouncement,
  decodeMessage,
  decodePayloadAnnouncement,
  encodeBlockAnnouncement,
  encodeCertificateAnnouncement,
  encodeFinalityAnnouncement,
  encodePayloadAnnouncement,
  type PayloadAnnouncement,
} from './announcements.ts';
export {
  batchStatementFromWire,
  batchStatementToWire,
  cellsFromWire,
  cellsToWire,
  certificateFromWire,
  certificateToWire,
  columnsFromWire,
  namespaceFromWire,
  signersFromWire,
  signersToWire,
  type Cell,
} from './batch.ts';
export {
  accountFromWire,
  accountToWire,
  blockAnnouncementFromWire,
  blockAnnouncementToWire,
  blockFromWire,
  blockRefFromWire,
  blockRefToWire,
  blockSelectorFromWire,
  blockSelectorToWire,
  blockToWire,
  droppedFromWire,
  droppedToWire,
  messageFromWire,
  messageToWire,
  receiptFromWire,
  receiptToWire,
  witnessFromWire,
  witnessToWire,
  type AccountRecord,
  type BlockAnnouncement,
  type BlockRecord,
  type BlockRef,
  type BlockSelector,
  type DroppedRecord,
} from './execution.ts';
export { payloadFromWire, payloadToWire, sendersFromWire, sendersToWire, transactionsFromWire } from './payload.ts';
export { reflectionImage } from './reflection.ts';
export { attestationFromWire, attestationToWire, finalityFromWire, finalityToWire } from './settlement.ts';
export { traceOptionsFromWire, traceOptionsToWire, type TraceOptions, type Tracer } from './trace.ts';
export { hexToBuffer, toBuffer, wire } from './wire.ts';
