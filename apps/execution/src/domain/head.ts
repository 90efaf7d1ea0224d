import type { Head } from '../ports.ts';

/** The executed head, and a way to wait for it to move. */
export interface HeadWatch {
  current(): Head;
  advance(head: Head): void;
  /** Told after every advance. */
  onAdvance(look: (height: bigint) => void): void;
  /** Resolves when the head is at `height` or above, or the signal aborts. */
  reached(height: bigint, signal: AbortSignal): Promise<void>;
}

export function watchHead(start: Head): HeadWatch {
  let head = start;
  const waiting = new Set<() => void>();
  const looking: ((height: bigint) => void)[] = [];
  return {
    current: () => head,
    advance(next) {
      head = next;
      for (const look of [...waiting]) look();
      for (const look of looking) look(head.height);
    },
    onAdvance: (look) => void looking.push(look),
    reached(height, signal) {
      return new Promise((resolve) => {
        const look = () => {
          if (head.height < height && !signal.aborted) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve();
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      });
    },
  };
}
