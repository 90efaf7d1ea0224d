import { createTxFromRLP } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { runTx } from '@ethereumjs/vm';
import { effectiveGasPrice, logsBloom, type Log, type Receipt, type Transaction } from '@sheaf/ethereum';
import { toAddress, toHash32, type Address } from '@sheaf/primitives';
import type { Machine } from './machine.ts';
import type { Rules } from './rules.ts';

/**
 * Runs a checked transaction. The state is changed even when it reverts.
 * @throws what the library throws, with the state as it was before
 */
export async function runTransaction(
  machine: Machine,
  rules: Rules,
  { transaction, sender }: { transaction: Transaction; sender: Address },
  gasUsedBefore: bigint,
): Promise<Receipt> {
  const tx = createTxFromRLP(transaction.raw, { common: rules.common, freeze: false });
  // The library would recover the sender anew, in JavaScript, at about a millisecond.
  const from = createAddressFromString(sender);
  tx.getSenderAddress = () => from;
  const { vm, block } = machine;
  const result = await runTx(vm, { tx, block, blockGasUsed: gasUsedBefore, skipHardForkValidation: true });
  const { execResult, totalGasSpent, createdAddress } = result;
  const logs = (execResult.logs ?? []).map(([address, topics, data]): Log => ({
    address: toAddress(address),
    topics: topics.map((topic) => toHash32(topic)),
    data,
  }));
  return {
    transactionHash: transaction.hash,
    type: transaction.type,
    status: execResult.exceptionError === undefined,
    cumulativeGasUsed: gasUsedBefore + totalGasSpent,
    gasUsed: totalGasSpent,
    effectiveGasPrice: effectiveGasPrice(transaction, block.header.baseFeePerGas ?? 0n),
    blobGasUsed: 0n,
    sender,
    ...(transaction.to === undefined ? {} : { recipient: transaction.to }),
    ...(transaction.to === undefined && createdAddress !== undefined
      ? { contractAddress: toAddress(createdAddress.bytes) }
      : {}),
    logs,
    logsBloom: logsBloom(logs),
  };
}
