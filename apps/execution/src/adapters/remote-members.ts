import { ownersOf } from '@sheaf/partition';
import {
  ChainError,
  hexToBytes,
  isChainError,
  limits as chainLimits,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { accountFromWire, blockRefToWire, hexToBuffer, laneV1, wire, type executionV1 } from '@sheaf/proto';
import { createRpcClient, type RpcClient, type RpcClientDependencies, type TlsFiles } from '@sheaf/rpc';
import { decodeTops, decodeWitnessPart, type AccountProof, type BucketTops } from '@sheaf/state';
import { keccak256 } from '@sheaf/trie';
import { laneReadLimits, type LaneReadLimits } from '../lane-limits.ts';
import type { AccountKeys, AccountValues, LaneReads, ReadLimits } from '../lane-ports.ts';

type Client = RpcClient<typeof laneV1.LaneReadServiceService>;

/** Nodes of one proof: a path has 64 nibbles, and each may have an extension above its branch. */
const proofNodesMax = 130;

export interface RemoteMembersOptions {
  /** Which of the addresses this one is. */
  member: number;
  /** `host:port` of every member, by number, the own one too. */
  addresses: readonly string[];
  tls?: TlsFiles | undefined;
  /** Other maxima and times than `laneReadLimits`. */
  limits?: Partial<LaneReadLimits> | undefined;
}

/** The other members as clients of their reads; each is connected to at its first request. */
export function connectMembers(options: RemoteMembersOptions, deps: RpcClientDependencies): LaneReads {
  const { member, addresses, tls } = options;
  const members = addresses.length;
  const limits: LaneReadLimits = { ...laneReadLimits, ...options.limits };
  const owners = ownersOf(members);
  const others = addresses.flatMap((_, number) => (number === member ? [] : [number]));
  const clients = new Map<number, Client>();

  function clientOf(number: number): Client {
    const known = clients.get(number);
    if (known !== undefined) return known;
    const retry = { attemptsMax: limits.attemptsMax };
    const client = createRpcClient(laneV1.LaneReadServiceService, { address: addresses[number]!, tls, retry }, deps);
    clients.set(number, client);
    return client;
  }

  /** What the member answers, read; whatever is wrong with it is told as the member's fault, not the asker's. */
  async function ask<T>(
    number: number,
    { signal, deadlineMs = limits.requestMsMax }: ReadLimits,
    run: (client: Client, limits: { deadlineMs: number; signal: AbortSignal | undefined }) => Promise<T>,
  ): Promise<T> {
    const ownLimit = deadlineMs >= limits.requestMsMax;
    try {
      const budgetMs = Math.max(1, Math.min(deadlineMs, limits.requestMsMax));
      return await run(clientOf(number), { deadlineMs: budgetMs, signal });
    } catch (error) {
      if (!isChainError(error)) throw error;
      const message = `member ${number} (${addresses[number]}): ${error.message}`;
      const tell = (code: 'UNAVAILABLE' | 'CONFLICT' | 'NOT_FOUND' | 'DATA_LOSS') =>
        new ChainError({ code, message }, { cause: error });
      switch (error.code) {
        case 'INVALID_ARGUMENT':
        case 'CONFLICT':
          throw tell('CONFLICT');
        case 'DEADLINE':
          throw ownLimit && signal?.aborted !== true ? tell('UNAVAILABLE') : error;
        case 'UNAVAILABLE':
        case 'NOT_FOUND':
        case 'DATA_LOSS':
          throw tell(error.code);
        default:
          throw error;
      }
    }
  }

  const ownerOf = (address: Address): number => owners[keccak256(hexToBytes(address))[0]!]!;

  return {
    member,
    members,
    addressOf: (number) => addresses[number]!,
    ownerOf,
    async read(block, wanted, asker) {
      const found = new Array<AccountValues>(wanted.length);
      const byOwner = new Map<number, number[]>();
      wanted.forEach(({ address }, index) => {
        const owner = ownerOf(address);
        const indexes = byOwner.get(owner) ?? [];
        byOwner.set(owner, indexes);
        indexes.push(index);
      });
      const ofOwner = async (owner: number, indexes: readonly number[]): Promise<void> => {
        const pieces = indexes.flatMap((index) =>
          cut(wanted[index]!, limits.slotsMax).map((keys) => ({ index, keys })),
        );
        for (const batch of batches(pieces, limits)) {
          const accounts = batch.map(({ keys: { address, slots } }) => ({
            address: hexToBuffer(address),
            slots: slots.map(hexToBuffer),
          }));
          const answer = await ask(owner, asker, async (client, call) => {
            const { accounts: values } = await client.getState({ block: blockRefToWire(block), accounts }, call);
            wire.list(values, { min: batch.length, max: batch.length }, 'accounts');
            return values.map((value, at) => valuesFromWire(value, batch[at]!.keys, `accounts.${at}`));
          });
          batch.forEach(({ index }, at) => {
            const before = found[index];
            if (before === undefined) found[index] = answer[at]!;
            else before.slots.push(...answer[at]!.slots);
          });
        }
      };
      await Promise.all([...byOwner].map(([owner, indexes]) => ofOwner(owner, indexes)));
      return found;
    },
    async codes(number, hashes, asker) {
      const codes: Uint8Array[] = [];
      while (codes.length < hashes.length) {
        const wanted = hashes.slice(codes.length, codes.length + limits.codesMax);
        const answer = await ask(number, asker, async (client, call) => {
          const { codes: some } = await client.getCodes({ hashes: wanted.map(hexToBuffer) }, call);
          return wire.list(some, { min: 1, max: wanted.length }, 'codes').map((code, at) => {
            const bytes = wire.bytes(code, { max: chainLimits.grpcMessageBytesMax }, `codes.${at}`);
            const hash = wire.hash(keccak256(bytes), `codes.${at}`);
            if (hash !== wanted[at]) {
              throw new ChainError({ code: 'DATA_LOSS', message: `the code ${wanted[at]} has hash ${hash} there` });
            }
            return bytes;
          });
        });
        codes.push(...answer);
      }
      return codes;
    },
    tops: (block, asker) =>
      Promise.all(
        others.map((number) =>
          ask(number, asker, async (client, call): Promise<BucketTops> => {
            const { first, tops } = await client.getTops({ block: blockRefToWire(block) }, call);
            return decodeTops(first, tops, 'tops');
          }),
        ),
      ),
    proofPart: (block, address, slots, asker) =>
      ask(ownerOf(address), asker, async (client, call) => {
        const request = { block: blockRefToWire(block), address: hexToBuffer(address), slots: slots.map(hexToBuffer) };
        const { account, way, storageProofs } = await client.getProofPart(request, call);
        const proofs = wire.list(storageProofs, { min: slots.length, max: slots.length }, 'storageProofs');
        return {
          account: accountFromWire(account, 'account'),
          way: wire.bytes(way, { min: 1, max: chainLimits.grpcMessageBytesMax }, 'way'),
          storageProofs: proofs.map((proof, at) => proofFromWire(proof, slots[at]!, `storageProofs.${at}`)),
        };
      }),
    witnessPart: (number, block, codeHashes, asker) =>
      ask(number, asker, async (client, call) => {
        const request = { block: blockRefToWire(block), codeHashes: codeHashes.map(hexToBuffer) };
        const { part, codes } = await client.getWitnessPart(request, call);
        wire.list(codes, { max: codeHashes.length }, 'codes');
        codes.forEach((index, at) =>
          wire.integer(index, { min: at === 0 ? 0 : codes[at - 1]! + 1, max: codeHashes.length - 1 }, `codes.${at}`),
        );
        return { part: decodeWitnessPart(new Uint8Array(wire.required(part, 'part')), 'part'), codes };
      }),
    close() {
      for (const client of clients.values()) client.close();
      clients.clear();
    },
  };
}

interface Piece {
  /** Of what is wanted. */
  index: number;
  keys: AccountKeys;
}

/** The account's slots, as many at a time as one request may have. */
function cut({ address, slots }: AccountKeys, slotsMax: number): AccountKeys[] {
  const pieces: AccountKeys[] = [{ address, slots: slots.slice(0, slotsMax) }];
  for (let from = slotsMax; from < slots.length; from += slotsMax) {
    pieces.push({ address, slots: slots.slice(from, from + slotsMax) });
  }
  return pieces;
}

function batches(pieces: readonly Piece[], { accountsMax, slotsMax }: LaneReadLimits): Piece[][] {
  const all: Piece[][] = [];
  let slots = 0;
  for (const piece of pieces) {
    const last = all.at(-1);
    slots += piece.keys.slots.length;
    if (last === undefined || last.length === accountsMax || slots > slotsMax) {
      all.push([piece]);
      slots = piece.keys.slots.length;
    } else {
      last.push(piece);
    }
  }
  return all;
}

function valuesFromWire(value: laneV1.AccountValues, keys: AccountKeys, field: string): AccountValues {
  const account = value.account === undefined ? undefined : accountFromWire(value.account, `${field}.account`);
  if (account !== undefined && account.address !== keys.address) {
    const at = `${field}.account.address`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: at, message: `${at} must be ${keys.address}` });
  }
  const { length } = keys.slots;
  const slots = wire.list(value.slots, { min: length, max: length }, `${field}.slots`).map((slot, at) => {
    const trimmed = wire.bytes(slot, { max: 32 }, `${field}.slots.${at}`);
    if (trimmed.length === 0) return undefined;
    const word = new Uint8Array(32);
    word.set(trimmed, 32 - trimmed.length);
    return word;
  });
  return { account, slots };
}

function proofFromWire(
  message: executionV1.StorageProof,
  slot: Hash32,
  field: string,
): AccountProof['storageProofs'][number] {
  const nodes = wire.list(message.proof, { max: proofNodesMax }, `${field}.proof`);
  return {
    slot,
    value: wire.quantity(message.value, `${field}.value`),
    proof: nodes.map((node, at) => wire.bytes(node, { max: chainLimits.grpcMessageBytesMax }, `${field}.proof.${at}`)),
  };
}
