import { cpus, loadavg, release, totalmem } from 'node:os';

/** On what the figures were taken: without it they mean nothing. */
export interface Environment {
  /** ISO 8601, by this machine's clock. */
  date: string;
  cpu: string;
  cores: number;
  memoryGib: number;
  /** Of the last 1, 5 and 15 minutes, at the start. Above zero something else was running. */
  loadAverage: number[];
  system: string;
  node: string;
  v8: string;
}

export function readEnvironment(): Environment {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

export function describeEnvironment(environment: Environment): string {
  const { date, cpu, cores, memoryGib, loadAverage, system, node, v8 } = environment;
  const load = loadAverage[0] ?? 0;
  const busy = load > 0.5 ? ' (others were using this machine: the figures are noisier than they need be)' : '';
  return [
    `${date}  ${cores} x ${cpu}, ${memoryGib} GiB, ${system}, Node ${node} (V8 ${v8})`,
    `load average at the start ${loadAverage.join(' ')}${busy}`,
  ].join('\n');
}
