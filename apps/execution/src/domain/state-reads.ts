import { headerHash } from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, type Address, type Hash32, type Height } from '@sheaf/primitives';
import {
  emptyCodeHashBytes,
  emptyRootBytes,
  isEmptyCode,
  proveByWay,
  proveSlots,
  proveState,
  readAccount,
  type AccountProof,
  type AccountState,
  type StateAt,
} from '@sheaf/state';
import type { LaneReadLimits } from '../lane-limits.ts';
import type { LaneReads, ReadLimits } from '../lane-ports.ts';
import type { BlockStore, Head } from '../ports.ts';
import { createUpperLevels, proveOwn } from './lane-proof.ts';

/** Awaited before every read, so that other work has its turn. */
export type Turns = () => Promise<void> | undefined;

/**
 * The state after any height that is kept, wherever its parts are. @throws ChainError `NOT_FOUND` when the height is not kept,
 * `DATA_LOSS`; what `LaneReads` throws
 */
export interface StateReads {
  accounts(height: Height, addresses: readonly Address[], turns: Turns, asker: ReadLimits): Promise<AccountState[]>;
  code(height: Height, address: Address, asker: ReadLimits): Promise<Uint8Array>;
  /** 32 bytes. */
  slot(height: Height, address: Address, slot: Hash32, asker: ReadLimits): Promise<Uint8Array>;
  proof(
    height: Height,
    address: Address,
    slots: readonly Hash32[],
    turns: Turns,
    asker: ReadLimits,
  ): Promise<AccountProof>;
}

const noAccount: AccountState = {
  balance: 0n,
  nonce: 0n,
  codeHash: bytesToHex(emptyCodeHashBytes) as Hash32,
  storageRoot: bytesToHex(emptyRootBytes) as Hash32,
};
const zero = new Uint8Array(32);
const noCode = new Uint8Array(0);

/** Of a store that has all of the state. */
export function readWhole(store: BlockStore): StateReads {
  return {
    async accounts(height, addresses, turns) {
      const state = store.stateAt(height);
      const accounts: AccountState[] = [];
      for (const address of addresses) {
        await turns();
        accounts.push(readAccount(state, address));
      }
      return accounts;
    },
    async code(height, address) {
      return codeOf(store.stateAt(height), address);
    },
    async slot(height, address, slot) {
      return slotOf(store.stateAt(height), address, slot);
    },
    async proof(height, address, slots, turns) {
      const state = store.stateAt(height);
      const { account, accountProof } = proveState(state, address, []);
      return { account, accountProof, storageProofs: await slotProofs(state, address, slots, turns) };
    },
  };
}

/** Of a store that has a member's part of it. */
export function readAcross(store: BlockStore, lane: LaneReads, limits: Pick<LaneReadLimits, 'mergedKept'>): StateReads {
  const upper = createUpperLevels(lane, limits.mergedKept);
  const whole = readWhole(store);
  const isOwn = (address: Address): boolean => lane.ownerOf(address) === lane.member;
  const blockAt = (height: Height): Head & { stateRoot: Hash32 } => {
    const header = store.header(height);
    if (header === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `header ${height} is missing` });
    return { height, hash: headerHash(header), stateRoot: header.stateRoot };
  };
  return {
    async accounts(height, addresses, turns, asker) {
      const own = addresses.filter(isOwn);
      const others = addresses.filter((address) => !isOwn(address));
      const [here, there] = await Promise.all([
        whole.accounts(height, own, turns, asker),
        others.length === 0
          ? []
          : lane.read(
              blockAt(height),
              others.map((address) => ({ address, slots: [] })),
              asker,
            ),
      ]);
      let [nextHere, nextThere] = [0, 0];
      return addresses.map((address) => (isOwn(address) ? here[nextHere++]! : stateOf(there[nextThere++]!.account)));
    },
    async code(height, address, asker) {
      if (isOwn(address)) return whole.code(height, address, asker);
      const [found] = await lane.read(blockAt(height), [{ address, slots: [] }], asker);
      const { codeHash } = stateOf(found!.account);
      if (isEmptyCode(hexToBytes(codeHash))) return noCode;
      const [code] = await lane.codes(lane.ownerOf(address), [codeHash], asker);
      return code!;
    },
    async slot(height, address, slot, asker) {
      if (isOwn(address)) return whole.slot(height, address, slot, asker);
      const [found] = await lane.read(blockAt(height), [{ address, slots: [slot] }], asker);
      return found!.slots[0] ?? zero;
    },
    async proof(height, address, slots, turns, asker) {
      const block = blockAt(height);
      const state = store.stateAt(height);
      const merging = upper.at(block, block.stateRoot, state, asker);
      if (isOwn(address)) {
        const own = proveOwn(await merging, state, address);
        return { ...own, storageProofs: await slotProofs(state, address, slots, turns) };
      }
      const [merged, part] = await Promise.all([merging, lane.proofPart(block, address, slots, asker)]);
      const { account, way, storageProofs } = part;
      return { account, accountProof: proveByWay(merged, address, way), storageProofs };
    },
  };
}

function stateOf(account: AccountState | undefined): AccountState {
  return account ?? noAccount;
}

function codeOf(state: StateAt, address: Address): Uint8Array {
  const hash = hexToBytes(readAccount(state, address).codeHash);
  return isEmptyCode(hash) ? noCode : state.code(hash);
}

function slotOf(state: StateAt, address: Address, slot: Hash32): Uint8Array {
  const word = state.storage(hexToBytes(address), hexToBytes(slot));
  return word instanceof Uint8Array ? word : zero;
}

async function slotProofs(
  state: StateAt,
  address: Address,
  slots: readonly Hash32[],
  turns: Turns,
): Promise<AccountProof['storageProofs']> {
  const proofs: AccountProof['storageProofs'] = [];
  for (const slot of slots) {
    await turns();
    proofs.push(...proveSlots(state, address, [slot]));
  }
  return proofs;
}
