import type { Registry } from '@sheaf/service';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Condition } from './domain/validation.ts';

/** What a validator counts, and where it stands. */
export function createMetrics(registry: Registry, condition: () => Condition | undefined) {
  const registers = [registry];
  const observe = (name: string, help: string, read: (condition: Condition) => number) =>
    new Gauge({
      name: `sheaf_validator_${name}`,
      help,
      registers,
      collect() {
        const current = condition();
        this.set(current ? read(current) : 0);
      },
    });
  observe('verified_height', 'Last height that verified', ({ verifiedHeight }) => Number(verifiedHeight));
  observe('attested_height', 'Last height whose attestation settlement took in this run', ({ submittedHeight }) =>
    Number(submittedHeight),
  );
  observe(
    'divergence',
    'ALARM: 1 while something served does not verify, or settlement refuses this validator',
    ({ state }) => (state === 'alarmed' || state === 'halted' ? 1 : 0),
  );
  return {
    refusals: new Counter({
      name: 'sheaf_validator_refusals_total',
      help: 'Tries at a height that ended without a verified block',
      labelNames: ['kind'],
      registers,
    }),
    custodyFaults: new Counter({
      name: 'sheaf_validator_custody_faults_total',
      help: 'Samples that a data-availability node withheld or altered',
      labelNames: ['node', 'fault'],
      registers,
    }),
    adopted: new Counter({
      name: 'sheaf_validator_adopted_total',
      help: 'Finalized blocks taken on the word of two thirds of the stake after a long absence',
      registers,
    }),
    verifySeconds: new Histogram({
      name: 'sheaf_validator_verify_seconds',
      help: 'Time from looking at a height to its verified block; waits for its certificate not included',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
  };
}
