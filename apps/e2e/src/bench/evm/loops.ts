import { BenchFault } from '../suite.ts';
import { median, summarize, type Summary } from '../statistics.ts';
import { compare } from './compare.ts';
import type { Contender, Session } from './contender.ts';
import { chooseLoad, gasOf, sample, warm, type Load } from './measure.ts';
import type { Row } from './rows.ts';

/** One engine in one row. */
export interface Cell {
  load: Load;
  /** Nanoseconds of a round or a message. */
  samplesNs: number[];
  ns: Summary;
  /** Million gas a second, of the median. */
  mgasPerSecond: number;
}

export interface RowResult {
  row: string;
  kind: Row['kind'];
  gas: number;
  /** By contender's name; one that cannot run the row is left out. */
  cells: Record<string, Cell>;
}

/**
 * Measures one row in every engine. The engines take turns sample by sample, so that a disturbance of the machine meets all of them.
 */
export async function measureRow(
  row: Row,
  contenders: readonly Contender[],
  runs: number,
  progress: (sentence: string) => void,
): Promise<RowResult> {
  const able = contenders.filter(({ inProcess }) => inProcess || row.kind === 'loop');
  const sessions = new Map<string, Session>();
  for (const contender of able) sessions.set(contender.name, await contender.open(row.world));
  await compare(row, sessions);

  const loads = new Map<string, Load>();
  for (const [name, session] of sessions) {
    progress(`${row.name}: warming up ${name}`);
    loads.set(name, await chooseLoad(session, row, await warm(session, row)));
  }
  // Once more, now that V8 has made its best code.
  await compare(row, sessions);

  const samples = new Map<string, number[]>([...sessions.keys()].map((name) => [name, []]));
  progress(`${row.name}: ${runs} samples of each engine`);
  for (let i = 0; i < runs; i += 1)
    for (const [name, session] of sessions) samples.get(name)!.push(await sample(session, row, loads.get(name)!));
  for (const contender of able) contender.verify(row.world);

  const gas = await gasOf([...sessions.values()][0]!, row);
  const cells: Record<string, Cell> = {};
  for (const [name, samplesNs] of samples) {
    if (median(samplesNs) <= 0) throw new BenchFault(`${row.name}: the machine is too busy to measure ${name}`);
    const ns = summarize(samplesNs);
    cells[name] = { load: loads.get(name)!, samplesNs, ns, mgasPerSecond: (gas / ns.median) * 1_000 };
  }
  return { row: row.name, kind: row.kind, gas, cells };
}
