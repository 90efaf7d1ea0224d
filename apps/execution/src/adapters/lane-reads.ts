import { headerHash } from '@sheaf/ethereum';
import { ownersOf } from '@sheaf/partition';
import {
  bigintToBytes,
  ChainError,
  hexToBytes,
  limits as chainLimits,
  type Address,
  type Height,
} from '@sheaf/primitives';
import { accountToWire, blockRefFromWire, laneV1, toBuffer, wire, type commonV1, type executionV1 } from '@sheaf/proto';
import { implement, type CallContext, type ServiceImplementation } from '@sheaf/rpc';
import { collectWay, encodeTops, ownTops, proveSlots, readAccount, readStorage, type StateAt } from '@sheaf/state';
import { keccak256 } from '@sheaf/trie';
import type { HeadWatch } from '../domain/head.ts';
import { storageProofsToWire, takeTurns } from './grpc-answers.ts';
import { laneReadLimits, type LaneReadLimits } from '../lane-limits.ts';
import type { BlockStore, Caller } from '../ports.ts';

const retryAfterMs = 100;

export interface LaneReadServiceOptions {
  /** Which of the members this one is. */
  member: number;
  members: number;
  /** Other maxima and times than `laneReadLimits`. */
  limits?: Partial<LaneReadLimits> | undefined;
}

/** What this member answers the others of its lane. No block waits for any of it. */
export function createLaneReadService(
  options: LaneReadServiceOptions,
  deps: { store: BlockStore; head: HeadWatch; caller: Caller },
): ServiceImplementation {
  const { member } = options;
  const { store, head, caller } = deps;
  const limits: LaneReadLimits = { ...laneReadLimits, ...options.limits };
  const owners = ownersOf(options.members);
  let requests = 0;

  async function counted<T>(answer: () => Promise<T>): Promise<T> {
    if (requests >= limits.requestsMax) {
      throw new ChainError({ code: 'LIMIT', message: `${requests} reads are being answered already`, retryAfterMs });
    }
    requests += 1;
    try {
      return await answer();
    } finally {
      requests -= 1;
    }
  }

  /** The height of a block that is committed here. */
  async function committed(message: commonV1.BlockRef | undefined, { signal }: CallContext): Promise<Height> {
    const { height, hash } = blockRefFromWire(message, 'block');
    if (head.current().height < height) {
      await head.reached(height, AbortSignal.any([signal, AbortSignal.timeout(limits.waitMsMax)]));
    }
    if (head.current().height < height) {
      const message = `member ${member} has not committed block ${height}: it is at ${head.current().height}`;
      throw new ChainError({ code: 'UNAVAILABLE', message });
    }
    store.refresh();
    const header = store.header(height);
    if (header === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `header ${height} is missing` });
    if (headerHash(header) !== hash) {
      const message = `member ${member} has block ${headerHash(header)} at height ${height}, not ${hash}`;
      throw new ChainError({ code: 'CONFLICT', message });
    }
    return height;
  }

  function own(bytes: Uint8Array | undefined, field: string): Address {
    const address = wire.address(bytes, field);
    const owner = owners[keccak256(hexToBytes(address))[0]!]!;
    if (owner !== member) {
      const message = `${field} must be an account of member ${member}, ${address} is of member ${owner}`;
      throw new ChainError({ code: 'INVALID_ARGUMENT', field, message });
    }
    return address;
  }

  const hashesOf = (list: readonly Uint8Array[], bound: { min?: number; max: number }, field: string) =>
    wire.list(list, bound, field).map((hash, index) => wire.hash(hash, `${field}.${index}`));

  return implement(laneV1.LaneReadServiceService, {
    getState: ({ block, accounts }, call) =>
      counted(async () => {
        const list = wire.list(accounts, { min: 1, max: limits.accountsMax }, 'accounts');
        let left = limits.slotsMax;
        const wanted = list.map(({ address, slots }, index) => {
          const field = `accounts.${index}`;
          const hashes = hashesOf(slots, { max: left }, `${field}.slots`);
          left -= hashes.length;
          return { address: own(address, `${field}.address`), slots: hashes };
        });
        const state = store.stateAt(await committed(block, call));
        const turns = takeTurns();
        const found: laneV1.AccountValues[] = [];
        for (const { address, slots } of wanted) {
          await turns();
          const values: Buffer[] = [];
          const exists = state.storedAccount(keccak256(hexToBytes(address))) !== undefined;
          for (const slot of slots) {
            await turns();
            values.push(toBuffer(bigintToBytes(readStorage(state, address, slot))));
          }
          found.push({ account: exists ? accountAt(state, address) : undefined, slots: values });
        }
        return { accounts: found };
      }),
    getCodes: ({ hashes }) =>
      counted(async () => {
        const wanted = hashesOf(hashes, { min: 1, max: limits.codesMax }, 'hashes');
        store.refresh();
        const state = store.stateAt(store.head().height);
        const codes: Buffer[] = [];
        let bytes = 0;
        for (const hash of wanted) {
          const code = state.code(hexToBytes(hash));
          bytes += code.length;
          if (codes.length > 0 && bytes > limits.codeBytesMax) break;
          codes.push(toBuffer(code));
        }
        return { codes };
      }),
    getTops: ({ block }, call) =>
      counted(async () => {
        const { first, tops } = ownTops(store.stateAt(await committed(block, call)));
        return { first, tops: encodeTops({ first, tops }).map(toBuffer) };
      }),
    getProofPart: ({ block, address, slots }, call) =>
      counted(async () => {
        const account = own(address, 'address');
        const wanted = hashesOf(slots, { max: chainLimits.pageItemsMax }, 'slots');
        const state = store.stateAt(await committed(block, call));
        const turns = takeTurns();
        const storageProofs: executionV1.StorageProof[] = [];
        for (const slot of wanted) {
          await turns();
          storageProofs.push(...storageProofsToWire(proveSlots(state, account, [slot])));
        }
        return { account: accountAt(state, account), way: toBuffer(collectWay(state, account)), storageProofs };
      }),
    getWitnessPart: ({ block, codeHashes }, call) =>
      counted(async () => {
        const wanted = hashesOf(codeHashes, { max: limits.witnessCodesMax }, 'codeHashes');
        const height = await committed(block, call);
        const { part, codes } = await caller.witnessPart(height, wanted, call);
        return { part: toBuffer(part), codes };
      }),
  });
}

function accountAt(state: StateAt, address: Address): executionV1.Account {
  return accountToWire({ address, ...readAccount(state, address) });
}
