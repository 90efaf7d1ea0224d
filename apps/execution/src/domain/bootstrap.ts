import type { Header } from '@sheaf/ethereum';
import { ChainError, isChainError, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import type { BucketRange, SnapshotManifest } from '@sheaf/state';
import type { Head } from '../ports.ts';
import { snapshotLimits } from '../snapshot-limits.ts';
import type { SnapshotSource, SnapshotStore, SourceState, SourceStatus } from '../snapshot-ports.ts';
import {
  checkHeaders,
  cover,
  fetchBlock,
  fetchParts,
  fetchTops,
  type FetchWatch,
  type Holder,
} from './fetch-snapshot.ts';

const coordinator = 0;
const everyBucket: BucketRange = { first: 0, end: 256 };

export interface BootstrapOptions {
  /** Which member of how many. */
  member: number;
  members: number;
  buckets: BucketRange;
  genesisHash: Hash32;
  /** A chain that is no higher is followed from genesis. */
  stateHeightsKept: number;
}

export interface BootstrapDependencies {
  store: SnapshotStore;
  /** Who may have the state. */
  sources: readonly SnapshotSource[];
  /** The other members of the own lane, by number. */
  lane: ReadonlyMap<number, SnapshotSource>;
  /** The highest payload. @throws ChainError `UNAVAILABLE`, `DEADLINE` */
  sealed(): Promise<bigint>;
  watch: FetchWatch & {
    /** What is fetched is on the disk from here on. */
    begins(block: Head, resumed: boolean): void;
    /** There is nothing to do but to try again. */
    waits(error: ChainError): void;
  };
  signal: AbortSignal;
  pause(ms: number): Promise<void>;
}

/** Which heights the member can go on from, and who of its lane says which blocks they are. */
interface Bounds {
  least: bigint;
  most: bigint | undefined;
  trusted: SnapshotSource | undefined;
}

type Candidate = Holder & { state: SourceState };

/**
 * Gives a member without a state the one that it can go on from, and says where it came from: it had one (`whole`), it follows from
 * genesis, or it has fetched a `snapshot`. Tries for ever; whatever happens in between, no part of a state is taken for a whole one.
 * @throws ChainError when the signal aborts, and what is no ChainError
 */
export async function bootstrap(
  options: BootstrapOptions,
  deps: BootstrapDependencies,
): Promise<'whole' | 'genesis' | 'snapshot'> {
  const { store, signal } = deps;
  // Who lied is asked again when nobody else is left.
  const liars = new Set<SnapshotSource>();
  const watch: BootstrapDependencies['watch'] = {
    ...deps.watch,
    refused(source, error) {
      if (isChainError(error) && (error.code === 'DATA_LOSS' || error.code === 'INVALID_ARGUMENT')) liars.add(source);
      deps.watch.refused(source, error);
    },
  };
  for (let pauseMs: number = snapshotLimits.retryMsMin; ; pauseMs = Math.min(2 * pauseMs, snapshotLimits.retryMsMax)) {
    if (store.whole()) return 'whole';
    try {
      const bounds = await decide(options, deps);
      if (bounds === 'genesis') {
        if (store.begun() !== undefined) await store.clear();
        return 'genesis';
      }
      await fetchWithin(bounds, options, { ...deps, watch }, liars);
      return 'snapshot';
    } catch (error) {
      if (!isChainError(error) || signal.aborted) throw error;
      deps.watch.waits(error);
      if (error.code === 'UNAVAILABLE') liars.clear();
    }
    await deps.pause(pauseMs);
    if (signal.aborted) throw new ChainError({ code: 'UNAVAILABLE', message: 'the service is stopping' });
  }
}

async function decide(options: BootstrapOptions, deps: BootstrapDependencies): Promise<Bounds | 'genesis'> {
  if (options.member !== coordinator) {
    const leader = deps.lane.get(coordinator)!;
    const { state } = await statusOf(leader, options, deps);
    if (state === undefined) throw unavailable(`the lane's coordinator (${leader.name}) has no state itself yet`);
    if (state.followFrom === 0n) return 'genesis';
    return { least: state.followFrom, most: state.head.height, trusted: leader };
  }
  const others: { source: SnapshotSource; state: SourceState }[] = [];
  for (const source of deps.lane.values()) {
    const { state } = await statusOf(source, options, deps);
    if (state !== undefined) others.push({ source, state });
  }
  // Members that have the state of a block do not execute it again: the coordinator must have it too.
  const [top] = others.sort((a, b) => Number(b.state.head.height - a.state.head.height));
  if (top === undefined) return decideAlone(options, deps);
  const { height } = top.state.head;
  return height === 0n ? 'genesis' : { least: height, most: height, trusted: top.source };
}

/** Of a lane in which nobody has a state. */
async function decideAlone(options: BootstrapOptions, deps: BootstrapDependencies): Promise<Bounds | 'genesis'> {
  const kept = BigInt(options.stateHeightsKept);
  const told = await Promise.allSettled(deps.sources.map((source) => statusOf(source, options, deps)));
  const answered = told.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const states = answered.flatMap(({ state }) => (state === undefined ? [] : [state]));
  if (states.some(({ head }) => head.height > kept)) return { least: 1n, most: undefined, trusted: undefined };
  // Nobody anywhere has a state, or all are near genesis.
  if (states.length > 0 || answered.length === deps.sources.length) return 'genesis';
  const sealed = await deps.sealed();
  if (sealed <= kept) return 'genesis';
  const names = deps.sources.map(({ name }) => name).join(', ');
  throw unavailable(`the chain is at height ${sealed}, and none of ${names} has a state to begin with`);
}

async function fetchWithin(
  bounds: Bounds,
  options: BootstrapOptions,
  deps: BootstrapDependencies,
  liars: ReadonlySet<SnapshotSource>,
): Promise<void> {
  const { store, watch } = deps;
  const { height, group } = choose(await candidates(options, deps, liars), bounds, options, store.begun());
  const { headers, block } = await headersAt(height, group, bounds.trusted, options, deps);
  const { stateRoot } = headers[0]!;
  const whole = options.member === coordinator ? await fetchBlock(group, block, deps) : undefined;
  const begun = store.begun();
  const { first, end } = options.buckets;
  const resumed =
    begun?.height === height &&
    begun.stateRoot === stateRoot &&
    begun.chain === options.genesisHash &&
    begun.buckets.first === first &&
    begun.buckets.end === end;
  if (begun !== undefined && !resumed) await store.clear();
  const manifest: SnapshotManifest = resumed
    ? begun
    : {
        chain: options.genesisHash,
        height,
        stateRoot,
        buckets: options.buckets,
        tops: await fetchTops(group, { block, stateRoot }, deps),
      };
  const load = await store.load(manifest);
  watch.begins(block, resumed);
  await fetchParts(load, block, group, deps);
  try {
    await store.finish(load, { headers, block: whole });
  } catch (error) {
    // What is on the disk is not what was put there: it is of no use.
    if (isChainError(error) && error.code === 'DATA_LOSS') await store.clear();
    throw error;
  }
}

/** Who of all that are known answers, and has a state of this chain. */
async function candidates(
  options: BootstrapOptions,
  deps: BootstrapDependencies,
  liars: ReadonlySet<SnapshotSource>,
): Promise<Candidate[]> {
  const named = new Set(deps.sources.map(({ name }) => name));
  const all = [...deps.sources, ...[...deps.lane.values()].filter(({ name }) => !named.has(name))];
  const found = await Promise.all(
    all
      .filter((source) => !liars.has(source))
      .map(async (source): Promise<Candidate[]> => {
        try {
          const { buckets, state } = await statusOf(source, options, deps);
          return state === undefined ? [] : [{ source, buckets, state }];
        } catch (error) {
          if (!isChainError(error)) throw error;
          deps.watch.refused(source, error);
          return [];
        }
      }),
  );
  return found.flat();
}

/**
 * The height to go for, and all who keep its state: what was begun before any other, then what most of them keep, so that they can be
 * compared, then the highest.
 * @throws ChainError `UNAVAILABLE` when there is none
 */
function choose(
  all: readonly Candidate[],
  { least, most }: Bounds,
  { buckets }: BootstrapOptions,
  begun: SnapshotManifest | undefined,
): { height: Height; group: Candidate[] } {
  const heads = all.map(({ state }) => (most !== undefined && state.head.height > most ? most : state.head.height));
  const [best] = [...new Set<bigint>(begun === undefined ? heads : [begun.height, ...heads])]
    .filter((height) => height >= least && height >= 1n && (most === undefined || height <= most))
    .map((height) => ({
      height: toHeight(height),
      group: all.filter(({ state }) => state.oldest <= height && height <= state.head.height),
    }))
    .filter(({ group }) => cover(group, buckets) && cover(group, everyBucket))
    .sort((a, b) => {
      if (a.height === begun?.height || b.height === begun?.height) return a.height === begun?.height ? -1 : 1;
      return b.group.length - a.group.length || Number(b.height - a.height);
    });
  if (best !== undefined) return best;
  const have = all.map(
    ({ source, buckets: own, state }) =>
      `${source.name} has buckets ${own.first} up to ${own.end} at heights ${state.oldest} to ${state.head.height}`,
  );
  const wanted =
    most === undefined ? `some height` : least === most ? `height ${most}` : `a height of ${least} to ${most}`;
  throw unavailable(`nobody has the state of ${wanted} in all buckets: ${have.join('; ') || 'no member answers'}`);
}

/**
 * Which block is at the height: as a member of the own lane has it, or, when none has any, as all others do.
 * @throws ChainError `CONFLICT` when they disagree
 */
async function headersAt(
  height: Height,
  group: readonly Candidate[],
  trusted: SnapshotSource | undefined,
  { genesisHash }: BootstrapOptions,
  { signal, watch }: BootstrapDependencies,
): Promise<{ headers: Header[]; block: Head }> {
  let first: { headers: Header[]; block: Head; name: string } | undefined;
  for (const source of trusted === undefined ? group.map((one) => one.source) : [trusted]) {
    let headers: Header[];
    let block: Head;
    try {
      headers = await source.headers(height, signal);
      block = checkHeaders(headers, height, genesisHash, source.name);
    } catch (error) {
      if (!isChainError(error) || source === trusted || signal.aborted) throw error;
      watch.refused(source, error);
      continue;
    }
    if (first !== undefined && first.block.hash !== block.hash) {
      const message = `${first.name} has block ${first.block.hash} at height ${height}, ${source.name} has ${block.hash}: only a person can say which is right`;
      throw new ChainError({ code: 'CONFLICT', message });
    }
    first ??= { headers, block, name: source.name };
  }
  if (first === undefined) throw unavailable(`nobody has the headers of height ${height}`);
  return first;
}

/** @throws ChainError `CONFLICT` when it is of another chain */
async function statusOf(
  source: SnapshotSource,
  { genesisHash }: BootstrapOptions,
  { signal }: BootstrapDependencies,
): Promise<SourceStatus> {
  const status = await source.status(signal);
  if (status.genesisHash === genesisHash) return status;
  const message = `${source.name} has the chain with genesis ${status.genesisHash}, this is ${genesisHash}`;
  throw new ChainError({ code: 'CONFLICT', message });
}

function unavailable(message: string): ChainError {
  return new ChainError({ code: 'UNAVAILABLE', message });
}
