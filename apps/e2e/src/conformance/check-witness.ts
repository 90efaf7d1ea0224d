import { receiptsRoot } from '@sheaf/ethereum';
import { createEvm } from '@sheaf/evm';
import { bytesToHex, toHeight, type Hash32 } from '@sheaf/primitives';
import {
  collectWitness,
  decodeWitness,
  encodeWitness,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  WitnessState,
  type AccessList,
  type BlockState,
  type StateWitness,
} from '@sheaf/state';
import { BlockOverlay, BlockRun, createForkRules } from '@sheaf/state-transition';
import { decodeBranch, decodePartial, encodePartial, PartialTrie, referenceAt, type PartialNode } from '@sheaf/trie';
import type { MainnetBlock } from './mainnet-block.ts';

const whole = new Uint8Array(0);

/** What a block is on one state. */
export interface Ran {
  receiptsRoot: Hash32;
  stateRoot: Hash32;
  accessList: AccessList;
}

/** A block on the whole state before it, and its witness. */
export interface Witnessed {
  ran: Ran;
  before: Hash32;
  witness: StateWitness;
  witnessBytes: number;
}

/** The block on its whole state; `remake` runs it on a witness. */
export function witnessBlock(block: MainnetBlock): Witnessed {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(block.setting.world.asChanges()), { height: toHeight(0) });
  const before = state.stateRoot();
  const ran = runBlock(block, {
    account: (address) => state.account(address),
    storage: (address, slot) => state.storage(address, slot),
    code: (codeHash) => state.code(codeHash),
    rootAfter: (changes) => state.stateRoot(state.prepare(changes).tops),
  });
  const encoded = encodeWitness(collectWitness(new PartitionReader(kv).at(toHeight(0)), ran.accessList));
  return { ran, before, witness: decodeWitness(encoded), witnessBytes: encoded.length };
}

/** @throws ChainError when the witness does not suffice */
export function remake(block: MainnetBlock, { before }: Witnessed, witness: StateWitness): Ran {
  return runBlock(block, new WitnessState(witness, before));
}

/** The witness with one node of its account trie known by its hash alone: the `pick`th that is not the root. */
export function loseNode(witness: StateWitness, pick: number): StateWitness | undefined {
  const top = decodePartial(witness.accounts, whole, 'accounts');
  const known = new PartialTrie(top);
  const places: { children: (PartialNode | undefined)[]; nibble: number; at: Uint8Array }[] = [];
  const visit = (node: PartialNode, at: Uint8Array): void => {
    if (node.kind !== 'branch') return;
    const children = node.children as (PartialNode | undefined)[];
    for (const [nibble, child] of children.entries()) {
      if (child === undefined || child.kind === 'hash') continue;
      places.push({ children, nibble, at });
      visit(child, Uint8Array.of(...at, ...node.extension, nibble));
    }
  };
  if (top !== undefined) visit(top, whole);
  if (places.length === 0) return undefined;
  const { children, nibble, at } = places[pick % places.length]!;
  const hash = referenceAt(decodeBranch(known.branch(0, at)!), nibble)!;
  children[nibble] = { kind: 'hash', hash };
  return { ...witness, accounts: encodePartial(top, whole) };
}

function runBlock(block: MainnetBlock, state: BlockState): Ran {
  const { fork, chainId, environment, gasMax = environment.gasLimit, blockHash } = block.setting;
  const rules = createForkRules({ fork, chainId });
  const codes = new Set<Hash32>();
  const noting = {
    account: (address: Uint8Array) => state.account(address),
    storage: (address: Uint8Array, slot: Uint8Array) => state.storage(address, slot),
    code: (codeHash: Uint8Array) => {
      codes.add(bytesToHex(codeHash) as Hash32);
      return state.code(codeHash);
    },
  };
  const overlay = new BlockOverlay(noting, blockHash);
  const run = new BlockRun(createEvm({ fork, chainId }), rules, overlay, { ...environment, gasLimit: gasMax });
  for (const { transaction, sender, hash } of block.transactions) {
    run.transaction({ ...transaction, hash } as Parameters<BlockRun['transaction']>[0], sender);
  }
  const { changes, accesses } = overlay.touched();
  return {
    receiptsRoot: receiptsRoot(run.receipts),
    stateRoot: state.rootAfter(changes),
    accessList: { accounts: accesses, codes: changes.codes, codeReads: [...codes] },
  };
}
