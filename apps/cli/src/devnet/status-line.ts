import { formatMebibytes } from '../table.ts';
import type { ChainView } from './heads.ts';

/** One line on the condition of a devnet. */
export function statusLine(
  view: ChainView | undefined,
  condition: { notReady: string[]; restarts: number; memoryBytes: number },
): string {
  const chain = view
    ? [
        `latest ${view.latest}`,
        `safe ${view.safe}`,
        `finalized ${view.finalized}`,
        `lag ${view.latest - view.safe}/${view.latest - view.finalized}`,
        `tx ${view.transactions}`,
        `mempool ${view.mempool ?? '?'}`,
        `${view.transactionsPerSecond.toFixed(1)} tx/s`,
      ]
    : ['gateway does not answer'];
  const faults = condition.notReady.length > 0 ? [`NOT READY: ${condition.notReady.join(' ')}`] : [];
  const restarts = condition.restarts > 0 ? [`restarts ${condition.restarts}`] : [];
  return [...faults, ...chain, ...restarts, formatMebibytes(condition.memoryBytes)].join(' · ');
}

export interface LiveLine {
  /** Shows the line in place of the one before (on a terminal), or prints it. */
  show(text: string): void;
  /** Prints a sentence above the live line. */
  print(text: string): void;
  /** Leaves the last line standing. */
  end(): void;
}

/** A line that is rewritten in place on a terminal and appended elsewhere. */
export function createLiveLine(output: NodeJS.WriteStream): LiveLine {
  const clear = '\r\x1b[2K';
  let current = '';
  return {
    show(text) {
      if (!output.isTTY) return void output.write(`${text}\n`);
      // The session has no terminal of its own, so no resize signal arrives: ask for the width every time.
      const columns = output.getWindowSize()[0] || 80;
      current = text.slice(0, Math.max(20, columns - 1));
      output.write(clear + current);
    },
    print(text) {
      output.write(output.isTTY && current !== '' ? `${clear}${text}\n${current}` : `${text}\n`);
    },
    end() {
      if (output.isTTY && current !== '') output.write('\n');
      current = '';
    },
  };
}
