import { readArguments, usage } from './arguments.ts';
import { runPool } from './pool.ts';
import type { FileReport } from './run-file.ts';
import { readSources } from './sources.ts';

/** Where the command writes. */
export interface Terminal {
  /** Results. */
  write(text: string): void;
  /** Progress. */
  writeProgress(text: string): void;
  /** A line is rewritten in place; else one is written every few seconds. */
  interactive: boolean;
}

const progressMs = { interactive: 200, plain: 5_000 };

/**
 * The command: prints each failure, what was skipped, and `N passed, N failed` as the last line.
 * @param program the bundle that is run as worker thread
 * @returns the exit code: 0 when something was run and nothing failed
 */
export async function run(args: readonly string[], program: string, terminal: Terminal): Promise<number> {
  const options = readArguments(args);
  if (options === 'help') {
    terminal.write(`${usage}\n`);
    return 0;
  }
  if ('fault' in options) {
    terminal.write(`conformance: ${options.fault}\n0 passed, 1 failed\n`);
    return 1;
  }
  const totals = new Totals();
  const progress = showProgress(terminal, totals);
  await runPool(readSources(options.paths), program, options.jobs, options, {
    onCase: () => (totals.begun += 1),
    onReport: (file, report) => {
      totals.add(report);
      const failures = report.failures.map((failure) => formatFailure(file, failure)).join('');
      if (failures !== '') progress.above(failures);
    },
  });
  progress.end();
  terminal.write(totals.summary());
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

class Totals {
  files = 0;
  begun = 0;
  passed = 0;
  failed = 0;
  readonly #skipped = new Map<string, number>();

  add({ passed, failures, skipped }: FileReport): void {
    this.files += 1;
    this.passed += passed;
    this.failed += failures.length;
    for (const [what, count] of Object.entries(skipped)) {
      this.#skipped.set(what, (this.#skipped.get(what) ?? 0) + count);
    }
  }

  line(): string {
    const { files, begun, passed, failed } = this;
    return `${files} files, ${begun} cases begun, ${passed} passed, ${failed} failed`;
  }

  summary(): string {
    const skipped = [...this.#skipped].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what} ${count}`);
    const total = [...this.#skipped.values()].reduce((sum, count) => sum + count, 0);
    return [
      ...(total > 0 ? [`skipped ${total}: ${skipped.join(', ')}`] : []),
      ...(this.passed + this.failed === 0 ? [`conformance: nothing applicable was found in ${this.files} files`] : []),
      `${this.passed} passed, ${this.failed} failed`,
      '',
    ].join('\n');
  }
}

function formatFailure(file: string, failure: FileReport['failures'][number]): string {
  const name = failure.case === '' ? '' : `  ${failure.case}\n`;
  return `FAILED ${file}\n${name}${failure.lines.map((line) => `    ${line}\n`).join('')}`;
}

function showProgress(terminal: Terminal, totals: Totals) {
  const { interactive } = terminal;
  const clear = interactive ? '\r\x1b[K' : '';
  const timer = setInterval(
    () => terminal.writeProgress(interactive ? `${clear}${totals.line()}` : `${totals.line()}\n`),
    interactive ? progressMs.interactive : progressMs.plain,
  );
  return {
    /** Writes results where the progress line was. */
    above(text: string) {
      if (interactive) terminal.writeProgress(clear);
      terminal.write(text);
    },
    end() {
      clearInterval(timer);
      if (interactive) terminal.writeProgress(clear);
    },
  };
}
