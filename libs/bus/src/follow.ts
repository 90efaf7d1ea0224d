import { isChainError } from '@sheaf/primitives';
import { pause } from '@sheaf/service';
import type { Logger } from 'pino';
import type { Bus, BusSubscription, Topic } from './bus.ts';
import { doubling } from './doubling.ts';

/** Settings of a follower. */
export interface FollowOptions {
  topic: Topic;
  /** The first height wanted. */
  next: bigint;
  /** How often the truth is asked when the bus is silent. Default 1000. */
  pollMs?: number;
  /** Waits between tries of a failed fetch, head or apply: doubling from `min` to `max`. Default 50 … 2000. */
  retryMs?: { min: number; max: number };
}

/** What a follower of single heights needs. */
export interface FollowDeps<T> {
  bus: Bus;
  log: Logger;
  /** Reads an announcement. `value` undefined: it must be fetched. A throw is logged and the announcement ignored. */
  decode(body: Uint8Array): { height: bigint; value: T | undefined };
  /** The truth at a height. Any failure is tried again, `NOT_FOUND` and `UNAVAILABLE` quietly. */
  fetch(height: bigint): Promise<T>;
  /** The highest height that `fetch` can answer. */
  head(): Promise<bigint>;
  /** Must be idempotent at a height: after a throw it is called again, with a freshly fetched value. */
  apply(height: bigint, value: T): Promise<void>;
}

/** Something that covers the heights first … last. */
export interface HeightRange<T> {
  first: bigint;
  last: bigint;
  value: T;
}

/** What a follower of ranges needs. */
export interface FollowRangesDeps<T> {
  bus: Bus;
  log: Logger;
  /** Reads an announcement. `value` undefined: it must be fetched. A throw is logged and the announcement ignored. */
  decode(body: Uint8Array): { first: bigint; last: bigint; value: T | undefined };
  /** The range that covers the height; undefined (or `NOT_FOUND`) while there is none. */
  fetch(height: bigint): Promise<HeightRange<T> | undefined>;
  /** The highest height covered. Without it every poll asks `fetch` for the next height. */
  head?(): Promise<bigint>;
  /** Must be idempotent. `first` is below the wanted height when following started in the middle of a range. */
  apply(first: bigint, last: bigint, value: T): Promise<void>;
}

/** A running follower. */
export interface Follower {
  /** Resolves when following has begun; never fails because a peer is away. */
  start(): Promise<void>;
  /** Afterwards nothing is applied any more; a running `apply` has ended. A running fetch is abandoned. */
  stop(): Promise<void>;
  /** The next height to be applied. */
  next(): bigint;
  /** Heights known to exist and not yet applied. */
  lag(): bigint;
  /** Ask for the head now instead of at the next poll. */
  wake(): void;
}

/** Announced values kept until it is their turn; what comes on top is fetched instead. */
const earlyValuesMax = 64;
const pollMsDefault = 1_000;
const retryMsDefault = { min: 50, max: 2_000 };

/**
 * Follows something that has heights: applies every height from `next` on exactly once and in order. Announcements only wake it up or save a
 * fetch; gaps, lost streams, duplicates and restarts are healed by `head` and `fetch`.
 * (Exactly once as seen by one process; after a restart the caller begins at what it has made durable.)
 */
export function follow<T>(options: FollowOptions, deps: FollowDeps<T>): Follower {
  return followRanges(options, {
    bus: deps.bus,
    log: deps.log,
    decode(body) {
      const { height, value } = deps.decode(body);
      return { first: height, last: height, value };
    },
    fetch: async (height) => ({ first: height, last: height, value: await deps.fetch(height) }),
    head: () => deps.head(),
    apply: (height, _last, value) => deps.apply(height, value),
  });
}

/** As `follow`, for things that each cover a range of heights, such as certificates: every height is covered exactly once, in order. */
export function followRanges<T>(options: FollowOptions, deps: FollowRangesDeps<T>): Follower {
  const stopping = new AbortController();
  const state: State<T> = {
    next: options.next,
    known: options.next - 1n,
    early: new Map(),
    ask: false,
    news: false,
    poke: () => undefined,
  };
  let subscription: BusSubscription | undefined;
  let running: Promise<void> | undefined;

  function onAnnouncement(body: Uint8Array): void {
    let announced: ReturnType<typeof deps.decode>;
    try {
      announced = deps.decode(body);
    } catch (error) {
      deps.log.warn({ err: error, topic: options.topic }, 'an announcement could not be read; ignored');
      return;
    }
    keepEarly(state, announced);
    state.news = true;
    state.poke();
  }

  return {
    async start() {
      if (running) return;
      running = followLoop(options, deps, state, stopping.signal);
      try {
        subscription = await deps.bus.subscribe(options.topic, ({ body }) => onAnnouncement(body), {
          onGap: () => wake(state),
        });
      } catch (error) {
        deps.log.warn({ err: error, topic: options.topic }, 'announcements cannot be received; polling alone');
      }
      if (stopping.signal.aborted) await subscription?.stop();
    },
    async stop() {
      stopping.abort();
      await Promise.all([subscription?.stop(), running]);
    },
    next: () => state.next,
    lag: () => (state.known >= state.next ? state.known - state.next + 1n : 0n),
    wake: () => wake(state),
  };
}

interface State<T> {
  next: bigint;
  /** The highest height known to exist. */
  known: bigint;
  /** Announced before their turn, by first height. */
  early: Map<bigint, HeightRange<T>>;
  /** Ends the loop's wait. */
  poke: () => void;
  /** The head must be asked although a poll is not due. */
  ask: boolean;
  /** Something was announced since the loop last looked. */
  news: boolean;
}

function wake<T>(state: State<T>): void {
  state.ask = true;
  state.poke();
}

function keepEarly<T>(state: State<T>, { first, last, value }: { first: bigint; last: bigint; value: T | undefined }) {
  if (last < state.next || first > last) return;
  if (last > state.known) state.known = last;
  if (value !== undefined && state.early.size < earlyValuesMax) state.early.set(first, { first, last, value });
}

/** The early value that covers the next height; those that lie behind are forgotten. */
function takeEarly<T>(state: State<T>): HeightRange<T> | undefined {
  let taken: HeightRange<T> | undefined;
  for (const [first, range] of state.early) {
    if (range.last < state.next) state.early.delete(first);
    else if (first <= state.next) {
      state.early.delete(first);
      taken ??= range;
    }
  }
  return taken;
}

async function followLoop<T>(
  options: FollowOptions,
  deps: FollowRangesDeps<T>,
  state: State<T>,
  stop: AbortSignal,
): Promise<void> {
  const waits = doubling(options.retryMs ?? retryMsDefault);
  const pollMs = options.pollMs ?? pollMsDefault;
  // The first turn asks too: what happened before we came is not announced again.
  let pollAt = 0;
  let failures = 0;
  while (!stop.aborted) {
    try {
      state.news = false;
      const polling = state.ask || performance.now() >= pollAt;
      if (polling) {
        state.ask = false;
        pollAt = performance.now() + pollMs;
        await askHead(deps, state, stop);
      }
      const outcome = await advance(deps, state, stop, polling && !deps.head);
      if (outcome === 'applied') {
        failures = 0;
        waits.reset();
        // Without a head, more may lie behind what a poll found.
        if (polling && !deps.head) state.ask = true;
      } else if (outcome === 'idle') {
        await waitForNews(state, Math.max(0, pollAt - performance.now()), stop);
      } else {
        // Announced, but not there: the head decides what exists.
        state.known = state.next - 1n;
        await pause(waits.next(), stop);
        state.ask = true;
      }
    } catch (error) {
      report(deps.log, options.topic, state.next, error, ++failures);
      await pause(waits.next(), stop);
    }
  }
}

async function askHead<T>(deps: FollowRangesDeps<T>, state: State<T>, stop: AbortSignal): Promise<void> {
  if (!deps.head) return;
  const head = await unlessStopped(deps.head(), stop);
  if (head !== undefined && head > state.known) state.known = head;
}

/** Applies what covers the next height. `idle`: nothing is known to exist. `missing`: it should exist and could not be had. */
async function advance<T>(
  deps: FollowRangesDeps<T>,
  state: State<T>,
  stop: AbortSignal,
  probing: boolean,
): Promise<'applied' | 'idle' | 'missing'> {
  const known = state.known >= state.next;
  const range = takeEarly(state) ?? (known || probing ? await fetchNext(deps, state, stop) : undefined);
  if (stop.aborted) return 'idle';
  if (!range) return known ? 'missing' : 'idle';
  await deps.apply(range.first, range.last, range.value);
  state.next = range.last + 1n;
  if (state.known < range.last) state.known = range.last;
  return 'applied';
}

async function fetchNext<T>(deps: FollowRangesDeps<T>, state: State<T>, stop: AbortSignal) {
  const fetched = await unlessStopped(deps.fetch(state.next), stop).catch((error: unknown) => {
    if (isChainError(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
  if (fetched && (fetched.first > state.next || fetched.last < state.next)) {
    throw new Error(`asked for height ${state.next}, got ${fetched.first} to ${fetched.last}`);
  }
  return fetched;
}

/** The promise's outcome; undefined as soon as `stop` is aborted, whatever becomes of the promise. */
function unlessStopped<V>(promise: Promise<V>, stop: AbortSignal): Promise<V | undefined> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => resolve(undefined);
    if (stop.aborted) abandon();
    stop.addEventListener('abort', abandon);
    promise.then(resolve, reject).finally(() => stop.removeEventListener('abort', abandon));
  });
}

function waitForNews<T>(state: State<T>, ms: number, stop: AbortSignal): Promise<void> {
  if (state.ask || state.news || stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      state.poke = () => undefined;
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    stop.addEventListener('abort', done);
    state.poke = done;
  });
}

/** An absent peer is told once, and again rarely; anything else is told every time. */
function report(log: Logger, topic: Topic, height: bigint, error: unknown, failures: number): void {
  const expected =
    isChainError(error, 'UNAVAILABLE') || isChainError(error, 'NOT_FOUND') || isChainError(error, 'DEADLINE');
  if (!expected) log.error({ err: error, topic, height }, 'following failed; trying again');
  else if (failures === 1 || failures % 100 === 0) log.warn({ err: error, topic, height, failures }, 'following waits');
}
