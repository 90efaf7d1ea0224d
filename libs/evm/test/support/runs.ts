/** Property runs: few for every check, as many as `SHEAF_PROPERTY_RUNS` says (times the test's share) for a long search. */
export function propertyRuns(usual: number): { numRuns: number } {
  const asked = Number(process.env['SHEAF_PROPERTY_RUNS'] ?? '0');
  return { numRuns: asked > 0 ? asked : usual };
}

/** Milliseconds that a property may take: a long search is not stopped. */
export const propertyTimeoutMs = process.env['SHEAF_PROPERTY_RUNS'] === undefined ? 60_000 : 24 * 3_600_000;
