import { decodeHeader, headerHash } from '@sheaf/ethereum';
import { ChainError, limits, type Address, type Hash32 } from '@sheaf/primitives';
import {
  decodeBlockAnnouncement,
  decodeFinalityAnnouncement,
  encodeCertificateAnnouncement,
  encodePayloadAnnouncement,
} from '@sheaf/proto';
import type { Certificate, Payload } from '@sheaf/protocol';
import type { OutboxMessage } from '@sheaf/store';
import type { ExecutedBlock } from '../ports.ts';

/**
 * Room in a message for what is not the payload's RLP: NATS's headers, and protobuf's framing where it is longer than
 * RLP's (at most 2 bytes a transaction).
 */
const framingBytesMax = 65_536;
const addressBytes = 20;

/** The announcement of a sealed payload; payload and senders are inside when they surely fit one message. */
export function payloadMessage(payload: Payload, hash: Hash32, senders: Address[], rlpBytes: number): OutboxMessage {
  const fits = rlpBytes + senders.length * addressBytes <= limits.busMessageBytesMax - framingBytesMax;
  const announcement = { height: payload.height, hash, payload: fits ? payload : undefined, senders };
  return { topic: 'payloads', ...encodePayloadAnnouncement(announcement) };
}

/** The announcement of a certificate. */
export function certificateMessage(certificate: Certificate): OutboxMessage {
  return { topic: 'certificates', ...encodeCertificateAnnouncement(certificate) };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field, `DATA_LOSS` when header and hash do not belong together */
export function readBlockAnnouncement(body: Uint8Array): { height: bigint; value: ExecutedBlock } {
  const { height, hash, payloadHash, header, dropped } = decodeBlockAnnouncement(body);
  return { height, value: executedBlock({ height, hash, payloadHash, dropped }, header) };
}

/** Height that a finality announcement speaks of. @throws ChainError `INVALID_ARGUMENT` */
export function readFinalityAnnouncement(body: Uint8Array): bigint {
  return decodeFinalityAnnouncement(body).height;
}

/** A block with its decoded header. @throws ChainError `DATA_LOSS` when header and hash do not belong together */
export function executedBlock(block: Omit<ExecutedBlock, 'header'>, headerRlp: Uint8Array): ExecutedBlock {
  const header = decodeHeader(headerRlp);
  if (headerHash(header) !== block.hash || header.number !== block.height) {
    throw new ChainError({ code: 'DATA_LOSS', message: `block ${block.height} came with the header of another block` });
  }
  return { ...block, header };
}
