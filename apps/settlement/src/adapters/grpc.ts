import { ChainError, toHeight } from '@sheaf/primitives';
import { attestationFromWire, blockRefToWire, finalityToWire, settlementV1, toBuffer, wire } from '@sheaf/proto';
import { implement, type ServiceImplementation } from '@sheaf/rpc';
import type { Gate } from '@sheaf/service';
import type { Settlement } from '../domain/settlement.ts';
import type { Ledger } from '../ports.ts';

/** PostgreSQL's bigint; far above any height of a chain. */
const heightMax = 2n ** 63n - 1n;

/** sheaf.settlement.v1 over the domain. */
export function createSettlementService(
  options: { validators: readonly { publicKey: Uint8Array; stakeGwei: bigint }[] },
  dependencies: { settlement: Settlement; ledger: Ledger; submissions: Gate },
): ServiceImplementation {
  const { settlement, ledger, submissions } = dependencies;
  return implement(settlementV1.SettlementServiceService, {
    async submitAttestation(request) {
      const attestation = attestationFromWire(request.attestation, 'attestation');
      wire.integer<bigint>(attestation.height, { min: 1n, max: heightMax }, 'attestation.height');
      return submissions.run(() => settlement.submit(attestation));
    },

    async getFinality(request) {
      const height = wire.integer(request.height, { min: 0n, max: heightMax }, 'height');
      const finality = await ledger.finality(height === 0n ? undefined : toHeight(height));
      if (finality) return { finality: finalityToWire(finality) };
      throw new ChainError({
        code: 'NOT_FOUND',
        message: height === 0n ? 'no block is final yet' : `height ${height} is not final`,
      });
    },

    async listValidators() {
      const records = await ledger.validators();
      return {
        validators: records.map(({ validatorIndex, attestedHeight, slashed }) => {
          const { publicKey, stakeGwei } = options.validators[validatorIndex]!;
          return { index: validatorIndex, publicKey: toBuffer(publicKey), stakeGwei, slashed, attestedHeight };
        }),
      };
    },

    async getStatus() {
      const head = await ledger.head();
      return {
        attestedHeight: head.attestedHeight,
        finalized: blockRefToWire({ height: head.finalizedHeight, hash: head.finalizedHash }),
        diverged: head.divergedHeight !== undefined,
      };
    },
  });
}
