import { nextBaseFee } from '@sheaf/ethereum';
import type { Height } from '@sheaf/primitives';
import { payloadRandao, type ChainSpec, type Payload } from '@sheaf/protocol';
import type { VerifiedBlock } from '../ports.ts';
import { requireRight } from './fault.ts';

/**
 * Returns when the payload is the one thing that may follow `parent`: every field that the rules fix has its value, and the timestamp does
 * not go back. What remains to the sequencer is the choice and order of transactions, the time and its epoch.
 * @throws ChainError `DATA_LOSS` naming the field
 */
export function checkPayload(payload: Payload, spec: ChainSpec, parent: VerifiedBlock): void {
  const { header } = parent;
  const height = (header.number + 1n) as Height;
  const expected: Partial<Payload> = {
    chainId: spec.chainId,
    height,
    parentHash: parent.payloadHash,
    baseFeePerGas: nextBaseFee(header),
    gasLimit: spec.genesis.gasLimit,
    feeRecipient: spec.feeRecipient,
    prevRandao: payloadRandao(spec.chainId, height, parent.payloadHash),
  };
  for (const [name, value] of Object.entries(expected)) {
    const served = payload[name as keyof Payload];
    requireRight(
      served === value,
      () => `payload ${height} has ${name} ${String(served)}, the rules give ${String(value)}`,
    );
  }
  requireRight(
    payload.timestamp >= header.timestamp,
    () => `payload ${height} has timestamp ${payload.timestamp}, before its parent's ${header.timestamp}`,
  );
  // Settlement pays no deposits yet: one in a payload would make money out of nothing.
  requireRight(payload.deposits.length === 0, () => `payload ${height} has deposits, which settlement did not make`);
}
