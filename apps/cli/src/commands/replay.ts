import { createEvm, warmPrecompiles, type Evm } from '@sheaf/evm';
import { isChainError } from '@sheaf/primitives';
import type { ForkRules } from '@sheaf/state-transition';
import { readBlockFile } from '../replay/block-file.ts';
import { cpuClock } from '../replay/cpu-clock.ts';
import { readMainnetBlock, type MainnetBlock } from '../replay/mainnet-block.ts';
import { outcomeOf, type Outcome } from '../replay/outcome.ts';
import { printBlock, printBlocks, toJson } from '../replay/print.ts';
import { runBlock } from '../replay/run-block.ts';
import { formatSeconds } from '../table.ts';

/** What the user waits without a word, and from one word to the next. */
const quietMs = 2_000;

/** Where a replay writes. */
export interface ReplayOutput {
  print(text: string): void;
  /** Progress, and what is wrong with a file. */
  say(sentence: string): void;
}

const standard: ReplayOutput = { print: (text) => console.log(text), say: (sentence) => console.error(sentence) };

/**
 * Executes the blocks of the files on so many members in one process, and prints what came of each. The exit code: 0, 1 when
 * a block is not what its header says, else 2 when a file is not a block; the other files are replayed all the same.
 */
export async function replay(
  files: readonly string[],
  { partitions, json }: { partitions: number; json: boolean },
  output = standard,
): Promise<number> {
  // The trusted setup of EIP-4844 takes seconds: the first block that asks for it waits.
  await warmPrecompiles({ pointEvaluation: false });
  const clock = cpuClock();
  const engines = new Engines(partitions);
  const outcomes: Outcome[] = [];
  const unreadable: string[] = [];
  const startedMs = performance.now();
  let saidMs = startedMs;
  for (const [index, file] of files.entries()) {
    const nowMs = performance.now();
    if (nowMs - saidMs >= quietMs) {
      saidMs = nowMs;
      output.say(`sheaf: ${index} of ${files.length} blocks after ${formatSeconds(nowMs - startedMs)} s`);
    }
    const read = await readMainnetFile(file);
    if (typeof read === 'string') {
      unreadable.push(read);
      output.say(`sheaf: ${read}`);
    } else {
      outcomes.push(outcomeOf(file, read, runBlock(read, engines.of(read.rules), clock)));
    }
  }
  if (json) output.print(toJson(outcomes, partitions, unreadable));
  else if (files.length === 1) outcomes.forEach((outcome) => output.print(printBlock(outcome)));
  else if (outcomes.length > 0) output.print(printBlocks(outcomes, partitions));
  if (outcomes.some(({ matches }) => matches === false)) return 1;
  return unreadable.length > 0 ? 2 : 0;
}

/** The block, or one sentence that says what is wrong with the file. */
async function readMainnetFile(file: string): Promise<MainnetBlock | string> {
  const document = await sentenceOf(() => readBlockFile(file));
  if (typeof document === 'string') return document;
  const block = await sentenceOf(() => readMainnetBlock(document.value));
  return typeof block === 'string' ? `${file}: ${block}` : block.value;
}

async function sentenceOf<Value>(read: () => Value | Promise<Value>): Promise<{ value: Value } | string> {
  try {
    return { value: await read() };
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return error.message;
    throw error;
  }
}

/** Each member has an engine of its own, as a process has; they are kept for all blocks of one fork. */
class Engines {
  readonly #members: number;
  #fork: string | undefined;
  #evms: Evm[] = [];

  constructor(members: number) {
    this.#members = members;
  }

  of({ fork, chainId }: ForkRules): readonly Evm[] {
    if (fork !== this.#fork) {
      this.#fork = fork;
      this.#evms = Array.from({ length: this.#members }, () => createEvm({ fork, chainId }));
    }
    return this.#evms;
  }
}
