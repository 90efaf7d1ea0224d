import type { TransactionFields } from './transaction.ts';

type Priced = Pick<TransactionFields, 'to' | 'data' | 'accessList' | 'authorizationList'>;

const baseGas = 21_000n;
const creationGas = 32_000n;
const initcodeWordGas = 2n;
const accessListAddressGas = 2_400n;
const accessListKeyGas = 1_900n;
const authorizationGas = 25_000n;
/** EIP-7623: a zero byte is one token, another four. */
const tokensPerNonzeroByte = 4n;
const standardTokenGas = 4n;
const floorTokenGas = 10n;
/** EIP-1559. */
const baseFeeChangeDenominator = 8n;
const elasticityMultiplier = 2n;

/** Gas charged before the first instruction (yellow paper 6.2, EIP-2028, 2930, 3860, 7702). */
export function intrinsicGas(transaction: Priced): bigint {
  const { to, data, accessList, authorizationList } = transaction;
  let gas = baseGas + standardTokenGas * dataTokens(data);
  if (to === undefined) gas += creationGas + initcodeWordGas * BigInt(Math.ceil(data.length / 32));
  for (const { storageKeys } of accessList) gas += accessListAddressGas + accessListKeyGas * BigInt(storageKeys.length);
  return gas + authorizationGas * BigInt(authorizationList.length);
}

/** EIP-7623: the least that a transaction pays for its data. A gas limit below it is invalid from Prague on. */
export function floorDataGas(transaction: Pick<TransactionFields, 'data'>): bigint {
  return baseGas + floorTokenGas * dataTokens(transaction.data);
}

/** Wei paid for a unit of gas. Meaningful when `maxFeePerGas >= baseFeePerGas`. */
export function effectiveGasPrice(
  transaction: Pick<TransactionFields, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFeePerGas: bigint,
): bigint {
  const wanted = baseFeePerGas + transaction.maxPriorityFeePerGas;
  return wanted < transaction.maxFeePerGas ? wanted : transaction.maxFeePerGas;
}

/** EIP-1559: the base fee of the block after `parent`. */
export function nextBaseFee(parent: { gasLimit: bigint; gasUsed: bigint; baseFeePerGas: bigint }): bigint {
  const { gasUsed, baseFeePerGas } = parent;
  const target = parent.gasLimit / elasticityMultiplier;
  if (gasUsed === target) return baseFeePerGas;
  if (gasUsed > target) {
    const rise = (baseFeePerGas * (gasUsed - target)) / target / baseFeeChangeDenominator;
    return baseFeePerGas + (rise > 1n ? rise : 1n);
  }
  return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / baseFeeChangeDenominator;
}

function dataTokens(data: Uint8Array): bigint {
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros += 1;
  return BigInt(zeros) + tokensPerNonzeroByte * BigInt(data.length - zeros);
}
