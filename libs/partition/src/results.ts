// What an executor tells the coordinator of the runs that count: all that receipts and the list of what was dropped need.
import { Logs, type TransactionType } from '@sheaf/ethereum';
import { bytesToHex, type Address, type Hash32 } from '@sheaf/primitives';
import type { DropReason } from '@sheaf/state-transition';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import type { PositionRun, StepOutcome } from './position-run.ts';

export interface Result {
  position: number;
  outcome: StepOutcome;
}

export interface Results {
  /** The round that the runs were the last of: they count if there is none after it. */
  round: number;
  /** Hashes of codes that were read, with the first position that did. */
  codeReads: Map<Hash32, number>;
  /** Hashes of codes that accounts got, with the first position that did. */
  codesMade: Map<Hash32, number>;
  /** How many headers back BLOCKHASH looked. */
  ancestors: number;
  figures: MemberFigures;
}

/** What one member did for a block. */
export interface MemberFigures {
  /** Runs, those that were in vain among them. */
  runs: number;
  /** Gas of the runs that count. */
  gas: bigint;
  /** Keys that were asked of other members. */
  remoteReads: number;
}

export function resultsOf(runs: readonly (PositionRun | undefined)[], figures: MemberFigures, round: number): Results {
  const codeReads = new Map<Hash32, number>();
  const codesMade = new Map<Hash32, number>();
  let ancestors = 0;
  const first = (map: Map<Hash32, number>, hash: Hash32, position: number) => {
    if (!map.has(hash)) map.set(hash, position);
  };
  for (const run of runs) {
    if (run === undefined) continue;
    const { position } = run;
    for (const hash of run.codeReads) first(codeReads, hash, position);
    for (const { cell } of run.accounts) {
      for (const { position: at, code, codeHash } of cell.codes) {
        if (at === position && code !== undefined) first(codesMade, bytesToHex(codeHash) as Hash32, position);
      }
    }
    ancestors = Math.max(ancestors, run.ancestors);
  }
  return { round, codeReads, codesMade, ancestors, figures };
}

export function encodeResults({ round, codeReads, codesMade, ancestors, figures }: Results): Uint8Array {
  const writer = new ByteWriter(128);
  writer.number(round);
  for (const map of [codeReads, codesMade]) {
    writer.number(map.size);
    for (const [hash, position] of map) {
      writer.hex(hash);
      writer.number(position);
    }
  }
  writer.number(ancestors);
  writer.number(figures.runs);
  writer.natural(figures.gas);
  writer.number(figures.remoteReads);
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeResults(bytes: Uint8Array, end: number): Results {
  const reader = new ByteReader(bytes);
  const round = reader.number();
  const readMap = () => {
    const map = new Map<Hash32, number>();
    for (let left = reader.count(33); left > 0; left--) map.set(reader.hash(), reader.below(end, 'position'));
    return map;
  };
  const codeReads = readMap();
  const codesMade = readMap();
  const ancestors = reader.below(257, 'ancestor');
  const figures = { runs: reader.number(), gas: reader.natural(), remoteReads: reader.number() };
  reader.end();
  return { round, codeReads, codesMade, ancestors, figures };
}

/** Before all is known to be right: what positions came to. */
export function encodeOutcomes(results: readonly Result[]): Uint8Array {
  const writer = new ByteWriter(160 * results.length + 16);
  writeList(writer, results);
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeOutcomes(bytes: Uint8Array, end: number): Result[] {
  // Logs are views of it.
  const reader = new ByteReader(bytes.slice());
  const results = readList(reader, end);
  reader.end();
  return results;
}

function writeList(writer: ByteWriter, results: readonly Result[]): void {
  writer.number(results.length);
  for (const { position, outcome } of results) {
    writer.number(position);
    writeOutcome(writer, outcome);
  }
}

function readList(reader: ByteReader, end: number): Result[] {
  const results: Result[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    results.push({ position: reader.below(end, 'position'), outcome: readOutcome(reader) });
  }
  return results;
}

function writeOutcome(writer: ByteWriter, outcome: StepOutcome): void {
  switch (outcome.kind) {
    case 'system':
      writer.byte(0);
      writer.byte(systemStatuses.indexOf(outcome.status));
      if (outcome.status === 'success') writer.bytes(outcome.output ?? new Uint8Array(0));
      return;
    case 'withdrawals':
      writer.byte(1);
      return;
    case 'included':
      writer.byte(2);
      writeIncluded(writer, outcome);
      return;
    case 'dropped':
      writer.byte(3);
      writer.hex(outcome.hash);
      writer.text(outcome.reason);
      writer.text(outcome.cause ?? '');
      return;
  }
}

const systemStatuses = ['success', 'NO_CODE', 'FAILED'] as const;

function writeIncluded(writer: ByteWriter, outcome: StepOutcome & { kind: 'included' }): void {
  const { transaction, sender, applied } = outcome;
  const { success, gasUsed, blobGasUsed, effectiveGasPrice, contractAddress, logs } = applied;
  writer.hex(transaction.hash);
  writer.byte(transaction.type);
  writer.byte((success ? 1 : 0) | (transaction.to === undefined ? 0 : 2) | (contractAddress === undefined ? 0 : 4));
  writer.hex(sender);
  if (transaction.to !== undefined) writer.hex(transaction.to);
  if (contractAddress !== undefined) writer.hex(contractAddress);
  writer.natural(transaction.gasLimit);
  writer.natural(gasUsed);
  writer.natural(blobGasUsed);
  writer.natural(effectiveGasPrice);
  writer.bytes(logs.rlp);
}

function readOutcome(reader: ByteReader): StepOutcome {
  switch (reader.byte()) {
    case 0: {
      const status = systemStatuses[reader.below(3, 'status')]!;
      return { kind: 'system', status, output: status === 'success' ? reader.bytes().slice() : undefined };
    }
    case 1:
      return { kind: 'withdrawals' };
    case 2:
      return readIncluded(reader);
    case 3: {
      const hash = reader.hash();
      const reason = reader.text() as DropReason;
      const cause = reader.text();
      return { kind: 'dropped', hash, reason, cause: cause === '' ? undefined : cause, gasLimit: undefined };
    }
    default:
      throw malformed('has an outcome of no kind');
  }
}

function readIncluded(reader: ByteReader): StepOutcome {
  const hash = reader.hash();
  const type = reader.below(5, 'type') as TransactionType;
  const flags = reader.byte();
  const sender = reader.address();
  const to = (flags & 2) === 0 ? undefined : reader.address();
  const contractAddress: Address | undefined = (flags & 4) === 0 ? undefined : reader.address();
  const gasLimit = reader.natural();
  const gasUsed = reader.natural();
  const blobGasUsed = reader.natural();
  const effectiveGasPrice = reader.natural();
  const logs = Logs.read(reader.bytes(), 'message.logs');
  const success = (flags & 1) !== 0;
  const applied = { success, gasUsed, blobGasUsed, effectiveGasPrice, contractAddress, logs };
  return { kind: 'included', transaction: { hash, type, to, gasLimit }, sender, applied };
}
