import type { ChainErrorDetail } from '@sheaf/primitives';

/**
 * Why a transaction is refused at admission, or dropped later.
 *
 * | reason | what it says |
 * | --- | --- |
 * | MALFORMED | not a canonical EIP-2718 encoding, or a field out of its bounds |
 * | TRANSACTION_TOO_LARGE | the encoding is over 131,072 bytes |
 * | UNSUPPORTED | the type is not part of the chain's fork, or it is not replay protected |
 * | BLOB_TRANSACTION | type 3: the chain's own data availability carries data |
 * | WRONG_CHAIN | signed for another chain id |
 * | INVALID_SIGNATURE | r, s or parity out of range, high s, or no public key fits |
 * | SENDER_NOT_EOA | the sender has code that is no EIP-7702 delegation |
 * | GAS_LIMIT_EXCEEDED | gas limit above the block's, or above EIP-7825's |
 * | INTRINSIC_GAS | gas limit below the intrinsic gas or EIP-7623's floor |
 * | INITCODE_TOO_LARGE | EIP-3860 |
 * | FEE_CAP_TOO_LOW | max fee below the max priority fee |
 * | UNDERPRICED | tip below the configured least, or max fee below any base fee the chain can reach |
 * | NONCE_TOO_LOW | the nonce is used or being used |
 * | NONCE_GAP | a lower nonce is missing |
 * | INSUFFICIENT_FUNDS | balance below the worst case of this and the sender's other waiting transactions |
 * | REPLACEMENT_UNDERPRICED | another transaction waits at this nonce and the fees are not both a tenth higher |
 * | SENDER_FULL, MEMPOOL_FULL | bounds of the mempool |
 * | LAGGING | latest is too far ahead of safe or finalized |
 * | EXPIRED | waited longer than the configured time |
 */
export type Reason =
  | 'MALFORMED'
  | 'TRANSACTION_TOO_LARGE'
  | 'UNSUPPORTED'
  | 'BLOB_TRANSACTION'
  | 'WRONG_CHAIN'
  | 'INVALID_SIGNATURE'
  | 'SENDER_NOT_EOA'
  | 'GAS_LIMIT_EXCEEDED'
  | 'INTRINSIC_GAS'
  | 'INITCODE_TOO_LARGE'
  | 'FEE_CAP_TOO_LOW'
  | 'UNDERPRICED'
  | 'NONCE_TOO_LOW'
  | 'NONCE_GAP'
  | 'INSUFFICIENT_FUNDS'
  | 'REPLACEMENT_UNDERPRICED'
  | 'SENDER_FULL'
  | 'MEMPOOL_FULL'
  | 'LAGGING'
  | 'EXPIRED';

/** A refusal as it is answered. */
export interface Refusal {
  readonly reason: Reason;
  /** One sentence with the figures, at most 512 bytes. */
  readonly message: string;
  /** Milliseconds; 0 for what will not get better by waiting. */
  readonly retryAfterMs: number;
}

/** A refusal; the message is cut at 512 bytes. */
export function refuse(reason: Reason, message: string, retryAfterMs = 0): Refusal {
  return { reason, message: Buffer.from(message).subarray(0, 512).toString(), retryAfterMs };
}

/** Which fields of a transaction make up its signature. */
const signatureFields = /^transaction\.(r|s|v|yParity|signature)$/;

/** The refusal for what the decoder threw. */
export function refuseMalformed(detail: Extract<ChainErrorDetail, { code: 'INVALID_ARGUMENT' }>): Refusal {
  if (detail.field === 'transaction.maxPriorityFeePerGas' && detail.message.includes('maxFeePerGas')) {
    return refuse('FEE_CAP_TOO_LOW', 'max priority fee per gas higher than max fee per gas');
  }
  if (detail.field === 'transaction.type') return refuse('UNSUPPORTED', 'transaction type not supported');
  return refuse(signatureFields.test(detail.field) ? 'INVALID_SIGNATURE' : 'MALFORMED', detail.message);
}
