import { RlpReader, type Hash32 } from '@sheaf/primitives';
import { encodeAccessList, type AccessList } from '@sheaf/state';
import type { BlockTask, ExecutedBlock, ForkRules } from '@sheaf/state-transition';
import { bucketPosition, decodeTop, encodeTop, type TopNode } from '@sheaf/trie';
import { assembleBlock, BodyAssembly, type AssembledBody } from './assemble-block.ts';
import { bucketsOf } from './buckets.ts';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { digestOfTops } from './digest-of-tops.ts';
import type { MemberFigures, Result, Results } from './results.ts';
import type { Step } from './steps.ts';

/** The block as its coordinator puts it together. One a member where it is a list. */
export interface MadeBlock {
  block: ExecutedBlock;
  accessLists: Uint8Array[];
  topsDigests: Uint8Array[];
  codeReads: Hash32[];
  /** How many ancestors' headers the block read, the parent's among them. */
  ancestorsRead: number;
  /** Whether receipts were left to be made when all others had hashed. */
  late: boolean;
  figures: MemberFigures[];
}

/** What hangs at an owner's buckets. */
export function encodeTops(tops: readonly TopNode[]): Uint8Array {
  const writer = new ByteWriter(600 * tops.length);
  for (const top of tops) writer.bytes(encodeTop(top));
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeTops(bytes: Uint8Array, from: number, members: number): TopNode[] {
  const reader = new ByteReader(bytes);
  const { first, end } = bucketsOf(from, members);
  const tops: TopNode[] = [];
  for (let bucket = first; bucket < end; bucket++) {
    tops.push(decodeTop(reader.bytes().slice(), bucketPosition(bucket)));
  }
  reader.end();
  return tops;
}

/**
 * An access list as `encodeAccessList` writes it: three items in a list, and nothing after it. What they hold is its owner's word; only what a
 * member that catches up is to read must not be cut short.
 * @throws ChainError `INVALID_ARGUMENT`
 */
export function decodeOwnerList(bytes: Uint8Array): Uint8Array {
  const reader = new RlpReader(bytes, 0, 'accessList');
  for (let part = 0; part < 3; part++) reader.skip();
  if (!reader.done) throw malformed('has more than an access list');
  return bytes.slice();
}

/** Of the receipts, the part from which on it would have been of use to have more made while others ran. */
const manyLeft = 0.1;

/** The coordinator's putting together of the block, in steps of which each is done as soon as it can be. */
export class BlockAssembly {
  readonly #task: BlockTask;
  readonly #making: BodyAssembly;
  readonly #results: (Results | undefined)[];
  readonly #tops: (TopNode[] | undefined)[];
  /** Access lists of the members' accounts. */
  readonly #lists: (Uint8Array | undefined)[];
  #body: AssembledBody | undefined;
  /** Of its own accounts, until it is encoded: for that one has to know which codes the block read. */
  #ownList: Omit<AccessList, 'codeReads'> | undefined;
  #block: ExecutedBlock | undefined;
  /** When the last run was in, a good part of the receipts was still to be made; and it still was when all others had hashed. */
  #manyLeft = false;
  #late = false;

  constructor(task: BlockTask, steps: readonly Step[], rules: ForkRules, members: number) {
    this.#task = task;
    this.#making = new BodyAssembly(task, steps, rules);
    this.#results = new Array<Results | undefined>(members).fill(undefined);
    this.#tops = new Array<TopNode[] | undefined>(members).fill(undefined);
    this.#lists = new Array<Uint8Array | undefined>(members).fill(undefined);
  }

  /** What positions came to, as far as their members know; the last word on each is the one that counts. */
  takeOutcomes(results: readonly Result[]): void {
    if (this.#body !== undefined) throw malformed('tells of runs after the end');
    for (const { position, outcome } of results) this.#making.take(position, outcome);
  }

  /** The rest of it, of the round that it names. */
  takeResults(from: number, results: Results): void {
    if (results.round <= (this.#results[from]?.round ?? 0)) throw malformed('tells its results again');
    this.#results[from] = results;
  }

  takeTops(from: number, tops: TopNode[]): void {
    if (this.#tops[from] !== undefined) throw malformed('tells what hangs at its buckets again');
    this.#tops[from] = tops;
    const waitedFor = this.#tops.every((each, member) => each !== undefined || member === 0);
    if (waitedFor && from !== 0) this.#late = this.#manyLeft && this.#body === undefined;
  }

  /** As `encodeAccessList` writes it. */
  takeList(from: number, list: Uint8Array): void {
    if (this.#lists[from] !== undefined) throw malformed('tells its access list again');
    this.#lists[from] = list;
  }

  /** The coordinator's own, number 0. */
  takeOwnPart(tops: TopNode[], list: Omit<AccessList, 'codeReads'>): void {
    this.takeTops(0, tops);
    this.#ownList = list;
  }

  /** All runs are right. */
  begin(): void {
    this.#manyLeft = this.#making.left > manyLeft;
  }

  /** Something that the block will need, as far as one can tell by now. `false`: there is no more. */
  prepare(): boolean {
    if (this.#body !== undefined) return false;
    return this.#making.step();
  }

  /**
   * All runs of the round, the last one, are right. `true`: something was done; `false`: there is nothing to do until more comes.
   * @throws ChainError as `BodyAssembly.finish` does
   */
  step(round: number): boolean | MadeBlock {
    if (this.#body === undefined) {
      if (!allOfRound(round, this.#results)) return false;
      // In pieces: between them one hears of others that have hashed.
      if (this.#making.step()) return true;
      this.#body = this.#making.finish(this.#results as Results[]);
      return true;
    }
    const body = this.#body;
    if (this.#ownList !== undefined) {
      this.takeList(0, encodeAccessList({ ...this.#ownList, codeReads: body.codeReads }));
      this.#ownList = undefined;
      return true;
    }
    if (!isFull(this.#tops)) return false;
    if (this.#block === undefined) {
      this.#block = assembleBlock(this.#task, body, this.#tops.flat());
      return true;
    }
    if (!isFull(this.#lists)) return false;
    const { codeReads, ancestorsRead } = body;
    return {
      block: this.#block,
      accessLists: this.#lists,
      topsDigests: this.#tops.map(digestOfTops),
      codeReads,
      ancestorsRead,
      late: this.#late,
      figures: (this.#results as Results[]).map(({ figures }) => figures),
    };
  }
}

/** Whether all members have told theirs of the round. */
export function allOfRound(round: number, told: readonly ({ round: number } | undefined)[]): boolean {
  return told.every((each) => each?.round === round);
}

function isFull<T>(list: (T | undefined)[]): list is T[] {
  return list.every((each) => each !== undefined);
}
