import { bytesToBigint, hexToBytes } from '@sheaf/primitives';
import type { Session, Timed } from './contender.ts';
import type { Row } from './rows.ts';

/**
 * How one engine runs one row: a loop with `small` and with `large` rounds in one call, or a message `large` times.
 */
export interface Load {
  small: number;
  large: number;
}

/** V8 replaces WebAssembly's first machine code by better only between calls, so many short ones come first. */
const warmUp = { callsMin: 60, busyMsMin: 400, msMax: 6_000, callMs: 3 };
const sampleMs = 50;
const roundsMax = 2 ** 26;

/** Afterwards the engine runs the row as fast as it will. Gives rounds (or messages) that take about `callMs`. */
export async function warm(session: Session, row: Row): Promise<number> {
  const startedMs = performance.now();
  let rounds = 2;
  let busyNs = 0;
  for (let calls = 0; ; calls += 1) {
    const { elapsedNs } = await run(session, row, rounds);
    busyNs += elapsedNs;
    const enough = calls >= warmUp.callsMin && busyNs > warmUp.busyMsMin * 1e6;
    if (enough || performance.now() - startedMs > warmUp.msMax) return rounds;
    if (elapsedNs < (warmUp.callMs * 1e6) / 2 && rounds < roundsMax) rounds *= 2;
    // V8's compilers work in other threads; what they have finished is taken over here at the latest.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Rounds for a sample of about 50 ms, from what a warm engine needs for `rounds`. Even: a swap goes there and back. */
export async function chooseLoad(session: Session, row: Row, rounds: number): Promise<Load> {
  const times: number[] = [];
  for (let i = 0; i < 3; i += 1) times.push((await run(session, row, rounds)).elapsedNs);
  const wanted = (rounds * sampleMs * 1e6) / Math.max(1, Math.min(...times));
  const large = Math.min(roundsMax, Math.max(8, 2 * Math.round(wanted / 2)));
  return { small: Math.max(2, 2 * Math.round(large / 10)), large };
}

/** One sample: nanoseconds of a round, or of a message. */
export async function sample(session: Session, row: Row, { small, large }: Load): Promise<number> {
  if (row.kind === 'message') return (await session.time(row.call(1), large)).elapsedNs / large;
  const few = await session.time(row.call(small), 1);
  const many = await session.time(row.call(large), 1);
  return (many.elapsedNs - few.elapsedNs) / (large - small);
}

/** Gas of a round as the contract measured it, or of a message as the engine says. */
export async function gasOf(session: Session, row: Row): Promise<number> {
  if (row.kind === 'message') return Number((await session.time(row.call(1), 1)).gasUsed);
  // The first rounds of a storage loop pay for cold slots.
  const [small, large] = [100, 1_100];
  const few = await session.time(row.call(small), 1);
  const many = await session.time(row.call(large), 1);
  return Number(gasInside(many) - gasInside(few)) / (large - small);
}

/** The second word of what every loop contract returns. */
function gasInside({ output }: Timed): bigint {
  return bytesToBigint(hexToBytes(output).subarray(32, 64));
}

function run(session: Session, row: Row, rounds: number): Promise<Timed> {
  return row.kind === 'message' ? session.time(row.call(1), rounds) : session.time(row.call(rounds), 1);
}
