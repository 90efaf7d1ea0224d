/** When to seal. */
export interface SealTiming {
  /** Least time between two payloads, milliseconds. */
  readonly sealIntervalMs: number;
  /** An idle chain makes a payload this long after the last, milliseconds. */
  readonly heartbeatMs: number;
}

/** What is known at one instant. */
export interface SealMoment {
  /** The block of the last sealed payload is executed. */
  readonly headExecuted: boolean;
  /** A waiting transaction pays the next base fee. */
  readonly executableWork: boolean;
  /** A lag bound is reached, or the heads diverged. */
  readonly held: boolean;
  /** Milliseconds since the last seal. */
  readonly sinceSealMs: number;
}

/** Seal now with what there is, wait so many milliseconds, or wait for an event. */
export type SealDecision =
  { readonly kind: 'seal'; readonly heartbeat: boolean } | { readonly kind: 'wait'; readonly ms: number | undefined };

/** Sealing is never more than one payload ahead of execution, because the base fee needs the gas used of the block before. */
export function decideSeal(moment: SealMoment, timing: SealTiming): SealDecision {
  if (!moment.headExecuted || moment.held) return { kind: 'wait', ms: undefined };
  const heartbeatInMs = timing.heartbeatMs - moment.sinceSealMs;
  if (heartbeatInMs <= 0) return { kind: 'seal', heartbeat: true };
  if (!moment.executableWork) return { kind: 'wait', ms: heartbeatInMs };
  const readyInMs = timing.sealIntervalMs - moment.sinceSealMs;
  return readyInMs <= 0 ? { kind: 'seal', heartbeat: false } : { kind: 'wait', ms: readyInMs };
}
