/** Why a transaction may not stand at its place in a block, in the order in which it is found out. */
export type InvalidReason =
  /** EIP-7702's type before Prague. */
  | 'TYPE_NOT_SUPPORTED'
  | 'WRONG_CHAIN'
  /** Blocks only: the signature recovers to nobody, or is malleable (EIP-2). */
  | 'INVALID_SIGNATURE'
  /** EIP-2681: 2^64-1. */
  | 'NONCE_IS_MAX'
  | 'PRIORITY_FEE_ABOVE_MAX_FEE'
  /** Gas limit times price is 2^256 or more. */
  | 'GAS_PRICE_OVERFLOW'
  | 'BLOB_CREATION'
  | 'NO_BLOBS'
  | 'BLOB_HASH_VERSION'
  /** EIP-7594's six a transaction. */
  | 'TOO_MANY_BLOBS'
  | 'AUTHORIZATION_CREATION'
  | 'NO_AUTHORIZATIONS'
  /** More than the block has left. */
  | 'BLOCK_GAS_EXCEEDED'
  /** EIP-7825. */
  | 'TRANSACTION_GAS_EXCEEDED'
  /** More blobs than the block has left. */
  | 'BLOB_GAS_EXCEEDED'
  | 'INITCODE_TOO_LARGE'
  | 'INTRINSIC_GAS'
  /** EIP-7623. */
  | 'FLOOR_GAS'
  | 'FEE_CAP_TOO_LOW'
  | 'BLOB_FEE_CAP_TOO_LOW'
  | 'NONCE_TOO_LOW'
  | 'NONCE_TOO_HIGH'
  | 'INSUFFICIENT_FUNDS'
  /** EIP-3607. */
  | 'SENDER_NOT_EOA';
