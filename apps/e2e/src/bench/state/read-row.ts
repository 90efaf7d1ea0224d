import { notHere } from '@sheaf/evm';
import { toHeight } from '@sheaf/primitives';
import type { AccountChange, PartitionState } from '@sheaf/state';
import { keccak256 } from '@sheaf/trie';
import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../../random.ts';
import { ownClock, type ClockKind } from '../clock.ts';
import { BenchFault } from '../suite.ts';
import { addressOf } from './accounts.ts';
import type { Figure } from './figure.ts';
import type { Sizes } from './scale.ts';
import type { LoadedStore } from './stores.ts';
import { pickDistinct } from './transfer-block.ts';
import { settle, withState } from './with-state.ts';

const warmUsMax = 2;
const coldUsMax = 10;
/** Different keys that warm reads go round in, and slots that one commit sets. */
const warmKeys = 1_000;
const slotsPerCommit = 10_000;

type Read = (state: PartitionState) => unknown;

/**
 * Reads as the EVM host makes them. Warm: each key was asked for before. Cold: every key for the first time, after the
 * store was opened anew, so that no cache of ours and no page of its map has it; the file is in the system's cache.
 */
export async function measureReads(
  store: LoadedStore,
  sizes: Sizes,
  runs: number,
  clock: ClockKind,
  progress: (sentence: string) => void,
): Promise<Figure[]> {
  progress('read: setting slots');
  const { contracts, slotsPerContract, reads } = sizes;
  await setSlots(store, contracts, slotsPerContract);
  progress('read: accounts and slots, warm and cold');
  const random = seededRandom(0x4ead);
  const samples = { accountWarm: [], accountCold: [], slotWarm: [], slotCold: [] } as Record<string, number[]>;
  const readClock = ownClock(clock);
  /** Microseconds a read. */
  const time = (state: PartitionState, work: readonly Read[], rounds: number): number => {
    const startedNs = readClock();
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < work.length; i++) {
        const answer = work[i]!(state);
        if (answer === undefined || answer === notHere) throw new BenchFault('a read found nothing where something is');
      }
    }
    return (readClock() - startedNs) / 1e3 / (work.length * rounds);
  };
  // One run more, the first, in which V8 compiles.
  for (let run = -1; run < runs; run++) {
    const accounts = pickDistinct(store.accounts, reads, random).map((number): Read => {
      const address = addressOf(number);
      return (state) => state.account(address);
    });
    const slots = pickDistinct(contracts * slotsPerContract, Math.min(reads, contracts * slotsPerContract), random).map(
      (number): Read => {
        const address = contractOf(number % contracts);
        const slot = slotOf(Math.floor(number / contracts));
        return (state) => state.storage(address, slot);
      },
    );
    const { cold, warm } = await withState(store.dataDir, (state) => ({
      cold: { account: time(state, accounts, 1), slot: time(state, slots, 1) },
      warm: {
        account: time(state, accounts.slice(0, warmKeys), Math.ceil(reads / warmKeys)),
        slot: time(state, slots.slice(0, warmKeys), Math.ceil(reads / warmKeys)),
      },
    }));
    await setImmediate();
    if (run < 0) continue;
    samples['accountWarm']!.push(warm.account);
    samples['accountCold']!.push(cold.account);
    samples['slotWarm']!.push(warm.slot);
    samples['slotCold']!.push(cold.slot);
  }
  const figure = (what: string, name: string, below?: number): Figure => ({
    row: 'read',
    what,
    samples: samples[name]!,
    ...(below !== undefined && { bar: { below } }),
  });
  return [
    figure('account, warm, us', 'accountWarm', warmUsMax),
    figure('account, cold, us', 'accountCold', coldUsMax),
    figure('slot, warm, us', 'slotWarm'),
    figure('slot, cold, us', 'slotCold'),
  ];
}

/** Gives the contracts their slots, block by block, and leaves nothing to be carried over. */
function setSlots({ dataDir }: LoadedStore, contracts: number, each: number): Promise<void> {
  return withState(dataDir, async (state) => {
    for (let contract = 0; contract < contracts; contract++) {
      for (let from = 0; from < each; from += slotsPerCommit) {
        const change = changeOf(contract, from, Math.min(each, from + slotsPerCommit));
        const height = toHeight((state.head() ?? 0n) + 1n);
        state.commit(state.prepare({ accounts: [change], codes: new Map() }), { height });
        await settle(state);
      }
    }
    await settle(state, { idle: true });
  });
}

function changeOf(contract: number, from: number, to: number): AccountChange {
  return {
    address: contractOf(contract),
    account: { nonce: 1n, balance: 0n, codeHash: keccak256(Uint8Array.of(contract)) },
    storageWiped: false,
    slots: Array.from({ length: to - from }, (_, i) => ({
      slot: slotOf(from + i),
      value: slotOf(from + i + 1),
    })),
  };
}

function contractOf(number: number): Uint8Array {
  return new Uint8Array(20).fill(0xc0, 0, 4).fill(number + 1, 19);
}

/** 32 bytes of the number. */
function slotOf(number: number): Uint8Array {
  const slot = new Uint8Array(32);
  new DataView(slot.buffer).setUint32(28, number);
  return slot;
}
