import { compareBytes } from '@sheaf/primitives';
import type { Entry, KeyValue, Write } from './key-value.ts';

interface Table {
  values: Map<string, Uint8Array>;
  /** The keys in order; `undefined` after a key came or went. */
  sorted: Uint8Array[] | undefined;
}

/** Tables in memory, for tests, simulations and states that need not last. Every handle is the same moment. */
export function memoryKeyValue(): KeyValue {
  const tables = new Map<string, Table>();
  const table = (name: string): Table => {
    let found = tables.get(name);
    if (found === undefined) tables.set(name, (found = { values: new Map(), sorted: undefined }));
    return found;
  };
  return {
    get: (name, key) => table(name).values.get(nameOf(key)),
    range(name, from, to, limit) {
      const { values, sorted } = sort(table(name));
      const entries: Entry[] = [];
      for (let at = lowerBound(sorted, from); at < sorted.length && entries.length < limit; at++) {
        const key = sorted[at]!;
        if (to !== undefined && compareBytes(key, to) >= 0) break;
        entries.push({ key: key.slice(), value: values.get(nameOf(key))!.slice() });
      }
      return entries;
    },
    write(changes: readonly Write[]) {
      for (const { table: name, key, value } of changes) {
        const into = table(name);
        const text = nameOf(key);
        if ((value === undefined) === into.values.has(text)) into.sorted = undefined;
        if (value === undefined) into.values.delete(text);
        else into.values.set(text, value.slice());
      }
    },
    refresh: () => undefined,
  };
}

function sort(table: Table): { values: Map<string, Uint8Array>; sorted: Uint8Array[] } {
  const sorted = (table.sorted ??= [...table.values.keys()].map(bytesOf).sort(compareBytes));
  return { values: table.values, sorted };
}

/** Looked up once: where globals are a sandbox's, as in tests, each look-up takes a microsecond. */
const { fromCharCode } = String;

/** One character a byte. */
function nameOf(key: Uint8Array): string {
  return fromCharCode(...key);
}

function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(name, (character) => character.charCodeAt(0));
}

function lowerBound(sorted: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(sorted[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
