import { limits, toHeight } from '@sheaf/primitives';
import type { Attestation, Finality } from '@sheaf/protocol';
import { signersFromWire, signersToWire } from './batch.ts';
import type * as settlementV1 from './generated/sheaf/settlement/v1/settlement.ts';
import { hexToBuffer, refuse, toBuffer, wire } from './wire.ts';

const uint64Max = 2n ** 64n - 1n;

export function attestationToWire(attestation: Attestation): settlementV1.Attestation {
  return {
    chainId: attestation.chainId,
    height: attestation.height,
    blockHash: hexToBuffer(attestation.blockHash),
    payloadHash: hexToBuffer(attestation.payloadHash),
    commitmentsHash: hexToBuffer(attestation.commitmentsHash),
    validatorIndex: attestation.validatorIndex,
    signature: toBuffer(attestation.signature),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function attestationFromWire(message: settlementV1.Attestation | undefined, field: string): Attestation {
  const attestation = wire.required(message, field);
  const last = limits.validatorsMax - 1;
  return {
    chainId: wire.integer(attestation.chainId, { min: 1n, max: uint64Max }, `${field}.chainId`),
    height: toHeight(wire.integer(attestation.height, { min: 1n, max: uint64Max }, `${field}.height`)),
    blockHash: wire.hash(attestation.blockHash, `${field}.blockHash`),
    payloadHash: wire.hash(attestation.payloadHash, `${field}.payloadHash`),
    commitmentsHash: wire.hash(attestation.commitmentsHash, `${field}.commitmentsHash`),
    validatorIndex: wire.integer(attestation.validatorIndex, { min: 0, max: last }, `${field}.validatorIndex`),
    signature: wire.bytes(attestation.signature, { length: 96 }, `${field}.signature`),
  };
}

export function finalityToWire(finality: Finality): settlementV1.Finality {
  return {
    block: { height: finality.height, hash: hexToBuffer(finality.blockHash) },
    payloadHash: hexToBuffer(finality.payloadHash),
    commitmentsHash: hexToBuffer(finality.commitmentsHash),
    signers: signersToWire(finality.signers),
    signature: toBuffer(finality.signature),
    signedStakeGwei: finality.signedStakeGwei,
    totalStakeGwei: finality.totalStakeGwei,
  };
}

/**
 * Whether the stake is a quorum, and the signature one of the signers', is the reader's to verify.
 * @throws ChainError `INVALID_ARGUMENT` naming the field below `field`
 */
export function finalityFromWire(message: settlementV1.Finality | undefined, field: string): Finality {
  const finality = wire.required(message, field);
  const block = wire.required(finality.block, `${field}.block`);
  const total = wire.integer(finality.totalStakeGwei, { min: 1n, max: uint64Max }, `${field}.totalStakeGwei`);
  if (finality.signedStakeGwei > total) refuse(`${field}.signedStakeGwei`, 'must not be more than totalStakeGwei');
  return {
    height: toHeight(wire.integer(block.height, { min: 1n, max: uint64Max }, `${field}.block.height`)),
    blockHash: wire.hash(block.hash, `${field}.block.hash`),
    payloadHash: wire.hash(finality.payloadHash, `${field}.payloadHash`),
    commitmentsHash: wire.hash(finality.commitmentsHash, `${field}.commitmentsHash`),
    signers: signersFromWire(finality.signers, limits.validatorsMax, `${field}.signers`),
    signature: wire.bytes(finality.signature, { length: 96 }, `${field}.signature`),
    signedStakeGwei: wire.integer(finality.signedStakeGwei, { min: 1n, max: total }, `${field}.signedStakeGwei`),
    totalStakeGwei: total,
  };
}
