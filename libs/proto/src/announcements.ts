import { ChainError, limits, toHeight, type Address, type Hash32, type Height } from '@sheaf/primitives';
import type { Certificate, Finality, Payload } from '@sheaf/protocol';
import { certificateFromWire, certificateToWire } from './batch.ts';
import { blockAnnouncementFromWire, blockAnnouncementToWire, type BlockAnnouncement } from './execution.ts';
import * as executionV1 from './generated/sheaf/execution/v1/execution.ts';
import * as sequencerV1 from './generated/sheaf/sequencer/v1/sequencer.ts';
import * as settlementV1 from './generated/sheaf/settlement/v1/settlement.ts';
import { payloadFromWire, payloadToWire, sendersFromWire, sendersToWire } from './payload.ts';
import { finalityFromWire, finalityToWire } from './settlement.ts';
import { hexToBuffer, refuse, wire } from './wire.ts';

// The bodies of NATS messages. `messageId` is what JetStream drops repetitions by.

/** A sealed payload as announced. */
export interface PayloadAnnouncement {
  height: Height;
  hash: Hash32;
  /** Undefined when it was too large for a message: fetch it. */
  payload: Payload | undefined;
  /** One a transaction of the payload, `undefined` for a bad signature; the announcer's word. Not there when unknown. */
  senders?: (Address | undefined)[];
}

/** The body and its id. Payload and senders are left out when the body would be over the bus's message limit. */
export function encodePayloadAnnouncement(announcement: PayloadAnnouncement): { id: string; body: Uint8Array } {
  const { height, hash, payload, senders } = announcement;
  const reference = { height, hash: hexToBuffer(hash), payload: undefined };
  const whole = payload && {
    ...reference,
    payload: payloadToWire(payload),
    senders: senders && sendersToWire(senders),
  };
  const encode = (message: sequencerV1.PayloadAnnouncement) => sequencerV1.PayloadAnnouncement.encode(message).finish();
  const carrying = encode(whole ?? reference);
  const body = carrying.length > limits.busMessageBytesMax ? encode(reference) : carrying;
  return { id: `payload:${height}:${hash}`, body };
}

/**
 * Whether the payload hashes to `hash` is the reader's to verify.
 * @throws ChainError `INVALID_ARGUMENT` naming the field, `DATA_LOSS` when there is not one sender a transaction
 */
export function decodePayloadAnnouncement(body: Uint8Array): PayloadAnnouncement {
  const field = 'payloadAnnouncement';
  const announcement = decodeMessage(sequencerV1.PayloadAnnouncement, body, field);
  const payload = announcement.payload && payloadFromWire(announcement.payload, `${field}.payload`);
  const height = wire.integer(announcement.height, { min: 1n, max: 2n ** 64n - 1n }, `${field}.height`);
  if (payload && payload.height !== height) refuse(`${field}.payload.height`, `must be ${height}`);
  const hash = wire.hash(announcement.hash, `${field}.hash`);
  const transactions = payload?.transactions.length ?? 0;
  const senders = sendersFromWire(announcement.senders, transactions, `${field}.senders`);
  return { height: toHeight(height), hash, payload, ...(senders && { senders }) };
}

/** The body and its id. */
export function encodeCertificateAnnouncement(certificate: Certificate): { id: string; body: Uint8Array } {
  const { firstHeight, lastPayloadHash } = certificate.statement;
  const body = sequencerV1.CertificateAnnouncement.encode({ certificate: certificateToWire(certificate) }).finish();
  return { id: `certificate:${firstHeight}:${lastPayloadHash}`, body };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field */
export function decodeCertificateAnnouncement(body: Uint8Array): Certificate {
  const field = 'certificateAnnouncement';
  const announcement = decodeMessage(sequencerV1.CertificateAnnouncement, body, field);
  return certificateFromWire(announcement.certificate, `${field}.certificate`);
}

/** The body and its id. */
export function encodeBlockAnnouncement(announcement: BlockAnnouncement): { id: string; body: Uint8Array } {
  const body = executionV1.BlockAnnouncement.encode(blockAnnouncementToWire(announcement)).finish();
  return { id: `block:${announcement.height}:${announcement.hash}`, body };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field */
export function decodeBlockAnnouncement(body: Uint8Array): BlockAnnouncement {
  const field = 'blockAnnouncement';
  return blockAnnouncementFromWire(decodeMessage(executionV1.BlockAnnouncement, body, field), field);
}

/** The body and its id. */
export function encodeFinalityAnnouncement(finality: Finality): { id: string; body: Uint8Array } {
  const body = settlementV1.FinalityAnnouncement.encode({ finality: finalityToWire(finality) }).finish();
  return { id: `finality:${finality.height}:${finality.blockHash}`, body };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field */
export function decodeFinalityAnnouncement(body: Uint8Array): Finality {
  const field = 'finalityAnnouncement';
  const announcement = decodeMessage(settlementV1.FinalityAnnouncement, body, field);
  return finalityFromWire(announcement.finality, `${field}.finality`);
}

/** Parses protobuf. @throws ChainError `INVALID_ARGUMENT` naming `field` when it is none */
export function decodeMessage<T>(type: { decode(body: Uint8Array): T }, body: Uint8Array, field: string): T {
  try {
    return type.decode(body);
  } catch (cause) {
    throw new ChainError(
      { code: 'INVALID_ARGUMENT', field, message: `${field} is not the protobuf expected` },
      { cause },
    );
  }
}
