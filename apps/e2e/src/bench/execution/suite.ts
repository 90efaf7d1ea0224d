import { BenchFault, type Suite } from '../suite.ts';
import { writeFileSync } from 'node:fs';
import { measureAccounted, plotAccounted, type AccountedRow } from './accounted.ts';
import { measureMemory } from './memory.ts';
import { measureOneMember } from './one-member.ts';
import type { PartContext, PartReport } from './part.ts';
import { StoreFolder } from './store.ts';
import { measureTwoMembers } from './two-members.ts';
import { sizesOf, workloadNames, Workloads, type WorkloadName } from './workloads.ts';

const parts: Readonly<Record<string, (context: PartContext) => Promise<PartReport & { rows?: AccountedRow[] }>>> = {
  n1: measureOneMember,
  n2: measureTwoMembers,
  accounted: measureAccounted,
  memory: measureMemory,
};

/** Blocks from signed transactions with known senders to committed state and root. */
export const executionSuite: Suite = {
  name: 'execution',
  summary: 'whole blocks: one member beside @ethereumjs/vm, two on two cores, 1 to 16 accounted, memory of each',
  rows: Object.keys(parts),
  options: ['scale', 'plot', 'workloads'],
  workloads: workloadNames,
  async run(options) {
    const { rows, scale, plot, workloads: wanted } = options;
    const sizes = sizesOf[scale];
    const names = workloadNames.filter((name) => wanted?.includes(name) ?? true);
    if (plot !== undefined && !rows.includes('accounted')) throw new BenchFault('--plot needs the row accounted');
    if (names.length === 0) throw new BenchFault(`execution has workloads ${workloadNames.join(', ')}`);
    const folder = new StoreFolder();
    const workloads = new Workloads(sizes, options);
    const context: PartContext = { ...options, sizes, names, workloads, folder, bars: scale === 'full' };
    const texts: string[] = [];
    const data: Record<string, object> = {};
    try {
      for (const row of rows) {
        const report = await parts[row]!(context);
        texts.push(report.text);
        data[row] = report.data;
        if (plot !== undefined && row === 'accounted') writeFileSync(plot, plotAccounted(report.rows!));
      }
    } finally {
      folder.close();
    }
    if (scale !== 'full') texts.push(`sizes of --scale ${scale}: the bars are for others`);
    return { text: texts.join('\n\n'), data: { scale, sizes, workloads: names satisfies WorkloadName[], ...data } };
  },
};
