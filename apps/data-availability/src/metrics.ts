import type { Gate, Registry } from '@sheaf/service';
import { Counter, Gauge, Histogram } from 'prom-client';

/** What a node counts. */
export function createMetrics(registry: Registry, gates: { writes: Gate; reads: Gate }) {
  const registers = [registry];
  new Gauge({
    name: 'sheaf_da_gate_load',
    help: 'Pieces of work running and waiting at a gate',
    labelNames: ['gate', 'state'],
    registers,
    collect() {
      for (const [gate, { load }] of Object.entries(gates)) {
        this.set({ gate, state: 'running' }, load().running);
        this.set({ gate, state: 'waiting' }, load().waiting);
      }
    },
  });
  return {
    signed: new Counter({
      name: 'sheaf_da_statements_signed_total',
      help: 'Batch statements signed, repetitions included',
      registers,
    }),
    refused: new Counter({
      name: 'sheaf_da_batches_refused_total',
      help: 'Batches refused, by error code',
      labelNames: ['code'],
      registers,
    }),
    cells: new Counter({
      name: 'sheaf_da_cells_verified_total',
      help: 'Cells verified against their commitments',
      registers,
    }),
    verifySeconds: new Histogram({
      name: 'sheaf_da_verify_seconds',
      help: 'Time to verify the cells of one batch',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
  };
}
