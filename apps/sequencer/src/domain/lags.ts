import { refuse, type Refusal } from './reasons.ts';

/** The heights that the leader knows. */
export interface Heads {
  readonly sealed: bigint;
  readonly executed: bigint;
  readonly safe: bigint;
  readonly finalized: bigint;
}

/** How far `latest` may run ahead, in payloads. */
export interface LagBounds {
  readonly safeLagMax: bigint;
  readonly finalizedLagMax: bigint;
}

/** What admission is told to answer when it refuses for lag: a few batches' time. */
const retryAfterMs = 1_000;

/** The refusal while a head is too far behind; undefined within the bounds. The next payload would be `sealed + 1`. */
export function refuseLag(heads: Heads, bounds: LagBounds): Refusal | undefined {
  const safeLag = heads.sealed - heads.safe;
  const finalizedLag = heads.sealed - heads.finalized;
  if (safeLag >= bounds.safeLagMax) {
    const message = `the chain is lagging: ${safeLag} payloads wait for data availability, at most ${bounds.safeLagMax}`;
    return refuse('LAGGING', message, retryAfterMs);
  }
  if (finalizedLag >= bounds.finalizedLagMax) {
    const message = `the chain is lagging: ${finalizedLag} blocks wait for finality, at most ${bounds.finalizedLagMax}`;
    return refuse('LAGGING', message, retryAfterMs);
  }
  return undefined;
}
