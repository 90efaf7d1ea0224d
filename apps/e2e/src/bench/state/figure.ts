import { summarize, type Summary } from '../statistics.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';

/** What has to be reached: at most, or at least. */
export type Bar = { below: number } | { atLeast: number };

/** One measured thing. */
export interface Figure {
  row: string;
  /** What was measured, with its unit at the end. */
  what: string;
  samples: readonly number[];
  bar?: Bar;
}

export interface FigureReport extends Figure {
  summary: Summary;
  /** `undefined`: there is no bar. */
  reached: boolean | undefined;
}

export function reportFigure(figure: Figure): FigureReport {
  const summary = summarize(figure.samples);
  return { ...figure, summary, reached: figure.bar && reaches(summary.median, figure.bar) };
}

export function describeFigures(reports: readonly FigureReport[]): string {
  return formatTable(
    ['state', 'measured', 'bar', ''],
    reports.map(({ row, what, summary, bar, reached }) => [
      `${row}: ${what}`,
      summary.count === 1 ? formatNumber(summary.median) : formatSpread(summary),
      bar === undefined ? '' : 'below' in bar ? `< ${formatNumber(bar.below)}` : `>= ${formatNumber(bar.atLeast)}`,
      reached === undefined ? '' : reached ? 'ok' : 'MISSED',
    ]),
  );
}

function reaches(value: number, bar: Bar): boolean {
  return 'below' in bar ? value < bar.below : value >= bar.atLeast;
}
