import { bigintToBytes } from '@sheaf/primitives';
import { hexToBuffer, toBuffer, type executionV1 } from '@sheaf/proto';
import type { AccountProof } from '@sheaf/state';
import { setImmediate } from 'node:timers/promises';

/** Reads between two turns of the event loop: about a millisecond's worth. */
const readsPerTurn = 32;

/** To be awaited before every read: now and then the event loop has a turn. */
export function takeTurns(): () => Promise<void> | undefined {
  let reads = 0;
  return () => (++reads % readsPerTurn === 0 ? setImmediate() : undefined);
}

export function storageProofsToWire(proofs: AccountProof['storageProofs']): executionV1.StorageProof[] {
  return proofs.map(({ slot, value, proof }) => ({
    slot: hexToBuffer(slot),
    value: toBuffer(bigintToBytes(value)),
    proof: proof.map(toBuffer),
  }));
}
