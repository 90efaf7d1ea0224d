// Who runs which position. Whatever comes out is right; the better it is guessed, the fewer runs are in vain.
import { bytesToHex, hexToBytes, type Address } from '@sheaf/primitives';
import { ByteMap } from '@sheaf/state';
import type { BlockTask } from '@sheaf/state-transition';
import { addressesIn } from './addresses-in.ts';
import { coordinator } from './coordinator.ts';
import type { Owners } from './owners.ts';
import { skim } from './skim.ts';
import type { Step } from './steps.ts';

/** Of ERC-20: it writes what the caller and who is named in the arguments have, and nothing that others do. */
const ofParties = new Map([
  [0xa9059cbb, 1],
  [0x23b872dd, 2],
  [0x095ea7b3, 1],
]);

/** Part of a group's gas that it may wait longer on the owner of what it calls than elsewhere. */
const ownerShare = 0.3;
/** Of the coordinator's other work, as much as a group of more than half of a block is taken to wait for: less than `ownerShare`, or a hot contract's calls would leave their owner. */
const waitedShareMax = 0.25;
const transferGas = 21_000;
/** What a call is taken to need when nobody knows: gas limits are often far above. */
const callGasMax = 150_000;

export interface PlacementInput {
  task: BlockTask;
  steps: readonly Step[];
  /** Of each transaction; `undefined`: it has no valid signature. */
  senders: readonly (Address | undefined)[];
  members: number;
  owners: Owners;
  /** Contracts whose calls have met although they named nobody in common. */
  serial: ReadonlySet<string>;
  /** Part of all gas that the coordinator is taken to spend beside its transactions. */
  coordinatorShare: number;
}

/** The member of each position. A small block is the coordinator's. */
export function place(input: PlacementInput): Uint8Array {
  const { task, steps, senders, members, owners, serial, coordinatorShare } = input;
  const placed = new Uint8Array(steps.length);
  if (members === 1) return placed;
  const groups = new Groups(steps.length);
  const gas = new Float64Array(steps.length);
  /** By position, whose owner it had best run on. */
  const preferred = new Array<Uint8Array | undefined>(steps.length).fill(undefined);
  let total = 0;
  for (let position = 0; position < steps.length; position++) {
    const step = steps[position]!;
    if (step.kind !== 'transaction') continue;
    const name = senders[step.index];
    const seen = name === undefined ? undefined : skim(task.transactions[step.index]!);
    if (name === undefined || seen === undefined) continue;
    const sender = hexToBytes(name);
    groups.join(position, sender);
    const { to, selector, data, gasLimit } = seen;
    const calls = to === undefined || data.length > 0;
    gas[position] = calls ? Math.min(gasLimit, callGasMax) : transferGas;
    total += gas[position]!;
    preferred[position] = to !== undefined && calls ? to : sender;
    if (to === undefined || data.length === 0) continue;
    const parties = ofParties.get(selector);
    if (parties === undefined || data.length < 4 + 32 * parties) {
      const named = serial.size > 0 && serial.has(bytesToHex(to)) ? [] : addressesIn(data);
      // Calls that name nobody, or that have been found to meet all the same, go together.
      if (named.length === 0) groups.join(position, to);
      for (const address of named) groups.join(position, to, address);
      if (named[0] !== undefined) preferred[position] = named[0];
      continue;
    }
    if (parties === 1) groups.join(position, to, sender);
    for (let argument = 0; argument < parties; argument++) {
      const from = 4 + 32 * argument + 12;
      groups.join(position, to, data.subarray(from, from + 20));
    }
  }
  const loads = new Float64Array(members);
  loads[0] = total * coordinatorShare;
  const target = (total + loads[0]) / members;
  const unwaited = total * Math.max(0, coordinatorShare - waitedShareMax);
  const byGroup = groups.all(gas).filter((group) => group.gas > 0);
  const hosts = owners.ofAll(byGroup.map(({ positions }) => preferred[positions[0]!]!));
  for (const [at, { positions, gas: needed }] of byGroup.entries()) {
    const owner = hosts[at]!;
    let member = 0;
    for (let other = 1; other < members; other++) if (loads[other]! < loads[member]!) member = other;
    // What is at hand is worth some imbalance, where a group is too large for anybody.
    const longer = loads[owner]! - (owner === coordinator && needed > total / 2 ? unwaited : 0) - loads[member]!;
    if (loads[owner]! + needed <= target || longer < needed * ownerShare) member = owner;
    loads[member]! += needed;
    for (const position of positions) placed[position] = member;
  }
  return placed;
}

const nobody: Uint8Array = new Uint8Array(20);

/** Positions that are to run on one member, by the names that they share. */
class Groups {
  readonly #parents: Int32Array;
  /** By two addresses, the second one zero for what one alone names. */
  readonly #first = new ByteMap<number>(40, 1_024);
  readonly #name = new Uint8Array(40);

  constructor(count: number) {
    this.#parents = Int32Array.from({ length: count }, (_, position) => position);
  }

  /** With all that have been given the same name: an address, or what an address is to another one. */
  join(position: number, address: Uint8Array, of = nobody): void {
    const name = this.#name;
    for (let i = 0; i < 20; i++) {
      name[i] = address[i]!;
      name[20 + i] = of[i]!;
    }
    const other = this.#first.get(name);
    if (other === undefined) this.#first.set(name, position);
    else this.#parents[this.#find(position)] = this.#find(other);
  }

  /** The largest first. */
  all(gas: Float64Array): { positions: number[]; gas: number }[] {
    const groups = new Map<number, { positions: number[]; gas: number }>();
    for (let position = 0; position < this.#parents.length; position++) {
      const root = this.#find(position);
      let group = groups.get(root);
      if (group === undefined) groups.set(root, (group = { positions: [], gas: 0 }));
      group.positions.push(position);
      group.gas += gas[position]!;
    }
    return [...groups.values()].sort((a, b) => b.gas - a.gas || a.positions[0]! - b.positions[0]!);
  }

  #find(position: number): number {
    const parents = this.#parents;
    let root = position;
    while (parents[root] !== root) root = parents[root]!;
    for (let at = position; at !== root;) {
      const next = parents[at]!;
      parents[at] = root;
      at = next;
    }
    return root;
  }
}

/** Puts groups of positions that run again on members: each where most of it ran before, unless that one has too much. */
export function placeAgain(
  groups: readonly (readonly number[])[],
  gasOf: (position: number) => number,
  before: (position: number) => number,
  members: number,
): Map<number, number> {
  const sized = groups.map((positions) => ({
    positions,
    gas: positions.reduce((sum, position) => sum + gasOf(position), 0),
  }));
  sized.sort((a, b) => b.gas - a.gas || a.positions[0]! - b.positions[0]!);
  const total = sized.reduce((sum, { gas }) => sum + gas, 0);
  const loads = new Float64Array(members);
  const placed = new Map<number, number>();
  for (const { positions, gas } of sized) {
    const shares = new Float64Array(members);
    for (const position of positions) shares[before(position)]! += gasOf(position);
    let member = shares.indexOf(Math.max(...shares));
    if (loads[member]! + gas > total / members) member = loads.indexOf(Math.min(...loads));
    loads[member]! += gas;
    for (const position of positions) placed.set(position, member);
  }
  return placed;
}
