import { notHere, type HostAccount, type MissingKey } from '@sheaf/evm';
import { bytesToHex, ChainError, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import { emptyRootBytes, isEmptyCode, type StateAt, type StateReader } from '@sheaf/state';
import type { LaneReadLimits } from '../lane-limits.ts';
import type { AccountKeys, LaneReads } from '../lane-ports.ts';
import type { Head } from '../ports.ts';

/** What was fetched of one block's state. */
interface Values {
  accounts: Map<Address, HostAccount | undefined>;
  slots: Map<string, Uint8Array | undefined>;
}

const emptyRoot = bytesToHex(emptyRootBytes);
const nameOf = (address: Address, slot: Hash32): string => address + slot.slice(2);

/** What one thread has fetched from the other members, so that later calls need not. */
export class RemoteValues {
  readonly #lane: LaneReads;
  readonly #limits: LaneReadLimits;
  readonly #blocks = new Map<Hash32, Values>();
  readonly #codes = new Map<Hash32, Uint8Array>();
  #codeBytes = 0;

  constructor(lane: LaneReads, limits: LaneReadLimits) {
    this.#lane = lane;
    this.#limits = limits;
  }

  /** The state after the block for one call, of which `own` is here. One at a time. */
  open(block: Head, own: StateAt): RemoteState {
    if (this.#codeBytes > this.#limits.codeBytesKept) {
      this.#codes.clear();
      this.#codeBytes = 0;
    }
    let values = this.#blocks.get(block.hash);
    this.#blocks.delete(block.hash);
    if (values === undefined || values.accounts.size + values.slots.size > this.#limits.valuesKept) {
      values = { accounts: new Map(), slots: new Map() };
    }
    // The one used last is the last.
    this.#blocks.set(block.hash, values);
    if (this.#blocks.size > this.#limits.valueBlocksKept) this.#blocks.delete(this.#blocks.keys().next().value!);
    return new RemoteState(
      { lane: this.#lane, limits: this.#limits, block, own, values, codes: this.#codes },
      (bytes) => {
        this.#codeBytes += bytes;
      },
    );
  }
}

interface Sources {
  lane: LaneReads;
  limits: LaneReadLimits;
  block: Head;
  own: StateAt;
  values: Values;
  codes: Map<Hash32, Uint8Array>;
}

/**
 * The whole state after one block for a call. What others have and was not fetched yet is guessed, an account to be none and a
 * slot to be zero, so that one run finds out many keys; after so many guesses it is `notHere`. Whoever runs on it asks
 * `guessed`, fetches that, and runs again: when it has guessed nothing, all that it told is true.
 */
export class RemoteState implements StateReader {
  readonly #from: Sources;
  readonly #onCode: (bytes: number) => void;
  #guesses: MissingKey[] = [];
  #keysFetched = 0;
  #codeBytesFetched = 0;

  constructor(from: Sources, onCode: (bytes: number) => void) {
    this.#from = from;
    this.#onCode = onCode;
  }

  /** A run begins. */
  begin(): void {
    this.#guesses = [];
  }

  /** Since the run began. */
  guessed(): MissingKey[] {
    return this.#guesses;
  }

  account(bytes: Uint8Array): HostAccount | undefined | typeof notHere {
    const own = this.#from.own.account(bytes);
    if (own !== notHere) return own;
    const address = bytesToHex(bytes) as Address;
    const { accounts } = this.#from.values;
    const known = accounts.get(address);
    if (known !== undefined || accounts.has(address)) return known;
    return this.#guess({ kind: 'account', address });
  }

  storage(bytes: Uint8Array, key: Uint8Array): Uint8Array | undefined | typeof notHere {
    const own = this.#from.own.storage(bytes, key);
    if (own !== notHere) return own;
    const address = bytesToHex(bytes) as Address;
    const slot = bytesToHex(key) as Hash32;
    const { slots } = this.#from.values;
    const name = nameOf(address, slot);
    const known = slots.get(name);
    if (known !== undefined || slots.has(name)) return known;
    return this.#guess({ kind: 'slot', address, slot });
  }

  /** It came with the account. @throws ChainError `DATA_LOSS` */
  code(codeHash: Uint8Array): Uint8Array {
    const known = this.#from.codes.get(bytesToHex(codeHash) as Hash32);
    return known ?? this.#from.own.code(codeHash);
  }

  /** Afterwards they are known, accounts with their codes. @throws ChainError as `LaneReads` does, `LIMIT` */
  async fetch(keys: readonly MissingKey[]): Promise<void> {
    const { lane, block, values, limits } = this.#from;
    const wanted = this.#wantedOf(keys);
    if (wanted.length === 0) return;
    const found = await lane.read(block, wanted, {});
    const codes = new Map<number, Set<Hash32>>();
    found.forEach(({ account, slots }, index) => {
      const { address, slots: keysOf } = wanted[index]!;
      const codeHash = account && hexToBytes(account.codeHash);
      values.accounts.set(
        address,
        account && {
          nonce: account.nonce,
          balance: account.balance,
          codeHash: codeHash!,
          hasStorage: account.storageRoot !== emptyRoot,
        },
      );
      slots.forEach((value, at) => values.slots.set(nameOf(address, keysOf[at]!), value));
      if (codeHash === undefined || isEmptyCode(codeHash) || this.#hasCode(account!.codeHash, codeHash)) return;
      const owner = lane.ownerOf(address);
      codes.set(owner, (codes.get(owner) ?? new Set()).add(account!.codeHash));
    });
    await Promise.all(
      [...codes].map(async ([owner, hashes]) => {
        const list = [...hashes];
        const bodies = await lane.codes(owner, list, {});
        bodies.forEach((body, index) => this.#keepCode(list[index]!, body));
      }),
    );
    if (this.#codeBytesFetched > limits.callCodeBytesMax) {
      throw tooMuch(`more than ${limits.callCodeBytesMax} bytes of code`);
    }
  }

  #guess(key: MissingKey): undefined | typeof notHere {
    this.#guesses.push(key);
    return this.#guesses.length < this.#from.limits.guessesMax ? undefined : notHere;
  }

  /** What of the keys is elsewhere and not known, each account once. */
  #wantedOf(keys: readonly MissingKey[]): AccountKeys[] {
    const { lane, values, limits } = this.#from;
    const wanted = new Map<Address, Set<Hash32>>();
    for (const key of keys) {
      if (key.kind !== 'account' && key.kind !== 'slot') throw new Error(`a ${key.kind} is not fetched`);
      const { address } = key;
      const known = key.kind === 'account' ? values.accounts.has(address) : values.slots.has(nameOf(address, key.slot));
      if (known || lane.ownerOf(address) === lane.member) continue;
      const slots = wanted.get(address) ?? new Set();
      wanted.set(address, slots);
      if (key.kind === 'slot') slots.add(key.slot);
    }
    this.#keysFetched += [...wanted.values()].reduce((sum, slots) => sum + 1 + slots.size, 0);
    if (this.#keysFetched > limits.callKeysMax) throw tooMuch(`more than ${limits.callKeysMax} accounts and slots`);
    return [...wanted].map(([address, slots]) => ({ address, slots: [...slots] }));
  }

  #hasCode(name: Hash32, codeHash: Uint8Array): boolean {
    return this.#from.codes.has(name) || this.#from.own.findCode(codeHash) !== undefined;
  }

  #keepCode(hash: Hash32, code: Uint8Array): void {
    const { codes } = this.#from;
    if (codes.has(hash)) return;
    codes.set(hash, code);
    this.#codeBytesFetched += code.length;
    this.#onCode(code.length);
  }
}

function tooMuch(what: string): ChainError {
  return new ChainError({ code: 'LIMIT', message: `the call reads ${what} of other members`, retryAfterMs: 0 });
}
