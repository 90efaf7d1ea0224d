import { bytesToHex } from '@sheaf/primitives';
import type { BlockTask } from '@sheaf/state-transition';
import { malformed } from './bytes.ts';
import { ConflictGraph } from './conflict-graph.ts';
import { coordinator } from './coordinator.ts';
import { partitionLimits } from './limits.ts';
import type { Plan } from './messages.ts';
import { placeAgain } from './placement.ts';
import { decodeReport, type ReportedPosition } from './report.ts';
import { skim } from './skim.ts';
import type { Step } from './steps.ts';
import { agree, decodeSummary, type Summary } from './summary.ts';

export interface ValidationOptions {
  task: BlockTask;
  steps: readonly Step[];
  members: number;
  /** The member of each position. */
  placed: Uint8Array;
  /** Contracts whose calls have met: more are put in here. */
  serial: Set<string>;
}

/** What the coordinator does next: nothing until more comes, ask for the details, have positions run again, or finish. */
export type Verdict = 'wait' | 'details' | 'right' | Plan;

/** The coordinator's word on what the members ran: whether it is what the sequential run of the block would have been. */
export class Validation {
  /** How many positions ran in each round. */
  readonly positions: number[];
  /** Whether all others had summed up when the coordinator did. */
  coordinatorLast = false;
  readonly #options: ValidationOptions;
  readonly #summaries: (Summary | undefined)[] = [];
  readonly #graph = new ConflictGraph();
  readonly #reports: (ReportedPosition | undefined)[] = [];
  readonly #ranOn: number[];
  #round = 1;
  #summariesAwaited: number;
  /** Members that have not reported what they ran in this round. */
  readonly #reportsDue = new Set<number>();
  #withoutGas = new Set<number>();

  constructor(options: ValidationOptions) {
    this.#options = options;
    this.#ranOn = [...options.placed];
    this.#summariesAwaited = options.members;
    this.positions = [options.placed.length];
  }

  /** @throws ChainError `INVALID_ARGUMENT` for what no member would say now */
  onSummary(from: number, body: Uint8Array): Verdict {
    const { members, placed, task } = this.#options;
    if (this.#summariesAwaited === 0 || this.#summaries[from] !== undefined) throw malformed('sums up again');
    const summary = decodeSummary(body);
    const count = placed.reduce((sum, member) => (member === from ? sum + 1 : sum), 0);
    if (summary.positions !== count) throw malformed(`sums up ${summary.positions} of ${count} positions`);
    this.#summaries[from] = summary;
    this.#summariesAwaited -= 1;
    if (from === coordinator) this.coordinatorLast = this.#summariesAwaited === 0;
    if (this.#summariesAwaited > 0) return 'wait';
    if (agree(this.#summaries as Summary[], task.fields.gasLimit)) return 'right';
    for (let member = 0; member < members; member++) this.#reportsDue.add(member);
    return 'details';
  }

  /** The member that ran the position last, or is to run it now. */
  ranOn(position: number): number {
    return this.#ranOn[position]!;
  }

  /** @throws ChainError `INVALID_ARGUMENT` for what no member would say now */
  onReport(from: number, body: Uint8Array): Verdict {
    if (!this.#reportsDue.delete(from)) throw malformed('reports what nobody asked for');
    const report = decodeReport(body, this.#options.steps.length);
    this.#graph.add(from, report, this.#round > 1);
    for (const each of report.positions) {
      if (this.#ranOn[each.position] !== from) throw malformed(`reports position ${each.position} of another member`);
      this.#reports[each.position] = each;
    }
    return this.#reportsDue.size > 0 ? 'wait' : this.#validate();
  }

  #validate(): Verdict {
    const wrong = this.#graph.wrong();
    const withoutGas = this.#checkGas(wrong);
    if (wrong.size === 0) return 'right';
    const { members, steps } = this.#options;
    const end = steps.length;
    for (const position of wrong) this.#noteSerial(position);
    this.#round += 1;
    let again = this.#graph.closure(wrong, end);
    const last = this.#round > partitionLimits.roundsMax;
    if (last) again = range(again[0]!, end);
    const groups = last ? [again] : this.#graph.components(again, end);
    const placed = placeAgain(
      groups,
      (position) => Number(this.#reports[position]?.gasUsed ?? 0n) + 1,
      (position) => this.#ranOn[position]!,
      members,
    );
    const keys = this.#graph.writtenKeys(again, end);
    const wanted = Array.from({ length: members }, () => new Set<number>());
    for (const position of again) for (const id of keys.get(position)!) wanted[placed.get(position)!]!.add(id);
    this.#graph.remove(new Set(again));
    for (const position of again) this.#ranOn[position] = placed.get(position)!;
    this.#withoutGas = withoutGas;
    for (const member of placed.values()) this.#reportsDue.add(member);
    this.positions.push(again.length);
    return {
      round: this.#round,
      again: again.map((position) => ({ position, member: placed.get(position)! })),
      withoutGas: [...withoutGas],
      wanted: wanted.map((ids) => [...ids]),
    };
  }

  /** Calls of what the position calls are to run on one member from now on. */
  #noteSerial(position: number): void {
    const { steps, task, serial } = this.#options;
    const step = steps[position]!;
    const to = step.kind === 'transaction' ? skim(task.transactions[step.index]!)?.to : undefined;
    if (to === undefined) return;
    if (serial.size >= partitionLimits.serialContractsMax) serial.clear();
    serial.add(bytesToHex(to));
  }

  /** Which transactions the block's gas does not suffice for; those that ran as if it were otherwise are wrong. */
  #checkGas(wrong: Set<number>): Set<number> {
    const { gasLimit } = this.#options.task.fields;
    const without = new Set<number>();
    let used = 0n;
    for (const [position, report] of this.#reports.entries()) {
      if (report?.gasLimit === undefined) continue;
      const fits = report.gasLimit <= gasLimit - used;
      if (!fits) without.add(position);
      if (fits === this.#withoutGas.has(position)) wrong.add(position);
      else if (report.included) used += report.gasUsed;
    }
    return without;
  }
}

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}
