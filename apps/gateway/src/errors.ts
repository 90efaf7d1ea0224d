import { revertReason } from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, type ChainErrorDetail, type Hex } from '@sheaf/primitives';

/** An error as JSON-RPC answers it. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** JSON-RPC 2.0's codes, EIP-1474's, and geth's code for a revert. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  unavailable: -32002,
  responseTooLarge: -32003,
  limit: -32005,
  reverted: 3,
} as const;

/** A parameter that is missing or malformed; `parameter` is its dotted name. */
export function invalidParams(parameter: string, problem: string): RpcError {
  return new RpcError(rpcCodes.invalidParams, `invalid params: ${parameter} ${problem}`, { parameter });
}

/** A call that reverted, in geth's words: the reason in the message, the output in `data`. */
export function executionReverted(output: Uint8Array): RpcError {
  const reason = revertReason(output);
  return new RpcError(
    rpcCodes.reverted,
    reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`,
    bytesToHex(output),
  );
}

/**
 * What geth says for a transaction that a rule refuses; wallet libraries match on these texts. The first is put before a message
 * that has none of them.
 */
const gethTexts: Record<string, readonly [string, ...string[]]> = {
  NONCE_TOO_LOW: ['nonce too low'],
  NONCE_TOO_HIGH: ['nonce too high'],
  NONCE_GAP: ['nonce too high'],
  INSUFFICIENT_FUNDS: ['insufficient funds for gas * price + value', 'insufficient funds for transfer'],
  FEE_CAP_TOO_LOW: ['max fee per gas less than block base fee', 'max priority fee per gas higher than max fee per gas'],
  UNDERPRICED: ['transaction underpriced'],
  REPLACEMENT_UNDERPRICED: ['replacement transaction underpriced'],
  INTRINSIC_GAS: ['intrinsic gas too low', 'insufficient gas for floor data gas cost'],
  GAS_LIMIT_EXCEEDED: ['exceeds block gas limit', 'transaction gas limit too high'],
  BLOB_TRANSACTION: ['transaction type not supported'],
  UNSUPPORTED: ['transaction type not supported', 'only replay-protected'],
  WRONG_CHAIN: ['invalid chain id for signer'],
  INVALID_SIGNATURE: ['invalid sender'],
  MALFORMED: ['malformed transaction'],
  SENDER_NOT_EOA: ['sender not an eoa'],
  INITCODE_TOO_LARGE: ['max initcode size exceeded'],
  TRANSACTION_TOO_LARGE: ['oversized data'],
  MEMPOOL_FULL: ['txpool is full'],
  SENDER_FULL: ['account limit exceeded'],
  LAGGING: ['the chain is lagging'],
  OUT_OF_GAS: ['gas required exceeds allowance'],
};

/** geth's text first, then the figures, without saying the same twice. */
export function refusalText(reason: string, message: string): string {
  const known = gethTexts[reason];
  if (known === undefined) return message || reason;
  if (message === '') return known[0];
  return known.some((text) => message.startsWith(text)) ? message : `${known[0]}: ${message}`;
}

/** The reason for what the transaction decoder refuses: its field says what kind of fault it is. */
export function malformedReason(field: string): string {
  if (/^transaction\.(r|s|v|yParity|signature)$/.test(field)) return 'INVALID_SIGNATURE';
  if (field === 'transaction.type') return 'UNSUPPORTED';
  if (field === 'transaction.maxPriorityFeePerGas') return 'FEE_CAP_TOO_LOW';
  return 'MALFORMED';
}

/** The answer to a transaction that admission refused. `retryAfterMs` 0: trying the same again is of no use. */
export function refused(reason: string, message: string, retryAfterMs = 0): RpcError {
  const text = refusalText(reason, message);
  if (retryAfterMs > 0) return new RpcError(rpcCodes.limit, text, { reason, retryAfterMs });
  return new RpcError(rpcCodes.server, text, { reason });
}

/** The one table from what went wrong inside to what the caller is told. Bugs stay inside. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof ChainError) return fromDetail(error.detail, error);
  return new RpcError(rpcCodes.internal, 'internal error', undefined, { cause: error });
}

function fromDetail(detail: ChainErrorDetail, cause: ChainError): RpcError {
  switch (detail.code) {
    case 'INVALID_ARGUMENT':
      return new RpcError(
        rpcCodes.invalidParams,
        `invalid params: ${detail.message}`,
        { parameter: detail.field },
        { cause },
      );
    case 'REJECTED':
      return rejected(detail, cause);
    case 'LIMIT':
      return new RpcError(rpcCodes.limit, detail.message, { retryAfterMs: detail.retryAfterMs }, { cause });
    case 'UNAVAILABLE':
    case 'DEADLINE':
      return new RpcError(rpcCodes.unavailable, detail.message, { retryAfterMs: 1_000 }, { cause });
    case 'NOT_FOUND':
    case 'ALREADY_EXISTS':
    case 'CONFLICT':
      return new RpcError(rpcCodes.server, detail.message, undefined, { cause });
    case 'DATA_LOSS':
    case 'INTERNAL':
      return new RpcError(rpcCodes.internal, 'internal error', undefined, { cause });
  }
}

function rejected(detail: Extract<ChainErrorDetail, { code: 'REJECTED' }>, cause: ChainError): RpcError {
  const output = (detail.data ?? '0x') as Hex;
  if (detail.reason.startsWith('REVERT') || output !== '0x') return executionReverted(hexToBytes(output));
  return new RpcError(
    rpcCodes.server,
    refusalText(detail.reason, detail.message),
    { reason: detail.reason },
    { cause },
  );
}
