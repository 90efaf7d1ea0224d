import {
  emptyOmmersHash,
  encodeBlock,
  headerHash,
  nextBaseFee,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
  type Receipt,
  type Withdrawal,
} from '@sheaf/ethereum';
import { hexToBytes, ChainError, concatBytes, type Hash32 } from '@sheaf/primitives';
import { noAccount } from './account-codec.ts';
import { BlockHashes } from './block-hashes.ts';
import { BlockState } from './block-state.ts';
import { checkTransaction } from './check-transaction.ts';
import { openMachine, type Environment, type Machine } from './machine.ts';
import type { DroppedTransaction, ExecutePayloadInput, ExecutePayloadResult, NodeReader } from './ports.ts';
import { RecordingReader } from './recording-reader.ts';
import type { Rules } from './rules.ts';
import { runTransaction } from './run-transaction.ts';
import { beforeTransactions, collectRequests, depositRequests, hashRequests } from './system-calls.ts';

const weiPerGwei = 1_000_000_000n;

/** One payload on one pre-state, from the system calls before the transactions to the header. */
export async function executePayload(
  rules: Rules,
  input: ExecutePayloadInput,
  source: NodeReader,
): Promise<ExecutePayloadResult> {
  const { payload, parent } = input;
  const parentHash = headerHash(parent);
  checkPayload(rules, input, parentHash);
  const reader = new RecordingReader(source);
  const state = new BlockState(parent.stateRoot, reader);
  const ancestors = input.ancestors.length > 0 ? input.ancestors : [parent];
  const hashes = new BlockHashes(payload.height, parentHash, ancestors, reader);
  const environment: Environment = {
    parentHash,
    coinbase: payload.feeRecipient,
    number: payload.height,
    gasLimit: payload.gasLimit,
    timestamp: payload.timestamp,
    prevRandao: payload.prevRandao,
    baseFeePerGas: payload.baseFeePerGas,
    parentBeaconBlockRoot: payload.parentHash,
  };
  const open = () => openMachine(rules, environment, state, hashes);
  const machine = await open();
  await beforeTransactions(machine, state, { ...environment, prague: rules.prague });
  reader.check();
  const run = await runAll(rules, input, { machine, open, state, reader });
  payWithdrawals(state, payload.deposits);
  const requests = rules.prague ? await collectRequests(run.machine, state, run.depositRequests) : undefined;
  reader.check();
  const { stateRoot, changes } = state.finish();
  const header: Header = {
    ...environment,
    ommersHash: emptyOmmersHash,
    stateRoot,
    transactionsRoot: transactionsRoot(run.transactions),
    receiptsRoot: receiptsRoot(run.receipts),
    logsBloom: unionBloom(run.receipts),
    difficulty: 0n,
    gasUsed: run.receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    extraData: hexToBytes(input.payloadHash),
    nonce: new Uint8Array(8),
    withdrawalsRoot: withdrawalsRoot(payload.deposits),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    requestsHash: requests === undefined ? undefined : hashRequests(requests),
  };
  const block = { header, transactions: run.transactions, withdrawals: payload.deposits };
  return {
    block: {
      ...block,
      hash: headerHash(header),
      payloadHash: input.payloadHash,
      receipts: run.receipts,
      dropped: run.dropped,
      rlp: encodeBlock(block),
    },
    changes,
    witness: { ...reader.reads(), headers: hashes.reads() },
  };
}

/** @throws ChainError when the payload cannot come after the parent */
function checkPayload(rules: Rules, { payload, parent }: ExecutePayloadInput, parentHash: Hash32): void {
  const refuse = (message: string) =>
    new ChainError({ code: 'CONFLICT', message: `payload ${payload.height} ${message}` });
  if (payload.chainId !== rules.chainId) throw refuse(`is of chain ${payload.chainId}, not of ${rules.chainId}`);
  if (payload.height !== parent.number + 1n) throw refuse(`does not follow block ${parent.number}`);
  // A header's extra data is the hash of its payload.
  const parentPayload = payload.height === 1n ? parentHash : extraDataHash(parent);
  if (payload.parentHash !== parentPayload) throw refuse(`has parent ${payload.parentHash}, not ${parentPayload}`);
  if (payload.timestamp < parent.timestamp) throw refuse(`is older than its parent`);
  const baseFee = nextBaseFee(parent);
  if (payload.baseFeePerGas !== baseFee) throw refuse(`has base fee ${payload.baseFeePerGas}, not ${baseFee}`);
  if (payload.gasLimit < 5_000n || payload.gasLimit >= 2n ** 63n) throw refuse(`has gas limit ${payload.gasLimit}`);
}

function extraDataHash(header: Header): string {
  return `0x${[...header.extraData].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

async function runAll(
  rules: Rules,
  { payload, senders }: ExecutePayloadInput,
  at: { machine: Machine; open: () => Promise<Machine>; state: BlockState; reader: RecordingReader },
) {
  const { state, reader } = at;
  let { machine } = at;
  const transactions: Uint8Array[] = [];
  const receipts: Receipt[] = [];
  const dropped: DroppedTransaction[] = [];
  const deposits: Uint8Array[] = [];
  for (const [payloadIndex, raw] of payload.transactions.entries()) {
    const gasUsed = receipts.at(-1)?.cumulativeGasUsed ?? 0n;
    const place = { rules, baseFeePerGas: payload.baseFeePerGas, gasLeft: payload.gasLimit - gasUsed };
    const checked = checkTransaction(raw, senders && { sender: senders[payloadIndex] }, place, state);
    if ('reason' in checked) {
      dropped.push({ payloadIndex, ...checked });
      continue;
    }
    await state.checkpoint();
    try {
      const receipt = await runTransaction(machine, rules, checked, gasUsed);
      deposits.push(depositRequests(receipt.logs));
      await state.commit();
      transactions.push(raw);
      receipts.push(receipt);
    } catch {
      // A hole in the state stops the block. Anything else is a transaction that this engine cannot run, and that must
      // not stop the chain: it is left out, by everyone, since everyone runs the same engine.
      reader.check();
      await state.revert();
      machine = await at.open();
      dropped.push({ payloadIndex, hash: checked.transaction.hash, reason: 'UNSUPPORTED' });
    }
    reader.check();
  }
  return { machine, transactions, receipts, dropped, depositRequests: concatBytes(...deposits) };
}

function payWithdrawals(state: BlockState, withdrawals: readonly Withdrawal[]): void {
  for (const { address, amountGwei } of withdrawals) {
    if (amountGwei === 0n) continue;
    const account = state.account(address) ?? noAccount;
    state.setAccount(address, { ...account, balance: account.balance + amountGwei * weiPerGwei });
  }
}

function unionBloom(receipts: readonly Receipt[]): Uint8Array {
  const union = new Uint8Array(256);
  for (const { logsBloom } of receipts) for (let i = 0; i < 256; i++) union[i]! |= logsBloom[i]!;
  return union;
}
