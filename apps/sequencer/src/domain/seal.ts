import { limits, type Address, type Epoch, type Hash32, type Height } from '@sheaf/primitives';
import { payloadHash, payloadRandao, type Payload } from '@sheaf/protocol';
import type { AccountSnapshot } from './admission.ts';
import { createHeap } from './heap.ts';
import { effectiveTip, worstCost, type PendingTransaction } from './pending-transaction.ts';
import { refuse, type Refusal } from './reasons.ts';

/** Everything that decides a payload. */
export interface SealInput {
  readonly chainId: bigint;
  readonly height: Height;
  readonly epoch: Epoch;
  /** Hash of the payload before; of the genesis block for height 1. */
  readonly parentHash: Hash32;
  /** Unix seconds. */
  readonly parentTimestamp: bigint;
  /** Unix seconds, from the sealer's clock. */
  readonly now: bigint;
  readonly baseFeePerGas: bigint;
  readonly gasLimit: bigint;
  readonly feeRecipient: Address;
  /** Waiting transactions of each candidate, by rising nonce. */
  readonly queues: ReadonlyMap<Address, readonly PendingTransaction[]>;
  /** Accounts of the candidates after the block of `height - 1`. */
  readonly accounts: ReadonlyMap<Address, AccountSnapshot>;
}

/** A transaction that can never be included as things stand. */
export interface Drop {
  readonly transaction: PendingTransaction;
  readonly refusal: Refusal;
}

/** A payload, what is in it and what was found dead on the way. */
export interface SealResult {
  readonly payload: Payload;
  readonly hash: Hash32;
  readonly included: readonly PendingTransaction[];
  readonly drops: readonly Drop[];
}

/** All of a payload's RLP but its transactions: 16 deposits and the fixed fields are under 1.5 KiB. */
const payloadOverheadBytes = 2_048;

interface Cursor {
  readonly run: readonly PendingTransaction[];
  place: number;
  balance: bigint;
  tip: bigint;
}

/**
 * The next payload. Deterministic: equal inputs give equal bytes, whatever the iteration order of the maps.
 *
 * Order: by effective tip, highest first, then by arrival; a sender's own transactions by nonce. A transaction that no
 * longer fits (gas, bytes, count, or a balance already promised) ends its sender's run in this payload and stays.
 */
export function sealPayload(input: SealInput): SealResult {
  const drops: Drop[] = [];
  const cursors: Cursor[] = [];
  for (const [sender, queue] of input.queues) {
    const account = input.accounts.get(sender);
    if (!account) continue;
    const run = liveRun(queue, account, drops);
    const first = run[0];
    if (first) cursors.push({ run, place: 0, balance: account.balance, tip: effectiveTip(first, input.baseFeePerGas) });
  }
  drops.sort((a, b) => (a.transaction.arrival < b.transaction.arrival ? -1 : 1));
  const included = fill(input, cursors);
  const payload = assemble(input, included);
  return { payload, hash: payloadHash(payload), included, drops };
}

/** The part of a queue that can run now; what can never run is added to `drops`. */
function liveRun(
  queue: readonly PendingTransaction[],
  account: AccountSnapshot,
  drops: Drop[],
): readonly PendingTransaction[] {
  const live: PendingTransaction[] = [];
  let next = account.nonce;
  let broken: PendingTransaction | undefined;
  for (const tx of queue) {
    if (tx.nonce < account.nonce) {
      const message = `nonce too low: next nonce ${account.nonce}, tx nonce ${tx.nonce}`;
      drops.push({ transaction: tx, refusal: refuse('NONCE_TOO_LOW', message) });
    } else if (broken || tx.nonce !== next) {
      broken ??= tx;
      drops.push({
        transaction: tx,
        refusal: refuse('NONCE_GAP', `nonce gap: next nonce ${next}, tx nonce ${tx.nonce}`),
      });
    } else if (live.length === 0 && worstCost(tx) > account.balance) {
      broken = tx;
      const message = `insufficient funds for gas * price + value: balance ${account.balance}, tx cost ${worstCost(tx)}`;
      drops.push({ transaction: tx, refusal: refuse('INSUFFICIENT_FUNDS', message) });
    } else {
      live.push(tx);
      next += 1n;
    }
  }
  return live;
}

function fill(input: SealInput, cursors: Cursor[]): PendingTransaction[] {
  const heap = createHeap(cursors, goesFirst);
  const included: PendingTransaction[] = [];
  let gasLeft = input.gasLimit;
  let bytesLeft = limits.payloadBytesMax - payloadOverheadBytes;
  for (let cursor = heap.pop(); cursor; cursor = heap.pop()) {
    if (included.length >= limits.payloadTransactionsMax) break;
    const tx = cursor.run[cursor.place]!;
    const bytes = rlpStringBytes(tx.raw.length);
    const pays = tx.maxFeePerGas >= input.baseFeePerGas && worstCost(tx) <= cursor.balance;
    if (!pays || tx.gasLimit > gasLeft || bytes > bytesLeft) continue;
    included.push(tx);
    gasLeft -= tx.gasLimit;
    bytesLeft -= bytes;
    cursor.balance -= tx.value + tx.gasLimit * (input.baseFeePerGas + cursor.tip);
    cursor.place += 1;
    const next = cursor.run[cursor.place];
    if (!next) continue;
    cursor.tip = effectiveTip(next, input.baseFeePerGas);
    heap.push(cursor);
  }
  return included;
}

function goesFirst(a: Cursor, b: Cursor): boolean {
  if (a.tip !== b.tip) return a.tip > b.tip;
  return a.run[a.place]!.arrival < b.run[b.place]!.arrival;
}

/** Length of a byte string (of two bytes or more) in RLP. */
function rlpStringBytes(length: number): number {
  if (length <= 55) return length + 1;
  return length + (length < 256 ? 2 : length < 65_536 ? 3 : 4);
}

function assemble(input: SealInput, included: readonly PendingTransaction[]): Payload {
  const { chainId, height, epoch, parentHash, baseFeePerGas, gasLimit, feeRecipient } = input;
  return {
    chainId,
    height,
    epoch,
    parentHash,
    timestamp: input.now > input.parentTimestamp ? input.now : input.parentTimestamp,
    baseFeePerGas,
    gasLimit,
    feeRecipient,
    prevRandao: payloadRandao(chainId, height, parentHash),
    deposits: [],
    transactions: included.map((tx) => tx.raw),
  };
}
