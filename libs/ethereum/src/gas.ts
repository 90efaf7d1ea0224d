import type { TransactionFields } from './transaction.ts';

type Priced = Pick<TransactionFields, 'to' | 'data' | 'accessList' | 'authorizationList'>;

/** Gas charged before the first instruction (yellow paper 6.2, EIP-2028, 2930, 3860, 7702). */
export function intrinsicGas(_transaction: Priced): bigint {
  throw new Error('not yet');
}

/** EIP-7623: the least that a transaction pays for its data. A gas limit below it is invalid from Prague on. */
export function floorDataGas(_transaction: Pick<TransactionFields, 'data'>): bigint {
  throw new Error('not yet');
}

/** Wei paid for a unit of gas. Meaningful when `maxFeePerGas >= baseFeePerGas`. */
export function effectiveGasPrice(
  _transaction: Pick<TransactionFields, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  _baseFeePerGas: bigint,
): bigint {
  throw new Error('not yet');
}

/** EIP-1559: the base fee of the block after `parent`. */
export function nextBaseFee(_parent: { gasLimit: bigint; gasUsed: bigint; baseFeePerGas: bigint }): bigint {
  throw new Error('not yet');
}
