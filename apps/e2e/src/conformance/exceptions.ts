// How execution-spec-tests names the reasons for which we refuse transactions and blocks.
import type { BlockFault, InvalidReason } from '@sheaf/state-transition';

/** The names there are for a reason, without `TransactionException.`; several when a rule there is split or shared. */
const transactionNames: Record<InvalidReason, readonly string[]> = {
  TYPE_NOT_SUPPORTED: ['TYPE_4_TX_PRE_FORK', 'TYPE_NOT_SUPPORTED'],
  WRONG_CHAIN: ['INVALID_CHAINID'],
  INVALID_SIGNATURE: [
    'INVALID_SIGNATURE_VRS',
    'EC_RECOVERY_FAIL',
    'RLP_INVALID_SIGNATURE_R',
    'RLP_INVALID_SIGNATURE_S',
  ],
  NONCE_IS_MAX: ['NONCE_IS_MAX', 'NONCE_TOO_BIG', 'NONCE_OVERFLOW'],
  PRIORITY_FEE_ABOVE_MAX_FEE: ['PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS', 'PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2'],
  GAS_PRICE_OVERFLOW: ['GASLIMIT_PRICE_PRODUCT_OVERFLOW', 'INSUFFICIENT_ACCOUNT_FUNDS'],
  BLOB_CREATION: ['TYPE_3_TX_CONTRACT_CREATION'],
  NO_BLOBS: ['TYPE_3_TX_ZERO_BLOBS'],
  BLOB_HASH_VERSION: ['TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH'],
  TOO_MANY_BLOBS: ['TYPE_3_TX_BLOB_COUNT_EXCEEDED', 'TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED'],
  AUTHORIZATION_CREATION: ['TYPE_4_TX_CONTRACT_CREATION'],
  NO_AUTHORIZATIONS: ['TYPE_4_EMPTY_AUTHORIZATION_LIST'],
  BLOCK_GAS_EXCEEDED: ['GAS_ALLOWANCE_EXCEEDED', 'GAS_USED_OVERFLOW'],
  TRANSACTION_GAS_EXCEEDED: ['GAS_LIMIT_EXCEEDS_MAXIMUM'],
  BLOB_GAS_EXCEEDED: [
    'TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED',
    'TYPE_3_TX_BLOB_COUNT_EXCEEDED',
    'BLOB_GAS_USED_ABOVE_LIMIT',
  ],
  INITCODE_TOO_LARGE: ['INITCODE_SIZE_EXCEEDED'],
  INTRINSIC_GAS: ['INTRINSIC_GAS_TOO_LOW'],
  FLOOR_GAS: ['INTRINSIC_GAS_BELOW_FLOOR_GAS_COST'],
  FEE_CAP_TOO_LOW: ['INSUFFICIENT_MAX_FEE_PER_GAS'],
  BLOB_FEE_CAP_TOO_LOW: ['INSUFFICIENT_MAX_FEE_PER_BLOB_GAS'],
  NONCE_TOO_LOW: ['NONCE_MISMATCH_TOO_LOW'],
  NONCE_TOO_HIGH: ['NONCE_MISMATCH_TOO_HIGH'],
  INSUFFICIENT_FUNDS: ['INSUFFICIENT_ACCOUNT_FUNDS'],
  SENDER_NOT_EOA: ['SENDER_NOT_EOA'],
};

/** What a block's bytes can be refused for before any of its rules is looked at. */
const malformedNames = [
  'RLP_STRUCTURES_ENCODING',
  'RLP_WITHDRAWALS_NOT_READ',
  'RLP_INVALID_FIELD_OVERFLOW_64',
  'RLP_INVALID_ADDRESS',
  'INCORRECT_BLOCK_FORMAT',
  'EXTRA_DATA_TOO_BIG',
  'TOO_MANY_UNCLES',
  'IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS',
  'IMPORT_IMPOSSIBLE_LEGACY',
  'INVALID_UNCLES_HASH',
];

const formatNames = ['INCORRECT_BLOCK_FORMAT'];

type PlainFault = Exclude<BlockFault['field'], 'transactions' | 'systemContract' | 'engine'>;

const blockNames: Record<PlainFault, readonly string[]> = {
  rlp: malformedNames,
  size: ['RLP_BLOCK_LIMIT_EXCEEDED'],
  parentHash: ['UNKNOWN_PARENT', 'UNKNOWN_PARENT_ZERO'],
  ommersHash: ['INVALID_UNCLES_HASH', 'IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS', 'TOO_MANY_UNCLES'],
  stateRoot: ['INVALID_STATE_ROOT'],
  transactionsRoot: ['INVALID_TRANSACTIONS_ROOT'],
  receiptsRoot: ['INVALID_RECEIPTS_ROOT'],
  logsBloom: ['INVALID_LOG_BLOOM'],
  difficulty: ['INVALID_DIFFICULTY', 'IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS'],
  number: ['INVALID_BLOCK_NUMBER'],
  gasLimit: ['INVALID_GASLIMIT', 'GASLIMIT_TOO_BIG'],
  gasUsed: ['INVALID_GAS_USED', 'INVALID_GAS_USED_ABOVE_LIMIT', 'GAS_USED_OVERFLOW'],
  timestamp: ['INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT'],
  extraData: ['EXTRA_DATA_TOO_BIG'],
  nonce: formatNames,
  baseFeePerGas: ['INVALID_BASEFEE_PER_GAS'],
  withdrawalsRoot: ['INVALID_WITHDRAWALS_ROOT', ...formatNames],
  // More blobs than a block may have are seen in the header before they are in a transaction.
  blobGasUsed: [
    'INCORRECT_BLOB_GAS_USED',
    'BLOB_GAS_USED_ABOVE_LIMIT',
    'TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED',
    'TYPE_3_TX_BLOB_COUNT_EXCEEDED',
    ...formatNames,
  ],
  excessBlobGas: ['INCORRECT_EXCESS_BLOB_GAS', ...formatNames],
  requestsHash: ['INVALID_REQUESTS', ...formatNames],
  deposits: ['INVALID_DEPOSIT_EVENT_LAYOUT', 'INVALID_REQUESTS'],
};

const systemContractNames = { NO_CODE: ['SYSTEM_CONTRACT_EMPTY'], FAILED: ['SYSTEM_CONTRACT_CALL_FAILED'] } as const;

const known = new Set([
  ...Object.values(transactionNames).flat(),
  ...Object.values(blockNames).flat(),
  ...Object.values(systemContractNames).flat(),
]);

/** Names of a transaction's refusal. */
export function namesOfReason(reason: InvalidReason): readonly string[] {
  return transactionNames[reason];
}

/** Names of a block's refusal; `undefined`: a malformed transaction, for which there are many; none: no rule refuses it. */
export function namesOfFault(fault: BlockFault): readonly string[] | undefined {
  if (fault.field === 'systemContract') return systemContractNames[fault.reason];
  if (fault.field === 'engine') return [];
  if (fault.field !== 'transactions') return blockNames[fault.field];
  return fault.reason === 'MALFORMED' ? undefined : transactionNames[fault.reason];
}

/**
 * Whether a refusal with these names is one that the fixture expects. An expected name that no rule of ours has (how
 * malformed bytes are malformed, for example) is met by any refusal, and a refusal without names meets any.
 */
export function isExpected(names: readonly string[] | undefined, expected: readonly string[]): boolean {
  return expected.some((text) => {
    const name = text.trim().replace(/^\w+\./, '');
    return names === undefined || names.includes(name) || !known.has(name);
  });
}
