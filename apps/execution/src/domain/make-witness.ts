import { encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import { bytesToHex, ChainError, hexToBytes, toAddress, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import {
  collectWitness,
  collectWitnessPart,
  encodeWitness,
  encodeWitnessPart,
  joinWitness,
  type AccessList,
  type StateAt,
  type StateWitness,
} from '@sheaf/state';
import type { Witness } from '@sheaf/state-transition';
import type { LaneReads } from '../lane-ports.ts';
import type { BlockStore } from '../ports.ts';

/**
 * The witness of a block that was executed, from what it read and the state before it; with `lane`, at the coordinator, from the
 * parts that all members have of that.
 * @throws ChainError `NOT_FOUND` when that state is not kept any more, `DATA_LOSS`; what `lane` throws
 */
export async function makeWitness(height: Height, store: BlockStore, lane?: LaneReads): Promise<Witness> {
  store.refresh();
  const before = store.stateAt(toHeight(height - 1n));
  const reads = readsOf(height, store);
  const headers = Array.from({ length: reads.ancestors }, (_, index) =>
    encodeHeader(headerAt(toHeight(height - 1n - BigInt(index)), store)),
  );
  const witness =
    lane === undefined
      ? collectWitness(before, reads.accessList)
      : await joinParts(height, before, reads.accessList, store, lane);
  return { state: encodeWitness(witness), headers };
}

/** The part of it that this member has, and which of the codes: their indexes. @throws likewise */
export function makeWitnessPart(
  height: Height,
  codeHashes: readonly Hash32[],
  store: BlockStore,
): { part: Uint8Array; codes: number[] } {
  store.refresh();
  const before = store.stateAt(toHeight(height - 1n));
  const { accounts } = readsOf(height, store).accessList;
  const codes = codeHashes.flatMap((hash, index) => (before.findCode(hexToBytes(hash)) === undefined ? [] : [index]));
  return { part: encodeWitnessPart(collectWitnessPart(before, accounts)), codes };
}

async function joinParts(
  height: Height,
  before: StateAt,
  { accounts, codeReads }: AccessList,
  store: BlockStore,
  lane: LaneReads,
): Promise<StateWitness> {
  const codes = new Map(codeReads.map((hash) => [hash, before.findCode(hexToBytes(hash))]));
  const elsewhere = [...codes].flatMap(([hash, code]) => (code === undefined ? [hash] : []));
  const block = { height, hash: headerHash(headerAt(height, store)) };
  const others = Array.from({ length: lane.members }, (_, member) => member).filter((member) => member !== lane.member);
  const asking = Promise.all(others.map((member) => lane.witnessPart(member, block, elsewhere, {})));
  // What fails here fails the whole; what fails there is told when it is awaited.
  asking.catch(() => undefined);
  const own = collectWitnessPart(
    before,
    accounts.filter(({ address }) => lane.ownerOf(toAddress(address)) === lane.member),
  );
  const answers = await asking;
  const wanted = new Map<number, Hash32[]>();
  elsewhere.forEach((hash, index) => {
    const at = answers.findIndex((answer) => answer.codes.includes(index));
    if (at < 0) throw new ChainError({ code: 'DATA_LOSS', message: `no member has code ${hash}` });
    wanted.set(others[at]!, [...(wanted.get(others[at]!) ?? []), hash]);
  });
  const fetching = [...wanted].map(async ([member, hashes]) => {
    const found = await lane.codes(member, hashes, {});
    hashes.forEach((hash, index) => codes.set(hash, found[index]!));
  });
  await Promise.all(fetching);
  const sorted = [...codes.keys()].sort().map((hash) => codes.get(hash)!);
  const { root, ...witness } = joinWitness([own, ...answers.map(({ part }) => part)], sorted);
  const { stateRoot } = headerAt(toHeight(height - 1n), store);
  if (bytesToHex(root) !== stateRoot) {
    const message = `the members' states before block ${height} have root ${bytesToHex(root)}, its parent has ${stateRoot}`;
    throw new ChainError({ code: 'DATA_LOSS', message });
  }
  return witness;
}

function readsOf(height: Height, store: BlockStore): { accessList: AccessList; ancestors: number } {
  const reads = store.reads(height);
  if (reads === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `what block ${height} read is missing` });
  return reads;
}

function headerAt(height: Height, store: BlockStore): Header {
  const header = store.header(height);
  if (header === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `header ${height} is missing` });
  return header;
}
