import type { Header } from '@sheaf/ethereum';
import type { Hash32, Height } from '@sheaf/primitives';
import type { Heads } from '../domain/lags.ts';
import type { Signal } from './signal.ts';

/** What the leader knows about the chain. Changed by the flows; whoever changes it notifies. */
export interface ChainView {
  sealed: { height: Height; hash: Hash32 };
  /** When the last payload was sealed, by `Clock.elapsed`. */
  sealedAtElapsedMs: number;
  executed: { height: Height; header: Header };
  safe: bigint;
  finalized: bigint;
  /** Why the head is stopped; undefined while all agree. */
  diverged: string | undefined;
  readonly changed: Signal;
}

export function headsOf(view: ChainView): Heads {
  return { sealed: view.sealed.height, executed: view.executed.height, safe: view.safe, finalized: view.finalized };
}
