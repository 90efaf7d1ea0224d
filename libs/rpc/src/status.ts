import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import {
  bytesToHex,
  ChainError,
  hexToBytes,
  isChainError,
  type ChainErrorCode,
  type ChainErrorDetail,
} from '@sheaf/primitives';
import { commonV1, toBuffer } from '@sheaf/proto';

/** The one table between ChainError codes and gRPC status codes. */
export const statusOfCode: Readonly<Record<ChainErrorCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  REJECTED: status.FAILED_PRECONDITION,
  CONFLICT: status.ABORTED,
  LIMIT: status.RESOURCE_EXHAUSTED,
  UNAVAILABLE: status.UNAVAILABLE,
  DEADLINE: status.DEADLINE_EXCEEDED,
  DATA_LOSS: status.DATA_LOSS,
  INTERNAL: status.INTERNAL,
};

const codeOfStatus = new Map(Object.entries(statusOfCode).map(([code, value]) => [value, code as ChainErrorCode]));
const detailKey = 'sheaf-error-bin';
/** HTTP/2 peers refuse large headers; a longer revert output must travel in a response message. */
const dataBytesMax = 16_384;
const messageLettersMax = 1_024;

export interface StatusObject {
  code: status;
  details: string;
  metadata: Metadata;
}

/** What a failed call ends with. An error that is no ChainError is INTERNAL and keeps its message to itself. */
export function toStatus(error: unknown): StatusObject {
  const detail: ChainErrorDetail = isChainError(error) ? error.detail : { code: 'INTERNAL', message: 'internal error' };
  const metadata = new Metadata();
  metadata.set(detailKey, Buffer.from(commonV1.ErrorDetail.encode(toWire(detail)).finish()));
  return { code: statusOfCode[detail.code], details: messageOf(detail), metadata };
}

/** The message, cut; when the error's data is too long to travel, it says so. */
function messageOf(detail: ChainErrorDetail): string {
  const message = detail.message.slice(0, messageLettersMax);
  const dataBytes = detail.code === 'REJECTED' && detail.data !== undefined ? detail.data.length / 2 - 1 : 0;
  if (dataBytes <= dataBytesMax) return message;
  return `${message} (its data of ${dataBytes} bytes is left out: an error carries at most ${dataBytesMax})`;
}

/** The ChainError of a failed call: the server's own, or what the transport's status means to a caller. */
export function fromServiceError(error: ServiceError, call: { address: string; method: string }): ChainError {
  const encoded = error.metadata?.get(detailKey)[0];
  const own = encoded instanceof Buffer ? fromWire(encoded, error.details) : undefined;
  if (own) return new ChainError(own, { cause: error });
  const where = `${call.method} at ${call.address}`;
  const options = { cause: error };
  switch (error.code) {
    case status.DEADLINE_EXCEEDED:
      return new ChainError({ code: 'DEADLINE', message: `${where}: no answer within the deadline` }, options);
    case status.UNAVAILABLE:
    case status.CANCELLED:
      return new ChainError({ code: 'UNAVAILABLE', message: `${where}: unavailable: ${error.details}` }, options);
    case status.RESOURCE_EXHAUSTED:
      return new ChainError({ code: 'LIMIT', message: `${where}: ${error.details}`, retryAfterMs: 0 }, options);
    default: {
      const code = codeOfStatus.get(error.code);
      const plain = code === 'NOT_FOUND' || code === 'ALREADY_EXISTS' || code === 'CONFLICT' || code === 'DATA_LOSS';
      return new ChainError({ code: plain ? code : 'INTERNAL', message: `${where}: ${error.details}` }, options);
    }
  }
}

function toWire(detail: ChainErrorDetail): commonV1.ErrorDetail {
  const data =
    detail.code === 'REJECTED' && detail.data !== undefined ? hexToBytes(detail.data, 'data') : new Uint8Array();
  return {
    code: detail.code,
    field: detail.code === 'INVALID_ARGUMENT' ? detail.field.slice(0, 256) : '',
    reason: detail.code === 'REJECTED' ? detail.reason.slice(0, 64) : '',
    retryAfterMs: detail.code === 'LIMIT' ? Math.min(Math.max(0, Math.ceil(detail.retryAfterMs)), 0xffff_ffff) : 0,
    data: toBuffer(data.length > dataBytesMax ? new Uint8Array() : data),
  };
}

function fromWire(bytes: Buffer, message: string): ChainErrorDetail | undefined {
  let wire: commonV1.ErrorDetail;
  try {
    wire = commonV1.ErrorDetail.decode(bytes);
  } catch {
    return undefined;
  }
  if (!(wire.code in statusOfCode)) return undefined;
  const code = wire.code as ChainErrorCode;
  switch (code) {
    case 'INVALID_ARGUMENT':
      return { code, field: wire.field, message };
    case 'REJECTED':
      return { code, reason: wire.reason, message, ...(wire.data.length > 0 && { data: bytesToHex(wire.data) }) };
    case 'LIMIT':
      return { code, message, retryAfterMs: wire.retryAfterMs };
    default:
      return { code, message };
  }
}
