import { keccak256, keccakMany } from '@sheaf/trie';
import { ownersOf } from './buckets.ts';
import { partitionLimits } from './limits.ts';

const places = partitionLimits.ownersKept;
const addressBytes = 20;

/**
 * The member that owns an account, by the first byte of its address' hash. Blocks name the same addresses again and again, and every
 * member needs the owner of each: those of addresses seen lately are kept. An address has one place, which it takes from the one before.
 */
export class Owners {
  /** Whether one member owns everything. */
  readonly alone: boolean;
  readonly #ofBucket: Uint8Array;
  readonly #addresses = new Uint8Array(places * addressBytes);
  /** By place; -1: it has none. */
  readonly #owners = new Int16Array(places).fill(-1);

  constructor(members: number) {
    this.alone = members === 1;
    this.#ofBucket = ownersOf(members);
  }

  of(address: Uint8Array): number {
    const known = this.#find(address);
    return known >= 0 ? known : this.#learn(address, keccak256(address));
  }

  /** Of each: those that are not known are hashed together, which takes a third of the time. */
  ofAll(addresses: readonly Uint8Array[]): number[] {
    const owners = addresses.map((address) => this.#find(address));
    const unknown = addresses.filter((_, at) => owners[at]! < 0);
    const hashes = keccakMany(unknown).values();
    return owners.map((owner, at) => (owner >= 0 ? owner : this.#learn(addresses[at]!, hashes.next().value!)));
  }

  /** -1: not seen lately. */
  #find(address: Uint8Array): number {
    const place = placeOf(address);
    const addresses = this.#addresses;
    for (let i = 0, from = place * addressBytes; i < addressBytes; i++) {
      if (addresses[from + i] !== address[i]) return -1;
    }
    return this.#owners[place]!;
  }

  #learn(address: Uint8Array, hash: Uint8Array): number {
    const place = placeOf(address);
    const owner = this.#ofBucket[hash[0]!]!;
    this.#addresses.set(address, place * addressBytes);
    this.#owners[place] = owner;
    return owner;
  }
}

/** Made-up addresses differ at their end. */
function placeOf(address: Uint8Array): number {
  const word = address[19]! | (address[18]! << 8) | (address[17]! << 16) | (address[16]! << 24);
  return (Math.imul(word, 0x9e3779b1) >>> 15) & (places - 1);
}
