import { keccak256 } from '@sheaf/crypto';
import { limits, RlpReader, toHash32, type ChainError, type RlpItem } from '@sheaf/primitives';
import {
  invalid,
  readAddress,
  readBytes,
  readHash,
  readInteger,
  readIntegerAt,
  readList,
  readRecipient,
} from './fields.ts';
import { secp256k1Order } from './signing-digest.ts';
import type { AccessListEntry, Authorization, Transaction, TransactionFields, TransactionType } from './transaction.ts';

const uint64Max = 2n ** 64n - 1n;
const uint256Max = 2n ** 256n - 1n;

/** How many RLP fields the signed form of each type has. */
const fieldCounts = [9, 11, 12, 14, 13] as const;

const halfOrder = secp256k1Order / 2n;

/**
 * The transaction in `raw`: canonical RLP, bounded fields, low `s` (EIP-2), at most `limits.transactionBytesMax` bytes,
 * and nothing that no block may have. `hash`: keccak256 of `raw`, where it is known. Blobs are not part of it: type 3 is accepted only without its network wrapper.
 * @throws ChainError `INVALID_ARGUMENT` naming the field, for example `transaction.nonce`
 */
export function decodeTransaction(raw: Uint8Array, hash?: Uint8Array): Transaction {
  if (raw.length > limits.transactionBytesMax) {
    throw invalid('transaction', `is ${raw.length} bytes; at most ${limits.transactionBytesMax} are allowed`);
  }
  const transaction = readTransaction(raw, hash);
  checkRules(transaction);
  return transaction;
}

/**
 * What `raw` says, of any size: canonical RLP, fields in their widths, low `s` (EIP-2). Whether a block may have it is
 * not checked: for blocks that others made.
 * @throws ChainError `INVALID_ARGUMENT` naming the field
 */
export function readTransaction(raw: Uint8Array, hash = keccak256(raw)): Transaction {
  const typed = raw.length > 0 && raw[0]! < 0x80;
  const type = typed ? raw[0]! : 0;
  if ((typed && type === 0) || type > 4) throw invalid('transaction.type', `${type} is not known`);
  const fields = new Fields(
    raw,
    new RlpReader(raw, typed ? 1 : 0, 'transaction'),
    fieldCounts[type as TransactionType],
  );
  const known = { raw, hash: toHash32(hash) };
  const transaction = type === 0 ? readLegacy(fields, known) : readTyped(fields, type as 1 | 2 | 3 | 4, known);
  fields.end();
  checkSignature(transaction);
  return transaction;
}

/** What does not come from the fields. */
type Known = Pick<Transaction, 'raw' | 'hash'>;

/** The fields of a transaction in their order. */
class Fields {
  readonly #raw: Uint8Array;
  readonly #reader: RlpReader;
  readonly #count: number;
  #read = 0;

  /** `raw`: what the reader reads. */
  constructor(raw: Uint8Array, reader: RlpReader, count: number) {
    this.#raw = raw;
    this.#reader = reader;
    this.#count = count;
  }

  integer(field: string, bytesMax: number): bigint {
    this.#next();
    const reader = this.#reader;
    if (!reader.span()) return readInteger([], field, bytesMax);
    return readIntegerAt(this.#raw, reader.start, reader.stop, field, bytesMax);
  }

  bytes(field: string): Uint8Array {
    this.#next();
    return readBytes(this.#reader.string(), field);
  }

  item(): RlpItem {
    this.#next();
    return this.#reader.item();
  }

  end(): void {
    if (!this.#reader.done) throw this.#miscounted();
  }

  #next(): void {
    if (this.#reader.done) throw this.#miscounted();
    this.#read += 1;
  }

  #miscounted(): ChainError {
    let count = this.#read;
    for (; !this.#reader.done; count++) this.#reader.string();
    return invalid('transaction', `must have ${this.#count} fields, got ${count}`);
  }
}

function readLegacy(fields: Fields, { raw, hash }: Known): Transaction {
  const nonce = fields.integer('transaction.nonce', 8);
  const gasPrice = fields.integer('transaction.gasPrice', 32);
  const gasLimit = fields.integer('transaction.gasLimit', 8);
  const to = readRecipient(fields.bytes('transaction.to'), 'transaction.to');
  const value = fields.integer('transaction.value', 32);
  const data = fields.bytes('transaction.data');
  const v = fields.integer('transaction.v', 9);
  const replayProtected = v >= 35n;
  if (!replayProtected && v !== 27n && v !== 28n)
    throw invalid('transaction.v', `${v} is neither 27, 28 nor from 35 on`);
  const chainId = replayProtected ? (v - 35n) / 2n : undefined;
  if (chainId !== undefined && chainId > uint64Max) throw invalid('transaction.v', 'holds a chain id of 2^64 or more');
  return {
    type: 0,
    chainId,
    nonce,
    gasPrice,
    maxFeePerGas: gasPrice,
    maxPriorityFeePerGas: gasPrice,
    gasLimit,
    to,
    value,
    data,
    accessList: [],
    authorizationList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    yParity: (replayProtected ? (v - 35n) % 2n : v - 27n) === 0n ? 0 : 1,
    r: fields.integer('transaction.r', 32),
    s: fields.integer('transaction.s', 32),
    hash,
    raw,
  };
}

function readTyped(fields: Fields, type: 1 | 2 | 3 | 4, { raw, hash }: Known): Transaction {
  const chainId = fields.integer('transaction.chainId', 8);
  const nonce = fields.integer('transaction.nonce', 8);
  const tip = fields.integer(type === 1 ? 'transaction.gasPrice' : 'transaction.maxPriorityFeePerGas', 32);
  const transaction: Transaction = {
    type,
    chainId,
    nonce,
    maxFeePerGas: type === 1 ? tip : fields.integer('transaction.maxFeePerGas', 32),
    maxPriorityFeePerGas: tip,
    gasLimit: fields.integer('transaction.gasLimit', 8),
    to: readRecipient(fields.bytes('transaction.to'), 'transaction.to'),
    value: fields.integer('transaction.value', 32),
    data: fields.bytes('transaction.data'),
    accessList: readAccessList(fields.item()),
    maxFeePerBlobGas: type === 3 ? fields.integer('transaction.maxFeePerBlobGas', 32) : 0n,
    blobVersionedHashes: type === 3 ? readBlobHashes(fields.item()) : [],
    authorizationList: type === 4 ? readAuthorizations(fields.item()) : [],
    yParity: readParity(fields),
    r: fields.integer('transaction.r', 32),
    s: fields.integer('transaction.s', 32),
    hash,
    raw,
  };
  if (type === 1) transaction.gasPrice = tip;
  return transaction;
}

function readParity(fields: Fields): 0 | 1 {
  const yParity = fields.integer('transaction.yParity', 1);
  if (yParity > 1n) throw invalid('transaction.yParity', 'must be 0 or 1');
  return yParity === 0n ? 0 : 1;
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

function checkSignature({ r, s }: Transaction): void {
  if (r === 0n || r >= secp256k1Order) throw invalid('transaction.r', 'must be between 1 and the curve order');
  if (s === 0n || s > halfOrder) throw invalid('transaction.s', 'must be between 1 and half the curve order (EIP-2)');
}
