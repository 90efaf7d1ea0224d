import type { Registry } from '@sheaf/service';
import { Counter, Gauge } from 'prom-client';
import type { Head, ValidatorRecord } from './ports.ts';

/** What a replica counts, and what it last saw in the ledger. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name: `sheaf_settlement_${name}`, help, registers });
  const finalized = gauge('finalized_height', 'Last finalized height');
  const attested = gauge('attested_height', 'Highest height with an attestation');
  const diverged = gauge(
    'diverged',
    'ALARM: 1 when two blocks at one height each have more than a third of the stake; the head is stopped',
  );
  const slashed = gauge('slashed_validators', 'Validators whose double vote is proven');
  return {
    attestations: new Counter({
      name: 'sheaf_settlement_attestations_total',
      help: 'Attestations submitted, by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    corrupt: gauge('ledger_corrupt', 'ALARM: 1 when recorded signatures do not verify any more'),
    /** Sets the gauges. */
    show(head: Head, validators: ValidatorRecord[]): void {
      finalized.set(Number(head.finalizedHeight));
      attested.set(Number(head.attestedHeight));
      diverged.set(head.divergedHeight === undefined ? 0 : 1);
      slashed.set(validators.filter((validator) => validator.slashed).length);
    },
  };
}
