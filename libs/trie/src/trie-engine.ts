import { assert, bytesToHex, ChainError, hexToBytes } from '@sheaf/primitives';
import { damaged, invalid } from './errors.ts';
import * as layout from './layout.ts';
import { limits } from './limits.ts';
import { Machine } from './machine.ts';
import type { ChangedBranch, LeafChange, TrieBatch, TrieCommit } from './trie-batch.ts';
import type { TopNode, TrieOwner, TrieSource } from './trie-source.ts';

/** keccak256 of the empty string's RLP. */
const emptyRoot = hexToBytes('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');

/** Changes tries. Synchronous, and one commit at a time; it keeps memory between commits, but nothing of any trie. */
export interface TrieEngine {
  /**
   * What the changes make of the tries that the source has. All batches are hashed together, so many small tries take
   * little more than one large one. The source is not changed, and is asked for what lies on the way to the changes
   * and, when a branch is left with one child, for that child. The positions that it is given are valid until it
   * answers.
   *
   * Batches are by rising (owner, position), and none below another. Their arrays are read before the source is asked,
   * and not kept.
   *
   * @throws ChainError `INVALID_ARGUMENT` for batches that are not as `trie-batch.ts` says, `DATA_LOSS` when the source
   *   lacks a node or gives another, or has a key or lacks it against what a change says, as far as that is seen
   *   without reading more, `LIMIT` when a commit needs more memory than there may be; and whatever the source throws
   */
  commit(batches: readonly TrieBatch[], source: TrieSource, options?: CommitOptions): TrieCommit;
  /**
   * The source has what the commit made of it from now on: its branches are in the cache. Whoever has a cache says so
   * for every commit that its source follows, and uses the engine for that source alone.
   */
  keep(commit: TrieCommit): void;
  stats(): TrieEngineStats;
}

export interface CommitOptions {
  /** Leaves diff and nodes where they are, until the next commit: a full block's are ten megabytes. */
  lend?: boolean;
}

/** Look-ups of branches since the engine was made. */
export interface TrieEngineStats {
  cacheBytes: number;
  cacheHits: number;
  cacheMisses: number;
}

export interface TrieEngineOptions {
  /** Memory in which branches of the source are kept between commits: none by default. Fixed, and taken at once. */
  cacheBytes?: number;
  /** Memory that a commit may take: about a kilobyte for each change. */
  memoryBytesMax?: number;
}

/** An engine. WebAssembly is compiled with the first commit. */
export function createTrieEngine({
  memoryBytesMax = limits.memoryBytesMax,
  cacheBytes = 0,
}: TrieEngineOptions = {}): TrieEngine {
  return new WasmTrieEngine(Math.min(memoryBytesMax + cacheBytes, limits.memoryBytesMax), cacheBytes);
}

class WasmTrieEngine implements TrieEngine {
  readonly #memoryBytesMax: number;
  #machine: Machine | undefined;
  readonly #cacheBytes: number;
  /** The last commit, when it is still in the machine. */
  #lent: { commit: TrieCommit; rows: number; rowsEnd: number } | undefined;
  /** That of the running commit. */
  #source: TrieSource | undefined;

  constructor(memoryBytesMax: number, cacheBytes: number) {
    this.#memoryBytesMax = memoryBytesMax;
    this.#cacheBytes = cacheBytes;
  }

  stats(): TrieEngineStats {
    return {
      cacheBytes: this.#cacheBytes,
      cacheHits: this.#machine?.exports.cacheHits() ?? 0,
      cacheMisses: this.#machine?.exports.cacheMisses() ?? 0,
    };
  }

  keep(commit: TrieCommit): void {
    const machine = this.#machine;
    if (machine === undefined || this.#cacheBytes === 0) return;
    if (this.#lent?.commit === commit) {
      machine.exports.keepRows(this.#lent.rows, this.#lent.rowsEnd);
      return;
    }
    const at = machine.exports.allocate(64 + layout.RECORD_BYTES_MAX) >>> 0;
    for (const { owner, position, after } of commit.nodes) {
      machine.bytes.set(position, at);
      if (after !== undefined) machine.bytes.set(after, at + 64);
      machine.exports.keepRecord(owner, at, position.length, at + 64, after?.length ?? 0);
    }
  }

  commit(batches: readonly TrieBatch[], source: TrieSource, { lend = false }: CommitOptions = {}): TrieCommit {
    if (this.#source !== undefined) throw new Error('assertion failed: a source commits to the engine that asks it');
    const inputBytes = checkBatches(batches);
    if (inputBytes > this.#memoryBytesMax) throw this.#outOfMemory();
    const machine = (this.#machine ??= this.#openMachine());
    this.#lent = undefined;
    this.#source = source;
    try {
      machine.exports.begin(this.#memoryBytesMax);
      const first = machine.exports.allocate(layout.BATCH_BYTES * batches.length) >>> 0;
      writeBatches(machine, batches, first);
      const result = machine.exports.commit(first, first + layout.BATCH_BYTES * batches.length) >>> 0;
      return this.#readCommit(machine, batches, first, result, lend);
    } finally {
      this.#source = undefined;
      // What is lent and what is cached goes with it: views of the memory stay as they are.
      if (machine.bytes.length > this.#cacheBytes + limits.memoryBytesKept) this.#machine = undefined;
    }
  }

  /** Copies out of the machine what is not lent. */
  #readCommit(
    machine: Machine,
    batches: readonly TrieBatch[],
    first: number,
    result: number,
    lend: boolean,
  ): TrieCommit {
    const { bytes, ints } = machine;
    const number = (field: number) => ints[(result + field) >>> 2]!;
    const tops: TopNode[] = [];
    const roots: Uint8Array[] = [];
    for (let i = 0, at = first; i < batches.length; i++, at += layout.BATCH_BYTES) {
      const top = readTop(machine, at);
      tops.push(top);
      roots.push(
        top.kind === 'empty' ? emptyRoot.slice() : bytes.slice(at + layout.BATCH_ROOT, at + layout.BATCH_POSITION),
      );
    }
    const take = (from: number, to: number): Region =>
      lend ? { bytes, at: 0 } : { bytes: bytes.slice(from, to), at: from };
    const [diffAt, diffEnd] = [number(layout.RESULT_DIFF), number(layout.RESULT_DIFF_END)];
    const diff = take(diffAt, diffEnd);
    const records = take(number(layout.RESULT_RECORDS), number(layout.RESULT_RECORDS_END));
    const [rowsAt, rowsEnd] = [number(layout.RESULT_ROWS), number(layout.RESULT_ROWS_END)];
    const rows = ints.slice(rowsAt >>> 2, rowsEnd >>> 2);
    const owners = batches.map(({ owner }) => owner);
    const isValid = (): boolean => !lend || this.#lent?.commit === commit;
    const commit: TrieCommit = {
      tops,
      roots,
      diff: diff.bytes.subarray(diffAt - diff.at, diffEnd - diff.at),
      get valid() {
        return isValid();
      },
      nodes: {
        *[Symbol.iterator]() {
          assert(isValid(), 'what an engine lends is read before it commits again');
          yield* nodesOf(rows, (batch) => owners[(batch - first) / layout.BATCH_BYTES]!, diff, records);
        },
      },
    };
    if (lend) this.#lent = { commit, rows: rowsAt, rowsEnd };
    return commit;
  }

  #openMachine(): Machine {
    return new Machine(
      {
        readBranch: (owner, depth, out) => this.#readBranch(owner, depth, out >>> 0),
        readLeaf: (owner, depth) => this.#readLeaf(owner, depth),
        fail: (reason, depth, key) => this.#fail(reason, depth, key >>> 0),
      },
      this.#cacheBytes,
    );
  }

  #readBranch(owner: TrieOwner, depth: number, out: number): number {
    const machine = this.#machine!;
    const record = this.#source!.branch(owner, machine.path(depth));
    if (record === undefined) return 0;
    if (record.length === 0 || record.length > layout.RECORD_BYTES_MAX) this.#fail(layout.FAIL_RECORD, depth, 0);
    machine.bytes.set(record, out);
    return record.length;
  }

  #readLeaf(owner: TrieOwner, depth: number): number {
    const machine = this.#machine!;
    const leaf = this.#source!.leaf(owner, machine.path(depth));
    if (leaf === undefined) return 0;
    const { key, value } = leaf;
    if (key.length !== 32 || value.length === 0 || value.length > limits.valueBytesMax) {
      throw damaged(`the leaf at ${nibblesToHex(machine.path(depth))} has a key or a value of a wrong size`);
    }
    const at = machine.exports.allocate(layout.LEAF_BYTES + value.length) >>> 0;
    writeLeaf(machine, at, key, value, at + layout.LEAF_BYTES);
    return at;
  }

  #fail(reason: number, depth: number, key: number): never {
    const { bytes } = this.#machine!;
    if (reason === layout.FAIL_MEMORY) throw this.#outOfMemory();
    if (depth > 64) {
      const hex = bytesToHex(bytes.subarray(key, key + 32));
      throw damaged(`the change of ${hex} is wrong about whether the trie has the key`);
    }
    const at = nibblesToHex(this.#machine!.path(depth));
    switch (reason) {
      case layout.FAIL_BRANCH_MISSING:
        throw damaged(`branch at ${at} is missing`);
      case layout.FAIL_LEAF_MISSING:
        throw damaged(`leaf at ${at} is missing`);
      case layout.FAIL_LEAF_ELSEWHERE:
        throw damaged(`leaf at ${at} has another key`);
      case layout.FAIL_EXISTED:
        throw damaged(`a change at ${at} is wrong about whether the trie has its key`);
      default:
        throw damaged(`the branch record at ${at} is damaged`);
    }
  }

  #outOfMemory(): ChainError {
    const message = `a commit of tries takes more than ${this.#memoryBytesMax} bytes`;
    return new ChainError({ code: 'LIMIT', message, retryAfterMs: 0 });
  }
}

/** Bytes that the batches take in the machine. @throws ChainError `INVALID_ARGUMENT`; the order of keys is not checked */
function checkBatches(batches: readonly TrieBatch[]): number {
  let bytes = layout.BATCH_BYTES * batches.length;
  for (let i = 0; i < batches.length; i++) {
    const { owner, position, changes } = batches[i]!;
    if (!Number.isInteger(owner) || owner < 0 || owner >= limits.ownersMax) {
      throw invalid(`batches[${i}].owner`, 'is no integer below 2^48');
    }
    if (position.length > limits.positionNibblesMax || position.some((nibble) => nibble > 15)) {
      throw invalid(`batches[${i}].position`, `is not up to ${limits.positionNibblesMax} nibbles`);
    }
    if (i > 0 && !follows(batches[i - 1]!, batches[i]!)) {
      throw invalid(`batches[${i}]`, 'is not behind the one before, or is below it');
    }
    for (let j = 0; j < changes.length; j++) {
      const { key, value } = changes[j]!;
      if (key.length !== 32) throw invalid(`batches[${i}].changes[${j}].key`, 'is not 32 bytes');
      if (value === undefined) continue;
      if (value.length === 0 || value.length > limits.valueBytesMax) {
        throw invalid(`batches[${i}].changes[${j}].value`, `is not 1 to ${limits.valueBytesMax} bytes`);
      }
      bytes += value.length;
    }
    bytes += layout.LEAF_BYTES * changes.length;
  }
  return bytes;
}

/** Whether `next` is of a higher owner or position, and not below the batch before. */
function follows(batch: TrieBatch, next: TrieBatch): boolean {
  if (batch.owner !== next.owner) return batch.owner < next.owner;
  const a = batch.position;
  const b = next.position;
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

/** @throws ChainError `INVALID_ARGUMENT` for keys that are out of order or outside the position */
function writeBatches(machine: Machine, batches: readonly TrieBatch[], first: number): void {
  for (let i = 0, at = first; i < batches.length; i++, at += layout.BATCH_BYTES) {
    const { owner, position, changes } = batches[i]!;
    const changesAt = writeChanges(machine, changes);
    new DataView(machine.bytes.buffer).setFloat64(at + layout.BATCH_OWNER, owner, true);
    const { ints } = machine;
    ints[(at + layout.BATCH_FIRST) >>> 2] = changesAt;
    ints[(at + layout.BATCH_END) >>> 2] = changesAt + layout.LEAF_BYTES * changes.length;
    ints[(at + layout.BATCH_DEPTH) >>> 2] = position.length;
    machine.bytes.set(position, at + layout.BATCH_POSITION);
    const misplaced = machine.exports.misplacedChange(at);
    if (misplaced >= 0) {
      throw invalid(
        `batches[${i}].changes[${misplaced}].key`,
        'is not above the one before, or not below the position',
      );
    }
  }
}

/** Where they are. */
function writeChanges(machine: Machine, changes: readonly LeafChange[]): number {
  let valueBytes = 0;
  for (const { value } of changes) valueBytes += value?.length ?? 0;
  const first = machine.exports.allocate(layout.LEAF_BYTES * changes.length + valueBytes) >>> 0;
  const { ints } = machine;
  let valueAt = first + layout.LEAF_BYTES * changes.length;
  for (let i = 0, at = first; i < changes.length; i++, at += layout.LEAF_BYTES) {
    const { key, value, existed } = changes[i]!;
    writeLeaf(machine, at, key, value, valueAt);
    ints[(at + layout.LEAF_EXISTED) >>> 2] = existed ? 1 : 0;
    valueAt += value?.length ?? 0;
  }
  return first;
}

function writeLeaf(
  machine: Machine,
  at: number,
  key: Uint8Array,
  value: Uint8Array | undefined,
  valueAt: number,
): void {
  const { bytes, ints } = machine;
  // Measured in Node 20: `set` takes 15 ns for 32 bytes and 20 for 120, a loop in JavaScript 50 and 190.
  bytes.set(key, at + layout.LEAF_KEY);
  if (value !== undefined) bytes.set(value, valueAt);
  ints[(at + layout.LEAF_VALUE) >>> 2] = valueAt;
  ints[(at + layout.LEAF_SIZE) >>> 2] = value?.length ?? 0;
}

/** A part of the machine's memory, or a copy of one, whose first byte has the address `at`. */
interface Region {
  bytes: Uint8Array;
  at: number;
}

function* nodesOf(
  rows: Uint32Array,
  ownerOf: (batch: number) => TrieOwner,
  diff: Region,
  records: Region,
): Generator<ChangedBranch> {
  for (let row = 0; row < rows.length; row += layout.ROW_BYTES / 4) {
    const sizes = rows[row + layout.ROW_SIZES / 4]!;
    const position = rows[row + layout.ROW_POSITION / 4]! - diff.at;
    const record = rows[row + layout.ROW_RECORD / 4]! - records.at;
    const size = sizes & 0xffff;
    yield {
      owner: ownerOf(rows[row]!),
      position: diff.bytes.subarray(position, position + (sizes >>> 16)),
      after: size === 0 ? undefined : records.bytes.subarray(record, record + size),
    };
  }
}

function readTop({ bytes, ints }: Machine, batch: number): TopNode {
  const node = ints[(batch + layout.BATCH_NODE) >>> 2]!;
  switch (ints[(batch + layout.BATCH_TOP) >>> 2]) {
    case layout.TOP_EMPTY:
      return { kind: 'empty' };
    case layout.TOP_LEAF: {
      const value = ints[(node + layout.LEAF_VALUE) >>> 2]!;
      const size = ints[(node + layout.LEAF_SIZE) >>> 2]!;
      return { kind: 'leaf', key: bytes.slice(node, node + 32), value: bytes.slice(value, value + size) };
    }
    default: {
      const size = ints[(batch + layout.BATCH_RECORD_SIZE) >>> 2]!;
      return { kind: 'branch', record: bytes.slice(node, node + size) };
    }
  }
}

function nibblesToHex(nibbles: Uint8Array): string {
  return `[${Array.from(nibbles, (nibble) => nibble.toString(16)).join('')}]`;
}
