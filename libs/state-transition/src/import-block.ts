import { MissingState, type Evm, type MissingKey } from '@sheaf/evm';
import {
  decodeBlock,
  headerHash,
  readTransaction,
  receiptsRoot,
  recoverSender,
  transactionsRoot,
  withdrawalsRoot,
  type Block,
  type Header,
  type Receipt,
  type Transaction,
} from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, isChainError, type Address, type ChainError, type Hash32 } from '@sheaf/primitives';
import { environmentOf } from './block-environment.ts';
import { BlockOverlay, type BlockHashSource } from './block-overlay.ts';
import { BlockRun } from './block-run.ts';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';
import { hashRequests } from './requests.ts';
import type { BlockChanges, StateReader } from '@sheaf/state';
import { refuseHeader, type HeaderField, type HeaderFault } from './validate-header.ts';

/** The first thing that is wrong with a block. */
export type BlockFault =
  /** The bytes are no block: `at` is the field as the decoder names it. */
  | { field: 'rlp'; at: string; message: string }
  /** EIP-7934. */
  | { field: 'size'; message: string }
  /** The header cannot come after its parent, or does not say what the block is or does. */
  | HeaderFault
  | { field: 'transactions'; index: number; reason: InvalidReason | 'MALFORMED'; message: string }
  /** EIP-6110: a deposit event of another layout. */
  | { field: 'deposits'; message: string }
  /** EIP-7002, 7251: the contract has no code, or its call failed. */
  | { field: 'systemContract'; reason: 'NO_CODE' | 'FAILED'; message: string }
  /** No rule of Ethereum's: the engine's memory is too small for the block. */
  | { field: 'engine'; message: string };

export interface ImportBlockInput {
  /** The block as it came: RLP of [header, transactions, ommers, withdrawals]. */
  rlp: Uint8Array;
  parent: Header;
  /** Hashes of the ancestors before the parent. By default they have none. */
  blockHash?: BlockHashSource;
  /** The root of the state before the block with these changes. What it throws, `importBlock` throws. */
  stateRoot: (changes: BlockChanges) => Hash32;
}

/** A block that is what its header says. */
export interface ImportedBlock {
  block: Block;
  hash: Hash32;
  receipts: Receipt[];
  changes: BlockChanges;
  /** EIP-7685, each its type and its data; none before Prague. */
  requests: Uint8Array[];
}

export type ImportBlockResult =
  | ({ status: 'valid' } & ImportedBlock)
  | { status: 'invalid'; fault: BlockFault }
  | { status: 'missing'; keys: MissingKey[] };

/** EIP-7934: 10 MiB less 2 MiB for the consensus block around it. */
const blockBytesMax = 8_388_608;

/** Carries the first fault out of the steps. */
class BlockRefused extends Error {
  readonly fault: BlockFault;

  constructor(fault: BlockFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Executes a given block on the state after its parent, and compares everything that its header says. `evm` is of the
 * fork and chain of the rules.
 */
export function importBlock(
  evm: Evm,
  rules: ForkRules,
  state: StateReader,
  input: ImportBlockInput,
): ImportBlockResult {
  try {
    return { status: 'valid', ...importOrThrow(evm, rules, state, input) };
  } catch (error) {
    if (error instanceof BlockRefused) return { status: 'invalid', fault: error.fault };
    if (error instanceof MissingState) return { status: 'missing', keys: error.keys };
    throw error;
  }
}

function importOrThrow(evm: Evm, rules: ForkRules, state: StateReader, input: ImportBlockInput): ImportedBlock {
  const { rlp, parent, blockHash, stateRoot } = input;
  const block = decode(rlp, rules);
  const { header, withdrawals } = block;
  const fault = refuseHeader(header, parent, rules);
  if (fault !== undefined) throw new BlockRefused(fault);
  compare(header, 'transactionsRoot', transactionsRoot(block.transactions));
  compare(header, 'withdrawalsRoot', withdrawalsRoot(withdrawals));

  const parentHash = hexToBytes(header.parentHash);
  const hashes: BlockHashSource = (number) => (number === parent.number ? parentHash : blockHash?.(number));
  const overlay = new BlockOverlay(state, hashes);
  const run = new BlockRun(evm, rules, overlay, environmentOf(header, rules));
  run.start(header);
  for (const [index, raw] of block.transactions.entries()) runTransaction(run, index, raw, rules);
  run.payWithdrawals(withdrawals);
  const requests = rules.prague ? collectRequests(run) : [];

  compare(header, 'gasUsed', run.gasUsed);
  compare(header, 'blobGasUsed', run.blobGasUsed);
  compare(header, 'logsBloom', run.logsBloom());
  compare(header, 'receiptsRoot', receiptsRoot(run.receipts));
  if (rules.prague) compare(header, 'requestsHash', hashRequests(requests));
  const { changes } = overlay.touched();
  compare(header, 'stateRoot', stateRoot(changes));
  return { block, hash: headerHash(header), receipts: run.receipts, changes, requests };
}

function decode(rlp: Uint8Array, rules: ForkRules): Block {
  if (rules.osaka && rlp.length > blockBytesMax) {
    throw new BlockRefused({ field: 'size', message: `block is ${rlp.length} bytes, more than ${blockBytesMax}` });
  }
  return decoded(
    () => decodeBlock(rlp),
    (at, message) => ({ field: 'rlp', at, message }),
  );
}

function runTransaction(run: BlockRun, index: number, raw: Uint8Array, rules: ForkRules): void {
  const refuse = (reason: InvalidReason | 'MALFORMED', message: string): BlockFault => ({
    field: 'transactions',
    index,
    reason,
    message,
  });
  const { transaction, sender } = decoded(
    () => readSigned(raw),
    (at, message) => refuse(signatureFields.has(at) ? 'INVALID_SIGNATURE' : 'MALFORMED', message),
  );
  const outcome = run.transaction(transaction, sender);
  if (outcome.status === 'included') return;
  if (outcome.status === 'missing') throw new MissingState(outcome.keys);
  if (outcome.status === 'invalid') {
    throw new BlockRefused(
      refuse(outcome.reason, `transaction ${index} is invalid (${outcome.reason}) in ${rules.fork}`),
    );
  }
  throw new BlockRefused({
    field: outcome.reason === 'DEPOSIT' ? 'deposits' : 'engine',
    message: `transaction ${index}: ${outcome.cause}`,
  });
}

const signatureFields = new Set(['v', 'r', 's', 'yParity', 'signature'].map((name) => `transaction.${name}`));

function readSigned(raw: Uint8Array): { transaction: Transaction; sender: Address } {
  const transaction = readTransaction(raw);
  return { transaction, sender: recoverSender(transaction) };
}

function collectRequests(run: BlockRun): Uint8Array[] {
  const { requests, fault } = run.requests();
  if (fault === undefined) return requests;
  const message = `system contract ${fault.address} ${fault.status === 'NO_CODE' ? 'has no code' : 'failed'}`;
  throw new BlockRefused({ field: 'systemContract', reason: fault.status, message });
}

function compare(header: Header, field: HeaderField, is: string | bigint | Uint8Array): void {
  const says = header[field];
  const same = is instanceof Uint8Array ? bytesToHex(is) === bytesToHex(says as Uint8Array) : is === says;
  if (same) return;
  const message =
    is instanceof Uint8Array ? `${field} is another` : `${field} is ${is}, the header says ${String(says)}`;
  throw new BlockRefused({ field, message });
}

/** What `read` gives; what its decoder refuses is a fault of the block. */
function decoded<T>(read: () => T, fault: (at: string, message: string) => BlockFault): T {
  try {
    return read();
  } catch (error) {
    if (!isChainError(error, 'INVALID_ARGUMENT')) throw error;
    throw new BlockRefused(fault(fieldOf(error), error.message));
  }
}

function fieldOf({ detail }: ChainError): string {
  return detail.code === 'INVALID_ARGUMENT' ? detail.field : '';
}
