import { notHere, type HostAccount } from '@sheaf/evm';
import { equalBytes, pooledCopy } from '@sheaf/primitives';
import { ByteMap, emptyCodeHashBytes, isEmptyCode } from '@sheaf/state';
import { Credits } from './credits.ts';
import type { Owners } from './owners.ts';
import type { AccountAccess, SlotAccess } from './position-run.ts';
import {
  countBelow,
  dropForeign,
  latestBelow,
  noVersions,
  type CodeVersion,
  type NonceVersion,
  type SlotVersion,
} from './versions.ts';

/** What members know of each other's part in a key, in the first round. */
export interface Sharing {
  /** At its owner: another member has got it from here. */
  given: boolean;
  /** At another member: the owner itself has told of it, and knows that it is here. */
  told: boolean;
  /** What this member's runs did with it, when they have been summed up; until then 0. */
  touched: number;
  /** At another member: what the owner's runs had done with it when it told of it, if they had been summed up. */
  ownerTouched: number;
}

/** A slot that some transaction here looked at, or another member told of. */
export interface SlotCell extends Sharing {
  /** 32 bytes. */
  slot: Uint8Array;
  /** Before the block: `undefined` while it is not known, `null` for zero. */
  base: Uint8Array | null | undefined;
  versions: SlotVersion[];
  /** The last round in which all other members' versions of it are here. */
  complete: number;
  /** Members that have not answered yet, while it is asked for. */
  awaited: number;
  /** The last access to it, of any position. */
  latest: SlotAccess | undefined;
  /** The last round in which it is in its account's `slotsTouched`: what is below is of that round. */
  touchedIn: number;
  /** The last position that asked for what it was before the block; -1: none. */
  asked: number;
  /** The last position that wrote it; -1: none. */
  written: number;
  /** What that left there. */
  left: Uint8Array | undefined;
}

/** An account that some transaction here looked at, or another member told of. */
export interface AccountCell extends Sharing {
  address: Uint8Array;
  owner: number;
  /** Before the block: `undefined` while it is not known, `null` when there is none. */
  base: HostAccount | null | undefined;
  codes: CodeVersion[];
  nonces: NonceVersion[];
  credits: Credits;
  slots: ByteMap<SlotCell> | undefined;
  complete: number;
  awaited: number;
  /** The last access to it, of any position. */
  latest: AccountAccess | undefined;
  /** The last round in which runs that count touched it, or another member said so. */
  touchedIn: number;
  /** Slots that they asked for or wrote. */
  slotsTouched: SlotCell[];
}

/** Of an account of which no slot was touched; whoever adds goes on with another list. */
export const noSlots: never[] = [];

const zero = 0n;

/**
 * Multi-version memory of one member for one block: for each key what was before the block, and what each transaction
 * left that has run here or that another member told of.
 */
export class VersionedMemory {
  #cells = new ByteMap<AccountCell>(20, 256);
  #codeOwners = new ByteMap<AccountCell>(32);
  readonly #owners: Owners;

  constructor(owners: Owners) {
    this.#owners = owners;
  }

  /** Whether one member owns everything. */
  get alone(): boolean {
    return this.#owners.alone;
  }

  /** The cell of the account, made when there is none. */
  cell(address: Uint8Array): AccountCell {
    return this.#cells.get(address) ?? this.#make(address, this.#owners.of(address));
  }

  /** Makes the cells of all of them: that takes less than to make one after the other. */
  expect(addresses: readonly Uint8Array[]): void {
    const fresh = addresses.filter((address) => this.#cells.get(address) === undefined);
    const owners = this.#owners.ofAll(fresh);
    fresh.forEach((address, at) => {
      if (this.#cells.get(address) === undefined) this.#make(address, owners[at]!);
    });
  }

  #make(address: Uint8Array, owner: number): AccountCell {
    const copy = pooledCopy(address);
    const cell: AccountCell = {
      address: copy,
      owner,
      base: undefined,
      codes: noVersions,
      nonces: noVersions,
      credits: new Credits(),
      slots: undefined,
      complete: 0,
      awaited: 0,
      latest: undefined,
      given: false,
      told: false,
      touched: 0,
      ownerTouched: 0,
      touchedIn: 0,
      slotsTouched: noSlots,
    };
    this.#cells.set(copy, cell);
    return cell;
  }

  cells(): readonly AccountCell[] {
    return this.#cells.values();
  }

  /** What the account was before the block. */
  setBase(cell: AccountCell, base: HostAccount | null): void {
    cell.base = base;
    if (base !== null && !isEmptyCode(base.codeHash)) this.#codeOwners.set(base.codeHash, cell);
  }

  /** An account that had the code before the block. */
  codeOwner(codeHash: Uint8Array): AccountCell | undefined {
    return this.#codeOwners.get(codeHash);
  }

  /** Afterwards nothing is here. */
  forget(): void {
    this.#cells = new ByteMap<AccountCell>(20);
    this.#codeOwners = new ByteMap<AccountCell>(32);
  }

  /** Afterwards no version of another member is here. */
  forgetForeign(): void {
    for (const cell of this.#cells.values()) {
      dropForeign(cell.codes);
      dropForeign(cell.nonces);
      cell.credits.dropForeign();
      cell.awaited = 0;
      for (const slot of cell.slots?.values() ?? []) {
        dropForeign(slot.versions);
        slot.awaited = 0;
      }
    }
  }
}

/** The slot's cell, made when there is none. */
export function slotCell(cell: AccountCell, slot: Uint8Array): SlotCell {
  cell.slots ??= new ByteMap<SlotCell>(32, 4);
  const known = cell.slots.get(slot);
  if (known !== undefined) return known;
  const made: SlotCell = {
    slot: pooledCopy(slot),
    base: undefined,
    versions: noVersions,
    complete: 0,
    awaited: 0,
    latest: undefined,
    given: false,
    told: false,
    touched: 0,
    ownerTouched: 0,
    touchedIn: 0,
    asked: -1,
    written: -1,
    left: undefined,
  };
  cell.slots.set(slot, made);
  return made;
}

/** The account as the position finds it. Its base is known. */
export function accountAt(cell: AccountCell, position: number): HostAccount | undefined {
  const { base, codes, nonces, credits } = cell;
  const nonce = nonces.length === 0 ? undefined : latestBelow(nonces, position);
  const credited = credits.countBelow(position);
  const code = codes.length === 0 ? undefined : latestBelow(codes, position);
  if (nonce === undefined && credited === 0 && code === undefined) return base ?? undefined;
  const account = {
    nonce: nonce?.nonce ?? base?.nonce ?? zero,
    balance: (base?.balance ?? zero) + credits.sum(credited),
    codeHash: code?.codeHash ?? base?.codeHash ?? emptyCodeHashBytes,
    hasStorage: base?.hasStorage === true && lastWipe(codes, position) < 0,
  };
  const empty = account.nonce === zero && account.balance === zero && equalBytes(account.codeHash, emptyCodeHashBytes);
  return empty ? undefined : account;
}

/** The position below `position` that last did away with the storage of before; -1: none. */
export function lastWipe(codes: readonly CodeVersion[], position: number): number {
  for (let at = countBelow(codes, position) - 1; at >= 0; at--) if (codes[at]!.wipes) return codes[at]!.position;
  return -1;
}

/**
 * The slot as the position finds it: `undefined` is zero, `notHere` when that depends on what was before the block and
 * nobody has said yet. The account's base is known.
 */
export function slotAt(
  cell: AccountCell,
  slot: SlotCell | undefined,
  position: number,
): Uint8Array | undefined | typeof notHere {
  const wipe = cell.codes.length === 0 ? -1 : lastWipe(cell.codes, position);
  const version = slot === undefined ? undefined : latestBelow(slot.versions, position);
  if (version !== undefined && version.position >= wipe) return version.value;
  if (wipe >= 0 || cell.base?.hasStorage !== true) return undefined;
  if (slot?.base === undefined) return notHere;
  return slot.base ?? undefined;
}
