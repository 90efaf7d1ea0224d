/**
 * The heights that a service shows on its metrics page: every unlabelled or labelled sample whose name ends in `_height`,
 * without the prefix that all names share. Empty when the page cannot be read.
 */
export async function readHeights(url: string): Promise<Record<string, number>> {
  return parseHeights((await readPage(url)) ?? '');
}

/** Every sample of a metrics page by its name, those of one name added up; undefined when the page cannot be read. */
export async function readSamples(url: string): Promise<Map<string, number> | undefined> {
  const page = await readPage(url);
  return page === undefined ? undefined : parseSamples(page);
}

async function readPage(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the Prometheus text format. */
export function parseSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/^([a-z_:][a-z0-9_:]*)(?:\{[^\n]*\})? (\S+)/gim))
    samples.set(name, (samples.get(name) ?? 0) + Number(value));
  return samples;
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
