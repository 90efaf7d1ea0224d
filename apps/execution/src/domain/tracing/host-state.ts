import { MissingState, notHere, type Host, type MissingKey } from '@sheaf/evm';
import { bytesToHex, hexToBytes, type Hash32 } from '@sheaf/primitives';
import type { TraceState } from './overlay-state.ts';

/** Afterwards the state has the keys. */
export type Fetch = (keys: readonly MissingKey[]) => Promise<void>;

/** A host's state; what it has not is fetched before it is asked for. @throws MissingState when it has it not even then */
export function hostState(host: Host, fetch: Fetch): TraceState {
  const known = <T>(found: T | typeof notHere, key: MissingKey): T => {
    if (found === notHere) throw new MissingState([key]);
    return found;
  };
  return {
    async account(address) {
      const key: MissingKey = { kind: 'account', address };
      await fetch([key]);
      return known(host.account(hexToBytes(address)), key);
    },
    async storage(address, slot) {
      const key: MissingKey = { kind: 'slot', address, slot };
      await fetch([key]);
      return known(host.storage(hexToBytes(address), hexToBytes(slot)), key);
    },
    async code(codeHash) {
      return known(host.code(codeHash), { kind: 'code', codeHash: bytesToHex(codeHash) as Hash32 });
    },
  };
}
