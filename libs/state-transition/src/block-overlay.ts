import { MissingState, notHere, type Host, type HostAccount, type TransactionEffects } from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, equalBytes, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import {
  ByteMap,
  emptyCodeHashBytes,
  type AccountAccess,
  type AccountChange,
  type BlockChanges,
  type StateReader,
} from '@sheaf/state';

/** Says the hash of an ancestor block; see `Host.blockHash`. */
export type BlockHashSource = Host['blockHash'];

/** An account that was asked for. */
interface Entry {
  before: HostAccount | undefined;
  now: HostAccount | undefined;
  /** Whether anything may have changed it. */
  changed: boolean;
  /** Its slots of before the block are gone. */
  wiped: boolean;
  slots: ByteMap<Slot> | undefined;
}

/** 32 bytes each. */
interface Slot {
  before: Uint8Array;
  now: Uint8Array;
}

const zero = new Uint8Array(32);

/**
 * The state of one block in the making: what its transactions left, over the state before it. Everything is read from
 * the state before once.
 *
 * A transfer between accounts new to the block costs it 3 us, most of it for their entries. Hence keys by bytes, and
 * nothing done in advance for an account that is only read.
 */
export class BlockOverlay implements Host {
  readonly #state: StateReader;
  readonly #blockHash: BlockHashSource;
  readonly #entries = new ByteMap<Entry>(20, 64);
  readonly #codes = new ByteMap<Uint8Array>(32);

  /** Without `blockHash` no ancestor has a hash. */
  constructor(state: StateReader, blockHash: BlockHashSource = () => undefined) {
    this.#state = state;
    this.#blockHash = blockHash;
  }

  account(address: Uint8Array): HostAccount | undefined | typeof notHere {
    const entry = this.#entry(address);
    return entry === notHere ? notHere : entry.now;
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    const entry = this.#entry(address);
    if (entry === notHere) return notHere;
    const known = entry.slots?.get(slot);
    if (known !== undefined) return known.now === zero ? undefined : known.now;
    if (entry.wiped || entry.before?.hasStorage !== true) return undefined;
    const value = this.#state.storage(address, slot);
    if (value !== notHere) setSlot(entry, slot, { before: value ?? zero, now: value ?? zero });
    return value;
  }

  code(codeHash: Uint8Array): Uint8Array | typeof notHere {
    const known = this.#codes.get(codeHash);
    if (known !== undefined) return known;
    const code = this.#state.code(codeHash);
    if (code !== notHere) this.#codes.set(codeHash, code);
    return code;
  }

  blockHash(number: bigint): Uint8Array | undefined | typeof notHere {
    return this.#blockHash(number);
  }

  /** Afterwards the transaction has happened: it must have run on this overlay as it is now. */
  apply(effects: TransactionEffects): void {
    for (const { address, before, after, code, created } of effects.accounts) {
      let entry = this.#entries.get(address);
      if (entry === undefined) this.#entries.set(address, (entry = newEntry(before)));
      entry.changed = true;
      if (created || (after === undefined && entry.now !== undefined)) wipe(entry);
      if (after === undefined) {
        entry.now = undefined;
      } else {
        const { nonce, balance, codeHash } = after;
        // An account that got slots in this block has code or a nonce, so nothing is created in its place: whether it
        // still has any makes no difference.
        const hasStorage = !entry.wiped && entry.before?.hasStorage === true;
        entry.now = { nonce, balance, codeHash, hasStorage };
        if (code !== undefined) this.#codes.set(codeHash, code);
      }
    }
    for (const { address, slot, after } of effects.slots) this.#applySlot(address, slot, after);
  }

  /** EIP-4895: afterwards the account has so much more, and is none if it is empty then. @throws MissingState */
  addBalance(address: Address, wei: bigint): void {
    const entry = this.#need(address);
    const { nonce, balance, codeHash, hasStorage } = entry.now ?? emptyAccount;
    if (nonce === 0n && balance + wei === 0n && equalBytes(codeHash, emptyCodeHashBytes)) {
      if (entry.now !== undefined) wipe(entry);
      entry.now = undefined;
    } else {
      entry.now = { nonce, balance: balance + wei, codeHash, hasStorage };
    }
  }

  /** For overrides: afterwards the account exists with these fields. @throws MissingState */
  setAccount(address: Address, fields: { nonce?: bigint; balance?: bigint; code?: Uint8Array }): void {
    const entry = this.#need(address);
    const account = entry.now ?? emptyAccount;
    const codeHash = fields.code === undefined ? account.codeHash : keccak256(fields.code);
    const { nonce = account.nonce, balance = account.balance } = fields;
    entry.now = { nonce, balance, codeHash, hasStorage: account.hasStorage };
    if (fields.code !== undefined) this.#codes.set(codeHash, fields.code);
  }

  /** For overrides. `value`: 32 bytes. @throws MissingState */
  setSlot(address: Address, slot: Hash32, value: Uint8Array): void {
    const entry = this.#need(address);
    const key = hexToBytes(slot);
    if (this.storage(hexToBytes(address), key) === notHere) throw new MissingState([{ kind: 'slot', address, slot }]);
    setSlot(entry, key, { before: entry.slots?.get(key)?.before ?? zero, now: equalBytes(value, zero) ? zero : value });
  }

  /** What differs now from the state before the block, and every account that was asked for, with the slots of it. */
  touched(): { changes: BlockChanges; accesses: AccountAccess[] } {
    const changes: BlockChanges = { accounts: [], codes: new Map() };
    const accesses = this.#entries.values().map((entry, index) => {
      const access = accessOf(entry, this.#entries.keyAt(index));
      if (access.change !== undefined) {
        changes.accounts.push(access.change);
        this.#addCode(changes, entry);
      }
      return access;
    });
    return { changes, accesses };
  }

  #addCode({ codes }: BlockChanges, { before, now }: Entry): void {
    if (now === undefined || (before !== undefined && equalBytes(before.codeHash, now.codeHash))) return;
    const code = this.#codes.get(now.codeHash);
    if (code !== undefined && code.length > 0) codes.set(bytesToHex(now.codeHash) as Hash32, code);
  }

  #entry(address: Uint8Array): Entry | typeof notHere {
    const known = this.#entries.get(address);
    if (known !== undefined) return known;
    const account = this.#state.account(address);
    if (account === notHere) return notHere;
    const entry = newEntry(account);
    this.#entries.set(address, entry);
    return entry;
  }

  /** The account's entry, which is going to be changed. @throws MissingState */
  #need(address: Address): Entry {
    const entry = this.#entry(hexToBytes(address));
    if (entry === notHere) throw new MissingState([{ kind: 'account', address }]);
    entry.changed = true;
    return entry;
  }

  #applySlot(address: Uint8Array, slot: Uint8Array, after: Uint8Array): void {
    const entry = this.#entries.get(address);
    // The storage of an account that is gone is gone.
    if (entry?.now === undefined) return;
    const known = entry.slots?.get(slot);
    const now = equalBytes(after, zero) ? zero : after;
    if (known !== undefined) known.now = now;
    // What was never read from the state before is none there.
    else setSlot(entry, slot, { before: zero, now });
  }
}

const emptyAccount: HostAccount = { nonce: 0n, balance: 0n, codeHash: emptyCodeHashBytes, hasStorage: false };

function newEntry(account: HostAccount | undefined): Entry {
  return { before: account, now: account, changed: false, wiped: false, slots: undefined };
}

function wipe(entry: Entry): void {
  entry.wiped = true;
  entry.slots = undefined;
}

function setSlot(entry: Entry, key: Uint8Array, slot: Slot): void {
  entry.slots ??= new ByteMap(32, 4);
  entry.slots.set(key, slot);
}

function accessOf({ before, now, changed, wiped, slots }: Entry, address: Uint8Array): AccountAccess {
  const reads: Uint8Array[] = [];
  const written: AccountChange['slots'] = [];
  slots?.values().forEach((slot, index) => {
    const key = slots.keyAt(index);
    if (now === undefined || slot.before === slot.now || equalBytes(slot.before, slot.now)) reads.push(key);
    else written.push({ slot: key, value: slot.now });
  });
  const storageWiped = wiped && before?.hasStorage === true;
  const differs = changed && (before !== undefined || now !== undefined);
  if (!differs || (sameAccount(before, now) && !storageWiped && written.length === 0)) {
    return { address, reads, change: undefined };
  }
  const account = now && { nonce: now.nonce, balance: now.balance, codeHash: now.codeHash };
  return { address, reads, change: { address, account, storageWiped, slots: written } };
}

function sameAccount(a: HostAccount | undefined, b: HostAccount | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.nonce === b.nonce && a.balance === b.balance && equalBytes(a.codeHash, b.codeHash);
}
