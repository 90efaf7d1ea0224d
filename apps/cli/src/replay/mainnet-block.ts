// A block of Ethereum mainnet with the state that it reads: `{fork, header, transactions, preState, blockHashes}`, the
// header and the transactions as JSON-RPC has them.
import { withdrawalsRoot, transactionsRoot, type Withdrawal } from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';
import { bytesToHex, hexToBytes, toHeight, zeroHash, type Hash32, type Hex } from '@sheaf/primitives';
import type { BlockChanges } from '@sheaf/state';
import { createForkRules, type BlockTask, type ForkRules, type KnownFields } from '@sheaf/state-transition';
import {
  invalid,
  optional,
  readAddress,
  readBytes,
  readEntries,
  readHash,
  readList,
  readObject,
  readQuantity,
  readText,
  uint64Max,
  type JsonObject,
} from './fields.ts';
import { replayLimits } from './limits.ts';
import { readPreState } from './pre-state.ts';
import { readRpcTransaction } from './rpc-transaction.ts';

export interface MainnetBlock {
  number: bigint;
  /** As the file has it. */
  fork: string;
  /** What it is run under. */
  rules: ForkRules;
  task: BlockTask;
  state: BlockChanges;
  /** What its header says of the receipts; `undefined`: its fork is not ours, so that it is not what it would come to. */
  expected: ReceiptFields | undefined;
}

/** The fields of a header that the receipts determine. */
export interface ReceiptFields {
  gasUsed: bigint;
  receiptsRoot: Hash32;
  logsBloom: Hex;
}

const forks: readonly Fork[] = ['cancun', 'prague', 'osaka'];
/** What a block of another fork is run under: those before Cancun, since later ones are refused. */
const earliestFork = 'cancun';
const forksBefore = new Set(
  (
    'frontier homestead dao tangerineWhistle spuriousDragon byzantium constantinople petersburg istanbul muirGlacier ' +
    'berlin london arrowGlacier grayGlacier paris shanghai'
  ).split(' '),
);

/** @throws ChainError `INVALID_ARGUMENT` naming the field */
export function readMainnetBlock(value: unknown): MainnetBlock {
  const json = readObject(value, 'the document');
  const fork = readText(json['fork'], 'fork');
  const own = forks.find((each) => each === fork);
  if (own === undefined && !forksBefore.has(fork)) throw invalid('fork', `is ${fork}, which is not known`);
  const header = readObject(json['header'], 'header');
  const rules = createForkRules({ fork: own ?? earliestFork, chainId: 1n });
  const fields = readKnownFields(header, rules);
  const transactions = readList(json['transactions'], 'transactions', replayLimits.transactionsMax).map(
    (entry, index) => readRpcTransaction(entry, `transactions[${index}]`),
  );
  const raws = transactions.map(({ raw }) => raw);
  const withdrawals = optional(header['withdrawals'], 'header.withdrawals', readWithdrawals) ?? [];
  checkRoot(header, 'transactionsRoot', transactionsRoot(raws));
  if (header['withdrawalsRoot'] !== undefined) checkRoot(header, 'withdrawalsRoot', withdrawalsRoot(withdrawals));
  const task: BlockTask = {
    // What Cancun would not have is left out of a block of before it, as it is of a payload.
    kind: own === undefined ? 'payload' : 'block',
    fields: own === undefined ? { ...fields, gasLimit: gasForAll(fields, transactions) } : fields,
    payloadHash: zeroHash,
    transactions: raws,
    senders: transactions.map(({ sender }) => sender),
    withdrawals,
    ancestors: [],
    blockHash: readBlockHashes(json['blockHashes'], fields),
  };
  return {
    number: fields.number,
    fork,
    rules,
    task,
    state: readPreState(json['preState'], 'preState'),
    expected: own === undefined ? undefined : readReceiptFields(header),
  };
}

function readKnownFields(header: JsonObject, { blobs }: ForkRules): KnownFields {
  const quantity = (name: string, max = uint64Max) => readQuantity(header[name], `header.${name}`, max);
  const orZero = (name: string) =>
    optional(header[name], `header.${name}`, (value, field) => readQuantity(value, field, uint64Max)) ?? 0n;
  const number = quantity('number', BigInt(Number.MAX_SAFE_INTEGER));
  if (number === 0n) throw invalid('header.number', 'is 0, which has nothing before it to be run on');
  const excessBlobGas = orZero('excessBlobGas');
  // e^178 is above 2^256: the sum that is the price would not end in a lifetime.
  if (excessBlobGas > 178n * blobs.baseFeeUpdateFraction) {
    throw invalid('header.excessBlobGas', 'gives no blob price that a block can have');
  }
  return {
    parentHash: readHash(header['parentHash'], 'header.parentHash'),
    ommersHash: readHash(header['sha3Uncles'], 'header.sha3Uncles'),
    coinbase: readAddress(header['miner'], 'header.miner'),
    difficulty: quantity('difficulty', 2n ** 256n - 1n),
    number: toHeight(number),
    gasLimit: quantity('gasLimit', gasMax),
    timestamp: quantity('timestamp'),
    extraData: readBytes(header['extraData'], 'header.extraData'),
    prevRandao: readHash(header['mixHash'], 'header.mixHash'),
    nonce: optional(header['nonce'], 'header.nonce', readNonce) ?? new Uint8Array(8),
    baseFeePerGas: orZero('baseFeePerGas'),
    excessBlobGas,
    parentBeaconBlockRoot:
      optional(header['parentBeaconBlockRoot'], 'header.parentBeaconBlockRoot', readHash) ?? zeroHash,
  };
}

/** EIP-1985, and what a header has room for. */
const gasMax = 2n ** 63n - 1n;

function readNonce(value: unknown, field: string): Uint8Array {
  const bytes = readBytes(value, field);
  if (bytes.length !== 8) throw invalid(field, `must be 8 bytes, got ${bytes.length}`);
  return bytes;
}

/** A gas limit under which no transaction is left out: what earlier forks charged less for would not fit. */
function gasForAll({ gasLimit }: KnownFields, transactions: readonly { gasLimit: bigint }[]): bigint {
  const all = transactions.reduce((sum, each) => sum + each.gasLimit, 0n);
  return all > gasMax ? gasMax : all > gasLimit ? all : gasLimit;
}

function readWithdrawals(value: unknown, field: string): Withdrawal[] {
  return readList(value, field, replayLimits.withdrawalsMax).map((entry, index) => {
    const at = `${field}[${index}]`;
    const json = readObject(entry, at);
    const quantity = (name: string) => readQuantity(json[name], `${at}.${name}`, uint64Max);
    return {
      index: quantity('index'),
      validatorIndex: quantity('validatorIndex'),
      address: readAddress(json['address'], `${at}.address`),
      amountGwei: quantity('amount'),
    };
  });
}

/** The hashes that the file knows, by decimal number, and the parent's; there are no others. */
function readBlockHashes(
  value: unknown,
  { number, parentHash }: KnownFields,
): (number: bigint) => Uint8Array | undefined {
  const hashes = new Map([[number - 1n, hexToBytes(parentHash)]]);
  for (const [key, hash] of readEntries(value, 'blockHashes', replayLimits.blockHashesMax)) {
    if (!/^\d{1,16}$/.test(key)) throw invalid(`blockHashes.${key}`, 'is not the number of a block');
    const read = readHash(hash, `blockHashes.${key}`);
    if (BigInt(key) === number - 1n && read !== parentHash) {
      throw invalid(`blockHashes.${key}`, `is ${read}, but header.parentHash is ${parentHash}`);
    }
    hashes.set(BigInt(key), hexToBytes(read));
  }
  return (wanted) => hashes.get(wanted);
}

/** @throws ChainError unless the header has this root: then the file is not one block */
function checkRoot(header: JsonObject, name: string, root: Hash32): void {
  const says = readHash(header[name], `header.${name}`);
  if (says !== root) throw invalid(`header.${name}`, `is ${says}, but what the file has comes to ${root}`);
}

function readReceiptFields(header: JsonObject): ReceiptFields {
  const logsBloom = readBytes(header['logsBloom'], 'header.logsBloom');
  if (logsBloom.length !== 256) throw invalid('header.logsBloom', `must be 256 bytes, got ${logsBloom.length}`);
  return {
    gasUsed: readQuantity(header['gasUsed'], 'header.gasUsed', uint64Max),
    receiptsRoot: readHash(header['receiptsRoot'], 'header.receiptsRoot'),
    logsBloom: bytesToHex(logsBloom),
  };
}
