/** Rows as aligned columns under an optional head; numbers to the right when `right` names the column's index. */
export function formatTable(rows: string[][], options: { head?: string[]; right?: number[] } = {}): string {
  const all = options.head ? [options.head, ...rows] : rows;
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]): string =>
    widths
      .map((width, i) => (options.right?.includes(i) ? (row[i] ?? '').padStart(width) : (row[i] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd();
  const body = rows.map(line);
  if (!options.head) return body.join('\n');
  return [line(options.head), line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

/** Bytes as whole mebibytes. */
export function formatMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

/** Seconds with one decimal. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
