import { bytesToHex } from '@sheaf/primitives';
import type { notHere, Host, MissingKey } from '../../src/ports.ts';

/** A key as one string. */
export function keyName(key: MissingKey): string {
  switch (key.kind) {
    case 'account':
      return `account ${key.address}`;
    case 'slot':
      return `slot ${key.address} ${key.slot}`;
    case 'code':
      return `code ${key.codeHash}`;
    case 'blockHash':
      return `blockHash ${key.number}`;
  }
}

/** Calls `ask` with the name of each key before the host answers. What `ask` says stands for the answer. */
export function watchedHost(host: Host, ask: (key: string) => typeof notHere | void): Host {
  return {
    account: (address) => ask(`account ${bytesToHex(address)}`) ?? host.account(address),
    storage: (address, slot) => ask(`slot ${bytesToHex(address)} ${bytesToHex(slot)}`) ?? host.storage(address, slot),
    code: (codeHash) => ask(`code ${bytesToHex(codeHash)}`) ?? host.code(codeHash),
    blockHash: (number) => ask(`blockHash ${number}`) ?? host.blockHash(number),
  };
}
