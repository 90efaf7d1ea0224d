/** EIP-4844 with EIP-7840's names: how many blobs a block may have, and how their price moves. */
export interface BlobSchedule {
  /** Blobs a block at which the price stands still. */
  target: number;
  /** Blobs a block has at most. */
  max: number;
  baseFeeUpdateFraction: bigint;
}

/** EIP-4844. */
export const gasPerBlob = 131_072n;

/** EIP-7918: a blob pays at least for so much execution gas. */
const blobBaseCost = 8_192n;

/**
 * Wei paid for a unit of blob gas: EIP-4844's approximation of e^(excess / fraction). The work grows with
 * excess / fraction, so give it only an excess that the chain has come to.
 */
export function blobBaseFee(excessBlobGas: bigint, { baseFeeUpdateFraction }: BlobSchedule): bigint {
  let sum = 0n;
  let term = baseFeeUpdateFraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * excessBlobGas) / (baseFeeUpdateFraction * i);
  }
  return sum / baseFeeUpdateFraction;
}

/** The excess blob gas of the block after `parent`; `reservePrice`: under EIP-7918. */
export function nextExcessBlobGas(
  parent: { excessBlobGas: bigint; blobGasUsed: bigint; baseFeePerGas: bigint },
  schedule: BlobSchedule,
  reservePrice: boolean,
): bigint {
  const target = gasPerBlob * BigInt(schedule.target);
  const total = parent.excessBlobGas + parent.blobGasUsed;
  if (total < target) return 0n;
  if (reservePrice && blobBaseCost * parent.baseFeePerGas > gasPerBlob * blobBaseFee(parent.excessBlobGas, schedule)) {
    const { max } = schedule;
    return parent.excessBlobGas + (parent.blobGasUsed * BigInt(max - schedule.target)) / BigInt(max);
  }
  return total - target;
}
