// Where Solidity puts things.
import { keccak256 } from '@sheaf/crypto';
import {
  bigintToFixedBytes,
  concatBytes,
  hexToBytes,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';

/** 32 bytes of a number. */
export function word(value: bigint): Hash32 {
  return toHash32(bigintToFixedBytes(value, 32));
}

/** 32 bytes: an address as an argument, or in a slot of its own. */
export function addressWord(address: Address): Uint8Array {
  return concatBytes(new Uint8Array(12), hexToBytes(address));
}

/** The slot of an address's entry in the mapping at `base`, itself a slot. */
export function entryOf(address: Address, base: Uint8Array): Uint8Array {
  return keccak256(concatBytes(addressWord(address), base));
}

/** An address that a name stands for; nobody has its key. */
export function addressOfName(name: string): Address {
  return toAddress(keccak256(new TextEncoder().encode(`sheaf workload ${name}`)).subarray(12));
}
