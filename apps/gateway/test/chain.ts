// A chain of real blocks for the gateway's tests: right hashes, roots, receipts and signatures, made-up effects.
import {
  decodeTransaction,
  effectiveGasPrice,
  encodeBlock,
  headerHash,
  Logs,
  nextBaseFee,
  receiptsRoot,
  recoverSender,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
  type Receipt,
} from '@sheaf/ethereum';
import {
  hexToBytes,
  toAddress,
  toHash32,
  zeroAddress,
  zeroHash,
  type Address,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import type { BlockRecord } from '@sheaf/proto';
import { privateKeyToAccount } from 'viem/accounts';

export const chainId = 74_323;
export const sender = privateKeyToAccount(`0x${'11'.repeat(32)}`);
export const token = toAddress(`0x${'22'.repeat(20)}`);
export const transferTopic = toHash32('0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef');

export interface TestBlock {
  record: BlockRecord;
  header: Header;
  transactions: Uint8Array[];
}

/** `0x00…n`, 32 bytes. */
export function word(n: number | bigint): Hash32 {
  return `0x${n.toString(16).padStart(64, '0')}` as Hash32;
}

/** Signs a transfer-like EIP-1559 transaction. */
export async function signed(nonce: number, fields: { to?: Address | null; value?: bigint } = {}): Promise<Uint8Array> {
  const { to = token, value = 1n } = fields;
  const raw = await sender.signTransaction({
    type: 'eip1559',
    chainId,
    nonce,
    gas: 60_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    value,
    ...(to !== null && { to }),
  });
  return hexToBytes(raw);
}

/** The block on top of `parent`; each transaction leaves one Transfer log, its last topic the place in the block. */
export function makeBlock(parent: TestBlock | undefined, transactions: Uint8Array[] = [], salt = 0): TestBlock {
  const height = (parent === undefined ? 0n : parent.header.number + 1n) as Height;
  const baseFeePerGas = parent === undefined ? 1_000_000_000n : nextBaseFee(parent.header);
  const receipts = transactions.map((raw, index) => makeReceipt(raw, index, baseFeePerGas));
  const payloadHash = height === 0n ? zeroHash : word(height * 1_000n + BigInt(salt));
  const withdrawals = height === 2n ? [{ index: 0n, validatorIndex: 3n, address: token, amountGwei: 5n }] : [];
  const header: Header = {
    parentHash: parent === undefined ? zeroHash : parent.record.hash,
    ommersHash: toHash32('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'),
    coinbase: zeroAddress,
    stateRoot: word(height + 1n),
    transactionsRoot: transactionsRoot(transactions),
    receiptsRoot: receiptsRoot(receipts),
    logsBloom: Logs.of(receipts.flatMap(({ logs }) => logs.list())).bloom(),
    difficulty: 0n,
    number: height,
    gasLimit: 30_000_000n,
    gasUsed: BigInt(transactions.length) * 50_000n,
    timestamp: 1_700_000_000n + height,
    extraData: height === 0n ? new Uint8Array(0) : hexToBytes(payloadHash),
    prevRandao: word(7),
    nonce: new Uint8Array(8),
    baseFeePerGas,
    withdrawalsRoot: withdrawalsRoot(withdrawals),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: zeroHash,
    requestsHash: toHash32('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
  };
  const rlp = encodeBlock({ header, transactions, withdrawals });
  return {
    record: { height, hash: headerHash(header), payloadHash, rlp, receipts, dropped: [] },
    header,
    transactions,
  };
}

function makeReceipt(raw: Uint8Array, index: number, baseFeePerGas: bigint): Receipt {
  const transaction = decodeTransaction(raw);
  const logs = Logs.of([
    {
      address: token,
      topics: [transferTopic, word(1), word(2), word(index)],
      data: hexToBytes(word(transaction.value)),
    },
  ]);
  return {
    transactionHash: transaction.hash,
    type: transaction.type,
    status: index % 2 === 0,
    cumulativeGasUsed: BigInt(index + 1) * 50_000n,
    gasUsed: 50_000n,
    effectiveGasPrice: effectiveGasPrice(transaction, baseFeePerGas),
    blobGasUsed: 0n,
    sender: recoverSender(transaction),
    ...(transaction.to === undefined
      ? { contractAddress: toAddress(`0x${'cc'.repeat(20)}`) }
      : { recipient: transaction.to }),
    logs,
    logsBloom: logs.bloom(),
  };
}
