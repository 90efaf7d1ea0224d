// What is compared, and how a difference reads.

/** Facts that one executor found about a case, by field; they are compared with another executor's. */
export type Facts = Record<string, string>;

/** What an executor made of a case: where it differs from the fixture, and what it found. */
export interface Observation {
  executor: string;
  /** A line for each field that differs; none: as the fixture says. */
  differences: string[];
  facts: Facts;
}

/** `state root: expected 0x…, got 0x…` */
export function differ(field: string, expected: unknown, got: unknown): string {
  return `${field}: expected ${String(expected)}, got ${String(got)}`;
}

/** The differences of all, each said once with the executors that have it; then those between the executors. */
export function judge(observations: readonly Observation[]): string[] {
  const byText = new Map<string, string[]>();
  for (const { executor, differences } of observations) {
    if (differences.length === 0) continue;
    const text = differences.join('\n');
    byText.set(text, [...(byText.get(text) ?? []), executor]);
  }
  const lines = [...byText].flatMap(([text, executors]) => [
    `${executors.join(', ')}:`,
    ...text.split('\n').map((line) => `  ${line}`),
  ]);
  const [first, ...others] = observations;
  for (const other of others) {
    const fields = new Set([...Object.keys(first!.facts), ...Object.keys(other.facts)]);
    for (const field of fields) {
      const [left, right] = [first!.facts[field] ?? 'nothing', other.facts[field] ?? 'nothing'];
      if (left !== right) lines.push(`${field}: ${first!.executor} ${left}, ${other.executor} ${right}`);
    }
  }
  return lines;
}
