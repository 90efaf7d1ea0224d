import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, hexToBytes, toAddress, toHash32, type Hash32 } from '@sheaf/primitives';
import type { Host, HostAccount } from '../../src/ports.ts';
import { blockHash } from './block-hash.ts';
import type { World } from './scenario.ts';

/** A host that has all of the world. */
export function worldHost(world: World): Host {
  const codes = new Map<Hash32, Uint8Array>();
  for (const { code } of world.values()) codes.set(toHash32(keccak256(code)), code);
  return {
    account(bytes): HostAccount | undefined {
      const account = world.get(toAddress(bytes));
      if (account === undefined) return undefined;
      const { nonce, balance, code, storage } = account;
      return { nonce, balance, codeHash: keccak256(code), hasStorage: storage.size > 0 };
    },
    storage(address, slot): Uint8Array | undefined {
      const value = world.get(toAddress(address))?.storage.get(toHash32(slot));
      return value === undefined ? undefined : hexToBytes(value);
    },
    code(hash): Uint8Array {
      const code = codes.get(toHash32(hash));
      if (code === undefined) throw new Error(`asked for code ${bytesToHex(hash)}, which nobody has`);
      return code;
    },
    blockHash: (number) => blockHash(number),
  };
}
