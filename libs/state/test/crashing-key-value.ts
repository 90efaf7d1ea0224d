// Tables that remember themselves as they were after each write, and that refuse a write when told to.
import { ChainError } from '@sheaf/primitives';
import { memoryKeyValue, stateTables, type KeyValue, type Write } from '../src/index.ts';

export interface CrashingKeyValue extends KeyValue {
  /** The tables after each write since the last call, for somebody to open who knows nothing else. */
  takeCopies(): KeyValue[];
}

/** `refuses`: asked before each write whether the disk is full. */
export function crashingKeyValue(kv: KeyValue, refuses: () => boolean = () => false): CrashingKeyValue {
  let copies: KeyValue[] = [];
  return {
    ...kv,
    write(changes) {
      if (refuses()) throw new ChainError({ code: 'UNAVAILABLE', message: 'the disk is full' });
      kv.write(changes);
      copies.push(copyOf(kv));
    },
    takeCopies() {
      const taken = copies;
      copies = [];
      return taken;
    },
  };
}

export function copyOf(kv: KeyValue): KeyValue {
  const copy = memoryKeyValue();
  copy.write(
    Object.values(stateTables).flatMap((table) =>
      kv.range(table, new Uint8Array(0), undefined, Infinity).map((entry): Write => ({ table, ...entry })),
    ),
  );
  return copy;
}
