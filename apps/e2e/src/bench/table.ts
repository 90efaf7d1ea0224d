import type { Summary } from './statistics.ts';

/** Rows as aligned columns under a head: the first column to the left, the others, numbers, to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** About three significant digits; whole numbers from 1,000 on. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 1 || size === 0 ? value.toFixed(2) : value.toPrecision(2);
}

/** The median, and by how many percent of it the samples stray. */
export function formatSpread({ median, deviation }: Summary): string {
  const percent = median === 0 ? 0 : (100 * deviation) / Math.abs(median);
  return `${formatNumber(median)} ±${percent.toFixed(0)}%`;
}
