import { bytesToHex, type Address } from '@sheaf/primitives';
import type { Tracer } from '@sheaf/proto';
import { op } from './instructions.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { RunTracer, Step, TraceOutcome } from './tracer.ts';

type Options = Extract<Tracer, { kind: 'struct' }>;
type Storage = Map<string, string>;

/**
 * The opcode logger of execution-apis (schemas/opcode-tracer.yaml), with what geth leaves out when it is empty left out. The text is made
 * as it goes, so that it is bounded.
 */
export function createStructLogger(options: Options, budget: TraceBudget): RunTracer {
  const logs: string[] = [];
  /** What each contract has read and written of its storage so far. */
  const storages = new Map<Address, Storage>();

  function push(text: string): void {
    budget.write(text.length + 1);
    logs.push(text);
  }

  function textOf(step: Step, storage: string): string {
    const error = step.fault === undefined ? '' : `,"error":${JSON.stringify(step.fault)}`;
    const stack = options.stack ? `,"stack":[${step.stack.map((word) => `"0x${word.toString(16)}"`).join(',')}]` : '';
    const returned =
      options.returnData && step.returnData.length > 0 ? `,"returnData":"${bytesToHex(step.returnData)}"` : '';
    const memory = options.memory && step.memory.length > 0 ? `,"memory":[${wordsOf(step.memory)}]` : '';
    const refund = step.refund === 0n ? '' : `,"refund":${step.refund}`;
    return (
      `{"pc":${step.pc},"op":"${step.name}","gas":${step.gas},"gasCost":${step.cost},"depth":${step.depth}` +
      `${error}${stack}${returned}${memory}${storage}${refund}}`
    );
  }

  /** What the contract's storage is known to have, with what the instruction reads or writes. */
  function storageAt({ code, stack, address, loaded }: Step): string {
    const value = code === op.sload ? loaded : code === op.sstore ? stack.at(-2) : undefined;
    if (value === undefined) return '';
    const storage = storages.get(address) ?? new Map<string, string>();
    storages.set(address, storage.set(word(stack.at(-1)!), word(value)));
    const entries = [...storage].sort(([a], [b]) => (a < b ? -1 : 1));
    return `,"storage":{${entries.map(([slot, now]) => `"${slot}":"${now}"`).join(',')}}`;
  }

  return {
    step(step) {
      if (options.stepsMax !== 0 && logs.length >= options.stepsMax) return;
      push(textOf(step, options.storage ? storageAt(step) : ''));
    },
    finish({ gasUsed, failed, output }: TraceOutcome) {
      const head = `{"gas":${gasUsed},"failed":${failed},"returnValue":"${bytesToHex(output)}","structLogs":[`;
      return `${head}${logs.join(',')}]}`;
    },
  };
}

/** 32 bytes in hex. */
function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

function wordsOf(memory: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < memory.length; at += 32) words.push(`"${bytesToHex(memory.subarray(at, at + 32))}"`);
  return words.join(',');
}
