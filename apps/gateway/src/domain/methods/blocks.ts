import { decodeTransaction } from '@sheaf/ethereum';
import type { IndexedBlock, IndexedTransaction } from '../../ports.ts';
import { findBlock } from '../block-ref.ts';
import { blockJson, pendingBlockJson, quantity, receiptJson, transactionJson } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import { block, blockName, boolean, hash, optional, required, uint64, type BlockRef } from '../params.ts';
import type { Gateway, Json } from './gateway.ts';

/** Blocks and what they hold. All from the index. */
export function blockMethods(gateway: Gateway): Record<string, Method> {
  const byNumber = required('block', blockName);
  const byHash = required('blockHash', hash);
  const full = optional('fullTransactions', boolean, false);
  const transactionCount = async (ref: BlockRef): Promise<string | null> => {
    const found = await findBlock(ref, gateway);
    return found ? quantity(isPending(ref) ? 0 : found.transactionHashes.length) : null;
  };
  const uncleCount = async (ref: BlockRef): Promise<string | null> => ((await findBlock(ref, gateway)) ? '0x0' : null);
  return {
    eth_getBlockByNumber: method([byNumber, full], ([ref, withTransactions]) =>
      getBlock(gateway, ref, withTransactions),
    ),
    eth_getBlockByHash: method([byHash, full], ([wanted, withTransactions]) =>
      getBlock(gateway, { hash: wanted }, withTransactions),
    ),
    eth_getBlockReceipts: method([required('block', block)], ([ref]) => blockReceipts(gateway, ref)),
    eth_getBlockTransactionCountByNumber: method([byNumber], ([ref]) => transactionCount(ref)),
    eth_getBlockTransactionCountByHash: method([byHash], ([wanted]) => transactionCount({ hash: wanted })),
    eth_getUncleCountByBlockNumber: method([byNumber], ([ref]) => uncleCount(ref)),
    eth_getUncleCountByBlockHash: method([byHash], ([wanted]) => uncleCount({ hash: wanted })),
    eth_getUncleByBlockNumberAndIndex: method([byNumber, required('index', uint64)], () => null),
    eth_getUncleByBlockHashAndIndex: method([byHash, required('index', uint64)], () => null),
  };
}

async function getBlock(gateway: Gateway, ref: BlockRef, withTransactions: boolean): Promise<Json | null> {
  if (isPending(ref)) return pendingBlockJson(gateway.heads.latest(), gateway.fees.nextBaseFee());
  const found = await findBlock(ref, gateway);
  if (!found) return null;
  if (!withTransactions) return blockJson(found, undefined);
  const transactions = await gateway.index.transactionsOf(found.header.number);
  return blockJson(
    found,
    transactions.map((transaction) => includedJson(transaction, found)),
  );
}

/** An indexed transaction as JSON. */
export function includedJson(transaction: IndexedTransaction, { header }: Pick<IndexedBlock, 'header'>): Json {
  return transactionJson(decodeTransaction(transaction.raw), transaction.sender, {
    blockHash: transaction.blockHash,
    height: transaction.height,
    index: transaction.index,
    baseFeePerGas: header.baseFeePerGas,
  });
}

async function blockReceipts(gateway: Gateway, ref: BlockRef): Promise<Json[] | null> {
  const found = await findBlock(ref, gateway);
  if (!found) return null;
  const height = found.header.number;
  const [transactions, logs] = await Promise.all([gateway.index.transactionsOf(height), gateway.index.logsOf(height)]);
  return transactions.map((transaction) =>
    receiptJson(
      transaction,
      logs.filter((log) => log.transactionIndex === transaction.index),
    ),
  );
}

function isPending(ref: BlockRef): boolean {
  return 'tag' in ref && ref.tag === 'pending';
}
