import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, equalBytes, hexToBytes, type Hash32 } from '@sheaf/primitives';
import { emptyCodeHashBytes, type AccountChange, type BlockChanges } from '@sheaf/state';
import { keccak256 } from '@sheaf/trie';
import { seededRandom, type Random } from '../../random.ts';
import { contractCount, slotCount, slotOf, world } from './world.ts';

/** What a block is made from: the state before it. */
export interface StateView {
  account(address: Uint8Array): Pick<HostAccount, 'nonce' | 'balance' | 'codeHash'> | undefined;
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined;
}

export interface WorkloadBlock {
  changes: BlockChanges;
  accessList: Uint8Array;
}

/** Steps of a block: most are small, so that many commits can be killed; some fill several rows of a journal. */
const steps = { usual: 30, large: 500, largeOneIn: 30 };
const zero = new Uint8Array(32);

/**
 * Block `height` of the chain that the seed stands for: transfers, accounts that come and go, contracts that set slots
 * and zero them, lose their whole storage, vanish, and come back in the same block. The same state gives the same block.
 */
export function blockAt(seed: number, height: bigint, state: StateView): WorkloadBlock {
  const random = seededRandom(seed, Number(height));
  const block = new Block(state, random);
  const count = 1 + random.below(random.oneIn(steps.largeOneIn) ? steps.large : steps.usual);
  for (let i = 0; i < count; i++) {
    if (random.oneIn(3)) block.useContract(random.below(contractCount));
    else if (random.oneIn(6)) block.remove(pickExternal(random));
    else block.transfer(pickExternal(random), pickExternal(random));
  }
  return { changes: block.changes(), accessList: random.bytes(1 + random.below(40)) };
}

function pickExternal(random: Random): number {
  return contractCount + random.below(world.length - contractCount);
}

/** Each account is changed once at most. */
class Block {
  readonly #state: StateView;
  readonly #random: Random;
  readonly #accounts = new Map<number, AccountChange>();
  readonly #codes = new Map<Hash32, Uint8Array>();

  constructor(state: StateView, random: Random) {
    this.#state = state;
    this.#random = random;
  }

  changes(): BlockChanges {
    return { accounts: [...this.#accounts.values()], codes: this.#codes };
  }

  /** Makes the recipient when there is none, and the sender out of nothing. */
  transfer(from: number, to: number): void {
    if (from === to || this.#accounts.has(from) || this.#accounts.has(to)) return;
    const sender = this.#read(from) ?? { ...noAccount, balance: BigInt(1 + this.#random.below(2 ** 32)) * 10n ** 12n };
    const amount = sender.balance / BigInt(2 + this.#random.below(9));
    const recipient = this.#read(to) ?? noAccount;
    this.#set(from, { ...sender, nonce: sender.nonce + 1n, balance: sender.balance - amount });
    this.#set(to, { ...recipient, balance: recipient.balance + amount + 1n });
  }

  remove(number: number): void {
    if (this.#accounts.has(number) || this.#read(number) === undefined) return;
    this.#set(number, undefined, true);
  }

  useContract(contract: number): void {
    if (this.#accounts.has(contract)) return;
    const before = this.#read(contract);
    const all = Array.from({ length: slotCount(contract) }, (_, slot) => slot);
    if (before === undefined || this.#random.oneIn(20)) {
      // Made, or removed and made again in one block.
      this.#set(contract, this.#create(), before !== undefined, this.#write(contract, true));
    } else if (this.#random.oneIn(20)) {
      this.#set(contract, undefined, true);
    } else if (this.#random.oneIn(20)) {
      this.#set(contract, before, true, this.#write(contract, true));
    } else if (this.#random.oneIn(30)) {
      const slots = all.flatMap((slot) => this.#differing(contract, slot, zero, false));
      this.#set(contract, before, false, slots);
    } else {
      this.#set(contract, { ...before, nonce: before.nonce + 1n }, false, this.#write(contract, false));
    }
  }

  /** Some slots, a third of them to zero. */
  #write(contract: number, wiped: boolean): AccountChange['slots'] {
    const count = this.#random.below(this.#random.oneIn(8) ? slotCount(contract) : 12);
    const numbers = new Set(Array.from({ length: count }, () => this.#random.below(slotCount(contract))));
    return [...numbers].flatMap((slot) => {
      const value = new Uint8Array(32);
      if (!this.#random.oneIn(3)) {
        const bytes = this.#random.bytes(1 + this.#random.below(this.#random.oneIn(4) ? 32 : 3));
        value.set(bytes, 32 - bytes.length);
      }
      return this.#differing(contract, slot, value, wiped);
    });
  }

  #differing(contract: number, slot: number, value: Uint8Array, wiped: boolean): AccountChange['slots'] {
    const key = hexToBytes(slotOf(slot));
    const before = wiped ? undefined : this.#state.storage(hexToBytes(world[contract]!), key);
    return equalBytes(before ?? zero, value) ? [] : [{ slot: key, value }];
  }

  /** An account with a code that nobody has had. */
  #create(): NonNullable<AccountChange['account']> {
    const code = this.#random.bytes(1 + this.#random.below(60));
    const codeHash = keccak256(code);
    this.#codes.set(bytesToHex(codeHash) as Hash32, code);
    return { nonce: 1n, balance: BigInt(this.#random.below(1_000)), codeHash };
  }

  #read(number: number): NonNullable<AccountChange['account']> | undefined {
    const account = this.#state.account(hexToBytes(world[number]!));
    return account && { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash };
  }

  #set(
    number: number,
    account: AccountChange['account'],
    storageWiped = false,
    slots: AccountChange['slots'] = [],
  ): void {
    const address = hexToBytes(world[number]!);
    this.#accounts.set(number, { address, account, storageWiped, slots });
  }
}

const noAccount = { nonce: 0n, balance: 0n, codeHash: emptyCodeHashBytes };
