import { keccak256 } from '@sheaf/crypto';
import { decodeRlp, limits, toHash32, type RlpItem } from '@sheaf/primitives';
import { invalid, readAddress, readBytes, readHash, readInteger, readList, readRecipient } from './fields.ts';
import { secp256k1Order } from './signing-digest.ts';
import type { AccessListEntry, Authorization, Transaction, TransactionFields } from './transaction.ts';

const uint64Max = 2n ** 64n - 1n;
const uint256Max = 2n ** 256n - 1n;

/** How many RLP fields the signed form of each type has. */
const fieldCounts = [9, 11, 12, 14, 13] as const;

interface Signature {
  yParity: 0 | 1;
  r: bigint;
  s: bigint;
}

/**
 * The transaction in `raw`: canonical RLP, bounded fields, low `s` (EIP-2), at most `limits.transactionBytesMax` bytes,
 * and nothing that no block may have. Blobs are not part of it: type 3 is accepted only without its network wrapper.
 * @throws ChainError `INVALID_ARGUMENT` naming the field, for example `transaction.nonce`
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  if (raw.length > limits.transactionBytesMax) {
    throw invalid('transaction', `is ${raw.length} bytes; at most ${limits.transactionBytesMax} are allowed`);
  }
  const transaction = readTransaction(raw);
  checkRules(transaction);
  return transaction;
}

/**
 * What `raw` says, of any size: canonical RLP, fields in their widths, low `s` (EIP-2). Whether a block may have it is
 * not checked: for blocks that others made.
 * @throws ChainError `INVALID_ARGUMENT` naming the field
 */
export function readTransaction(raw: Uint8Array): Transaction {
  const type = raw.length > 0 && raw[0]! < 0x80 ? raw[0]! : 0;
  const body = raw.length > 0 && raw[0]! < 0x80 ? raw.subarray(1) : raw;
  if ((body !== raw && type === 0) || type > 4) throw invalid('transaction.type', `${type} is not known`);
  const items = readList(decodeRlp(body, 'transaction'), 'transaction', fieldCounts[type as 0 | 1 | 2 | 3 | 4]);
  const { fields, signature } = decoders[type as 0 | 1 | 2 | 3 | 4](items);
  checkSignature(signature);
  return {
    ...fields,
    ...signature,
    hash: toHash32(keccak256(raw)),
    raw,
  };
}

type Decoded = { fields: TransactionFields; signature: Signature };
const none = { accessList: [], authorizationList: [], maxFeePerBlobGas: 0n, blobVersionedHashes: [] };

const decoders: Record<0 | 1 | 2 | 3 | 4, (items: readonly RlpItem[]) => Decoded> = {
  0: decodeLegacy,
  1: (items) => {
    const gasPrice = readInteger(items[2], 'transaction.gasPrice', 32);
    return {
      fields: {
        ...none,
        type: 1,
        chainId: readInteger(items[0], 'transaction.chainId', 8),
        nonce: readInteger(items[1], 'transaction.nonce', 8),
        gasPrice,
        maxFeePerGas: gasPrice,
        maxPriorityFeePerGas: gasPrice,
        ...readMessage(items, 3),
        accessList: readAccessList(items[7]),
      },
      signature: readSignature(items, 8),
    };
  },
  2: (items) => ({
    fields: { ...readFeeMarket(items, 2), ...none, ...access(items) },
    signature: readSignature(items, 9),
  }),
  3: (items) => ({
    fields: {
      ...readFeeMarket(items, 3),
      ...none,
      ...access(items),
      maxFeePerBlobGas: readInteger(items[9], 'transaction.maxFeePerBlobGas', 32),
      blobVersionedHashes: readBlobHashes(items[10]),
    },
    signature: readSignature(items, 11),
  }),
  4: (items) => ({
    fields: { ...readFeeMarket(items, 4), ...none, ...access(items), authorizationList: readAuthorizations(items[9]) },
    signature: readSignature(items, 10),
  }),
};

function decodeLegacy(items: readonly RlpItem[]): Decoded {
  const gasPrice = readInteger(items[1], 'transaction.gasPrice', 32);
  const v = readInteger(items[6], 'transaction.v', 9);
  const replayProtected = v >= 35n;
  if (!replayProtected && v !== 27n && v !== 28n)
    throw invalid('transaction.v', `${v} is neither 27, 28 nor from 35 on`);
  const chainId = replayProtected ? (v - 35n) / 2n : undefined;
  if (chainId !== undefined && chainId > uint64Max) throw invalid('transaction.v', 'holds a chain id of 2^64 or more');
  return {
    fields: {
      ...none,
      type: 0,
      chainId,
      nonce: readInteger(items[0], 'transaction.nonce', 8),
      gasPrice,
      maxFeePerGas: gasPrice,
      maxPriorityFeePerGas: gasPrice,
      ...readMessage(items, 2),
    },
    signature: {
      yParity: (replayProtected ? (v - 35n) % 2n : v - 27n) === 0n ? 0 : 1,
      r: readInteger(items[7], 'transaction.r', 32),
      s: readInteger(items[8], 'transaction.s', 32),
    },
  };
}

function readFeeMarket(items: readonly RlpItem[], type: 2 | 3 | 4) {
  return {
    type,
    chainId: readInteger(items[0], 'transaction.chainId', 8),
    nonce: readInteger(items[1], 'transaction.nonce', 8),
    maxPriorityFeePerGas: readInteger(items[2], 'transaction.maxPriorityFeePerGas', 32),
    maxFeePerGas: readInteger(items[3], 'transaction.maxFeePerGas', 32),
    ...readMessage(items, 4),
  };
}

function readMessage(items: readonly RlpItem[], at: number) {
  return {
    gasLimit: readInteger(items[at], 'transaction.gasLimit', 8),
    to: readRecipient(items[at + 1], 'transaction.to'),
    value: readInteger(items[at + 2], 'transaction.value', 32),
    data: readBytes(items[at + 3], 'transaction.data'),
  };
}

function access(items: readonly RlpItem[]): { accessList: AccessListEntry[] } {
  return { accessList: readAccessList(items[8]) };
}

function readAccessList(item: RlpItem | undefined): AccessListEntry[] {
  return readList(item, 'transaction.accessList').map((entry, i) => {
    const field = `transaction.accessList[${i}]`;
    const [address, keys] = readList(entry, field, 2);
    return {
      address: readAddress(address, `${field}.address`),
      storageKeys: readList(keys, `${field}.storageKeys`).map((key, k) => readHash(key, `${field}.storageKeys[${k}]`)),
    };
  });
}

function readAuthorizations(item: RlpItem | undefined): Authorization[] {
  return readList(item, 'transaction.authorizationList').map((entry, i) => {
    const field = `transaction.authorizationList[${i}]`;
    const [chainId, address, nonce, yParity, r, s] = readList(entry, field, 6);
    return {
      chainId: readInteger(chainId, `${field}.chainId`, 32),
      address: readAddress(address, `${field}.address`),
      nonce: readInteger(nonce, `${field}.nonce`, 8),
      yParity: Number(readInteger(yParity, `${field}.yParity`, 1)),
      r: readInteger(r, `${field}.r`, 32),
      s: readInteger(s, `${field}.s`, 32),
    };
  });
}

function readBlobHashes(item: RlpItem | undefined) {
  return readList(item, 'transaction.blobVersionedHashes').map((entry, i) =>
    readHash(entry, `transaction.blobVersionedHashes[${i}]`),
  );
}

function readSignature(items: readonly RlpItem[], at: number): Signature {
  const yParity = readInteger(items[at], 'transaction.yParity', 1);
  if (yParity > 1n) throw invalid('transaction.yParity', 'must be 0 or 1');
  return {
    yParity: yParity === 0n ? 0 : 1,
    r: readInteger(items[at + 1], 'transaction.r', 32),
    s: readInteger(items[at + 2], 'transaction.s', 32),
  };
}

function checkRules(fields: TransactionFields): void {
  // EIP-2681: the nonce after this one must exist.
  if (fields.nonce === uint64Max) throw invalid('transaction.nonce', 'must be below 2^64-1');
  if (fields.maxPriorityFeePerGas > fields.maxFeePerGas) {
    throw invalid('transaction.maxPriorityFeePerGas', 'must not be above maxFeePerGas');
  }
  if (fields.gasLimit * fields.maxFeePerGas > uint256Max) {
    throw invalid(
      fields.type < 2 ? 'transaction.gasPrice' : 'transaction.maxFeePerGas',
      'times the gas limit must be below 2^256',
    );
  }
  if (fields.type >= 3 && fields.to === undefined)
    throw invalid('transaction.to', 'must be an address: this type cannot create');
  if (fields.type === 3 && fields.blobVersionedHashes.length === 0)
    throw invalid('transaction.blobVersionedHashes', 'must not be empty');
  if (fields.type === 4 && fields.authorizationList.length === 0)
    throw invalid('transaction.authorizationList', 'must not be empty');
  fields.blobVersionedHashes.forEach((hash, i) => {
    if (!hash.startsWith('0x01')) throw invalid(`transaction.blobVersionedHashes[${i}]`, 'must be of version 1');
  });
}

function checkSignature({ r, s }: Signature): void {
  if (r === 0n || r >= secp256k1Order) throw invalid('transaction.r', 'must be between 1 and the curve order');
  if (s === 0n || s > secp256k1Order / 2n)
    throw invalid('transaction.s', 'must be between 1 and half the curve order (EIP-2)');
}
