import { cpuClockWorks, ownClock, type ClockKind } from '../clock.ts';

/** Milliseconds by both clocks; no `cpu` where the system does not tell. */
export interface Elapsed {
  wall: number;
  cpu: number | undefined;
}

const wallClock = ownClock('wall');
const cpuClock = cpuClockWorks() ? ownClock('cpu') : undefined;

export function timed(work: () => void): Elapsed {
  const [wallNs, cpuNs] = [wallClock(), cpuClock?.()];
  work();
  const cpu = cpuNs === undefined ? undefined : (cpuClock!() - cpuNs) / 1e6;
  return { wall: (wallClock() - wallNs) / 1e6, cpu };
}

/** By the clock that was asked for. */
export function byClock(samples: readonly Elapsed[], clock: ClockKind): number[] {
  return samples.map((sample) => sample[clock] ?? sample.wall);
}
