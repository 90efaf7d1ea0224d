export { attestationDigest, hasQuorum, type Attestation, type Finality } from './attestation.ts';
export {
  batchDigest,
  commitmentsHash,
  payloadsNamespace,
  verifyCertificate,
  type BatchStatement,
  type Certificate,
  type VerifyAggregate,
} from './batch.ts';
export { decodeBitmap, encodeBitmap } from './bitmap.ts';
export { batchRlpBytesMax, packPayloads, unpackPayloads } from './blobs.ts';
export {
  formatChainSpec,
  parseChainSpec,
  verifyChainSpecKeys,
  type ChainSpec,
  type Fork,
  type GenesisAccount,
} from './chain-spec.ts';
export { availableAfterLoss, columnsToRecover, columnsTotal, custodyColumns, type DaCommittee } from './custody.ts';
export { decodePayload, encodePayload, payloadHash, payloadRandao, type Deposit, type Payload } from './payload.ts';
