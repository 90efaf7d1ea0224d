/**
 * The heights that a service shows on its metrics page: every unlabelled or labelled sample whose name ends in `_height`,
 * without the prefix that all names share. Empty when the page cannot be read.
 */
export async function readHeights(url: string): Promise<Record<string, number>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return parseHeights(await response.text());
  } catch {
    return {};
  }
}

/** Reads the Prometheus text format. */
export function parseHeights(text: string): Record<string, number> {
  const heights: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^(?:sheaf_)?([a-z_]*?)_?height(?:\{([^}]*)\})? ([0-9.e+]+)/.exec(line);
    if (!match) continue;
    const [, name = '', labels = '', value] = match;
    const values = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].filter(
      ([, key]) => key !== 'service' && key !== 'version',
    );
    heights[[name, ...values.map(([, , label]) => label)].filter(Boolean).join(' ') || 'height'] = Number(value);
  }
  return heights;
}
