import type { BlockEnvironment, Evm, MissingKey } from '@sheaf/evm';
import { gasPerBlob, type Logs, type Receipt, type Transaction, type Withdrawal } from '@sheaf/ethereum';
import { concatBytes, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import { applyTransaction, type AppliedTransaction } from './apply-transaction.ts';
import type { BlockOverlay } from './block-overlay.ts';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';
import { depositRequests, typedRequests } from './requests.ts';
import { noteCodes, systemCall, type SystemCallResult } from './system-call.ts';
import {
  beaconRootsAddress,
  consolidationRequestsAddress,
  historyAddress,
  withdrawalRequestsAddress,
} from './system-contracts.ts';

/** What became of a transaction of a block. Only an included one has changed anything. */
export type BlockTransactionOutcome =
  | { status: 'included'; receipt: Receipt }
  | { status: 'invalid'; reason: InvalidReason }
  | { status: 'missing'; keys: MissingKey[] }
  /** `DEPOSIT`: it logged a deposit event of another layout (EIP-6110). `EXHAUSTED`: the engine's memory is too small. */
  | { status: 'unsupported'; reason: 'DEPOSIT' | 'EXHAUSTED'; cause: string };

/** A block's requests (EIP-7685): each its type and its data, which is empty where the contract did not answer. */
export interface BlockRequests {
  requests: Uint8Array[];
  /** The first contract that has no code or failed. */
  fault: { address: Address; status: 'NO_CODE' | 'FAILED' } | undefined;
}

const weiPerGwei = 1_000_000_000n;
const noBytes = new Uint8Array(0);
const emptyBloom = new Uint8Array(256);

/**
 * The transition of one block, step by step, one transaction after the other:
 *
 *   start → transaction… → payWithdrawals → requests (from Prague on)
 *
 * `start` and what follows the transactions throw MissingState; then the overlay is of no use any more.
 */
export class BlockRun {
  readonly receipts: Receipt[] = [];
  gasUsed = 0n;
  blobGasUsed = 0n;
  readonly #evm: Evm;
  readonly #rules: ForkRules;
  readonly #state: BlockOverlay;
  readonly #environment: BlockEnvironment;
  readonly #deposits: Uint8Array[] = [];
  readonly #blobGasMax: bigint;

  constructor(evm: Evm, rules: ForkRules, state: BlockOverlay, environment: BlockEnvironment) {
    this.#evm = evm;
    this.#rules = rules;
    this.#state = state;
    this.#environment = environment;
    this.#blobGasMax = gasPerBlob * BigInt(rules.blobs.max);
  }

  /** The beacon root (EIP-4788) and the block before (EIP-2935) become readable. */
  start(block: { parentHash: Hash32; parentBeaconBlockRoot: Hash32 }): void {
    this.#call(beaconRootsAddress, hexToBytes(block.parentBeaconBlockRoot));
    if (this.#rules.prague) this.#call(historyAddress, hexToBytes(block.parentHash));
  }

  transaction(transaction: Transaction, sender: Address): BlockTransactionOutcome {
    const environment = this.#environment;
    const place = {
      rules: this.#rules,
      environment,
      gasLeft: environment.gasLimit - this.gasUsed,
      blobGasLeft: this.#blobGasMax - this.blobGasUsed,
    };
    const outcome = applyTransaction(this.#evm, this.#state, place, transaction, sender);
    if (outcome.status === 'invalid' || outcome.status === 'missing') return outcome;
    noteCodes(this.#state, outcome.effects);
    if (outcome.status === 'exhausted') return { status: 'unsupported', reason: 'EXHAUSTED', cause: outcome.cause };
    if (this.#rules.prague) {
      const deposits = depositRequests(outcome.logs);
      if (deposits === undefined) {
        return { status: 'unsupported', reason: 'DEPOSIT', cause: 'a deposit event has another layout' };
      }
      this.#deposits.push(deposits);
    }
    this.#state.apply(outcome.effects);
    this.gasUsed += outcome.gasUsed;
    this.blobGasUsed += outcome.blobGasUsed;
    const receipt = makeReceipt(transaction, sender, outcome, this.gasUsed);
    this.receipts.push(receipt);
    return { status: 'included', receipt };
  }

  /** EIP-4895. */
  payWithdrawals(withdrawals: readonly Withdrawal[]): void {
    for (const { address, amountGwei } of withdrawals) this.#state.addBalance(address, amountGwei * weiPerGwei);
  }

  /** EIP-6110, 7002, 7251. */
  requests(): BlockRequests {
    const data: Uint8Array[] = [concatBytes(...this.#deposits)];
    let fault: BlockRequests['fault'];
    for (const address of [withdrawalRequestsAddress, consolidationRequestsAddress]) {
      const result = this.#call(address, noBytes);
      if (result.status !== 'success') fault ??= { address, status: result.status };
      data.push(result.status === 'success' ? result.output : noBytes);
    }
    return { requests: typedRequests(data), fault };
  }

  /** 256 bytes. */
  logsBloom(): Uint8Array {
    return unionOfBlooms(this.receipts);
  }

  #call(to: Address, data: Uint8Array): SystemCallResult {
    return systemCall(this.#evm, this.#state, this.#environment, to, data);
  }
}

/** The receipt of an included transaction that ends at so much gas. `bloom`: of its logs, where it has been made. */
export function makeReceipt(
  { hash, type, to }: Pick<Transaction, 'hash' | 'type' | 'to'>,
  sender: Address,
  {
    success,
    gasUsed,
    effectiveGasPrice,
    blobGasUsed,
    contractAddress,
    logs,
  }: Omit<AppliedTransaction, 'status' | 'output' | 'effects' | 'feeApart'>,
  cumulativeGasUsed: bigint,
  bloom = bloomOf(logs),
): Receipt {
  return {
    transactionHash: hash,
    type,
    status: success,
    cumulativeGasUsed,
    gasUsed,
    effectiveGasPrice,
    blobGasUsed,
    sender,
    ...(to === undefined ? {} : { recipient: to }),
    ...(contractAddress === undefined ? {} : { contractAddress }),
    logs,
    logsBloom: bloom,
  };
}

/** 256 bytes, not to be written to. */
export function bloomOf(logs: Logs): Uint8Array {
  return logs.length === 0 ? emptyBloom : logs.bloom();
}

const bloomWords = 64;

/** The bloom of all logs of the receipts: 256 bytes. */
export function unionOfBlooms(receipts: readonly Receipt[]): Uint8Array {
  const union = new Int32Array(bloomWords);
  for (const { logs, logsBloom } of receipts) {
    if (logs.length === 0) continue;
    // Words, of memory that has them where words can be.
    const { buffer, byteOffset } = logsBloom.byteOffset % 4 === 0 ? logsBloom : new Uint8Array(logsBloom);
    const words = new Int32Array(buffer, byteOffset, bloomWords);
    for (let i = 0; i < bloomWords; i++) union[i]! |= words[i]!;
  }
  return new Uint8Array(union.buffer);
}
