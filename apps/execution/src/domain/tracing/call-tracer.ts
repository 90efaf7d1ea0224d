import { revertReason } from '@sheaf/ethereum';
import { bytesToHex, type Address, type Hex } from '@sheaf/primitives';
import type { Tracer } from '@sheaf/proto';
import type { TraceBudget } from './trace-budget.ts';
import type { MessageEnd, MessageStart, RunTracer, TraceLog, TraceSubject } from './tracer.ts';

type Options = Extract<Tracer, { kind: 'call' }>;

interface Frame {
  start: Omit<MessageStart, 'input'>;
  input: Hex;
  end: { gasUsed: bigint; to: Address | undefined; output: Hex; error: string | undefined; reason: string | undefined };
  calls: Frame[];
  logs: (TraceLog & { position: number; index: number })[];
  /** Of the logs of the block, when it began. */
  logsBefore: number;
}

/** About what a frame's names and numbers take. */
const frameCharacters = 250;
const logCharacters = 200;

/** geth's call tracer: every message with those within it. */
export function createCallTracer(options: Options, subject: TraceSubject, budget: TraceBudget): RunTracer {
  const open: Frame[] = [];
  let first: Frame | undefined;
  let depth = 0;
  let logs = subject.logsBefore;
  const told = (at: number): boolean => at === 1 || !options.onlyTopCall;

  return {
    enter({ input, ...start }) {
      depth += 1;
      if (!told(depth)) return;
      budget.write(frameCharacters + 2 * input.length);
      const end = { gasUsed: 0n, to: start.to, output: '0x' as Hex, error: undefined, reason: undefined };
      const frame: Frame = { start, input: bytesToHex(input), end, calls: [], logs: [], logsBefore: logs };
      open.at(-1)?.calls.push(frame);
      first ??= frame;
      open.push(frame);
    },
    exit(end) {
      depth -= 1;
      if (!told(depth + 1)) return;
      const frame = open.pop()!;
      budget.write(2 * end.output.length + (end.error?.length ?? 0));
      frame.end = endOf(frame, end);
      // What a message that fails has logged is not logged.
      if (end.error !== undefined) logs = frame.logsBefore;
    },
    ...(options.withLog && {
      log(log: TraceLog) {
        const index = logs++;
        if (!told(depth)) return;
        budget.write(logCharacters + log.data.length);
        const frame = open.at(-1)!;
        frame.logs.push({ ...log, position: frame.calls.length, index });
      },
    }),
    finish({ gasUsed }) {
      const frame = first!;
      frame.start.gas = subject.gasLimit;
      frame.end.gasUsed = gasUsed;
      return frameText(frame, false);
    },
  };
}

function endOf({ start }: Frame, { gasUsed, output, error, created }: MessageEnd): Frame['end'] {
  const creates = start.kind === 'CREATE' || start.kind === 'CREATE2';
  if (error === undefined) {
    return { gasUsed, to: creates ? created : start.to, output: bytesToHex(output), error, reason: undefined };
  }
  const reverted = error === 'execution reverted';
  return {
    gasUsed,
    to: creates ? undefined : start.to,
    output: reverted ? bytesToHex(output) : '0x',
    error,
    reason: reverted ? revertReason(output) : undefined,
  };
}

/** In geth's order of fields. */
function frameText(frame: Frame, failedAbove: boolean): string {
  const { start, input, end, calls, logs } = frame;
  const failed = failedAbove || end.error !== undefined;
  const fields = [
    `"from":"${start.from}"`,
    `"gas":"0x${start.gas.toString(16)}"`,
    `"gasUsed":"0x${end.gasUsed.toString(16)}"`,
    end.to === undefined ? '' : `"to":"${end.to}"`,
    `"input":"${input}"`,
    end.output === '0x' ? '' : `"output":"${end.output}"`,
    end.error === undefined ? '' : `"error":${JSON.stringify(end.error)}`,
    end.reason === undefined ? '' : `"revertReason":${JSON.stringify(end.reason)}`,
    calls.length === 0 ? '' : `"calls":[${calls.map((call) => frameText(call, failed)).join(',')}]`,
    failed || logs.length === 0 ? '' : `"logs":[${logs.map(logText).join(',')}]`,
    start.value === undefined ? '' : `"value":"0x${start.value.toString(16)}"`,
    `"type":"${start.kind}"`,
  ];
  return `{${fields.filter((field) => field !== '').join(',')}}`;
}

function logText({ address, topics, data, position, index }: Frame['logs'][number]): string {
  const at = `"index":"0x${index.toString(16)}","position":"0x${position.toString(16)}"`;
  return `{"address":"${address}","topics":[${topics.map((topic) => `"${topic}"`).join(',')}],"data":"${data}",${at}}`;
}
