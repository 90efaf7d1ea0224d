import { BenchFault } from '../suite.ts';
import type { Session } from './contender.ts';
import type { Row } from './rows.ts';

/** Around the borders of a loop's first rounds, and enough for compiled code to be entered many times. */
const roundsCompared = [0, 1, 2, 65, 130];

/**
 * The same calls in every engine give the same output (which holds the gas that the contract measured) and use the same
 * gas where the engine says it. @throws BenchFault
 */
export async function compare(row: Row, sessions: ReadonlyMap<string, Session>): Promise<void> {
  for (const rounds of row.kind === 'message' ? [1] : roundsCompared) {
    let first: { name: string; output: string } | undefined;
    let withGas: { name: string; gasUsed: bigint } | undefined;
    for (const [name, session] of sessions) {
      const { output, gasUsed } = await session.time(row.call(rounds), 1);
      const what = row.kind === 'message' ? 'the message' : `${rounds} rounds`;
      first ??= { name, output };
      if (output !== first.output)
        throw new BenchFault(`${row.name}: for ${what} ${first.name} returns ${first.output} and ${name} ${output}`);
      if (gasUsed === undefined) continue;
      withGas ??= { name, gasUsed };
      if (gasUsed !== withGas.gasUsed)
        throw new BenchFault(
          `${row.name}: for ${what} ${withGas.name} uses ${withGas.gasUsed} gas and ${name} ${gasUsed}`,
        );
    }
  }
}
