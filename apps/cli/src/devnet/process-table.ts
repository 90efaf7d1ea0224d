import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** True when a process of this number exists (a zombie counts as gone). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
  return statFields(pid)?.state !== 'Z';
}

/** Start time in the system's ticks since boot; 0 where the system does not tell. */
export function startTimeOf(pid: number): number {
  return statFields(pid)?.startTime ?? 0;
}

/**
 * Memory of each process together with its descendants, in bytes; 0 for one that is gone. On Linux a page that several
 * processes share (the node binary, PostgreSQL's buffers) is counted once, in equal parts; elsewhere it counts for each.
 */
export function memoryOfTrees(pids: number[]): Map<number, number> {
  const table = readTable();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of table) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const total = (pid: number): number =>
    (process.platform === 'linux' ? proportionalBytes(pid) : (table.get(pid)?.memoryBytes ?? 0)) +
    (children.get(pid) ?? []).reduce((sum, child) => sum + total(child), 0);
  return new Map(pids.map((pid) => [pid, total(pid)]));
}

/** The proportional set size; the resident one when the system does not tell that; 0 for a process that is gone. */
function proportionalBytes(pid: number): number {
  const kibibytes = (file: string, field: RegExp): number | undefined => {
    try {
      const match = field.exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'));
      return match ? Number(match[1]) : undefined;
    } catch {
      return undefined;
    }
  };
  return 1024 * (kibibytes('smaps_rollup', /^Pss:\s+(\d+)/m) ?? kibibytes('status', /^VmRSS:\s+(\d+)/m) ?? 0);
}

type Table = Map<number, { parent: number; memoryBytes: number }>;

function readTable(): Table {
  return process.platform === 'linux' ? readProc() : readPs();
}

function readProc(): Table {
  const table: Table = new Map();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const fields = Number.isInteger(pid) ? statFields(pid) : undefined;
    if (fields) table.set(pid, { parent: fields.parent, memoryBytes: 0 });
  }
  return table;
}

/** proc(5): the command name in parentheses may hold anything, the fields after it are plain. */
function statFields(pid: number): { state: string; parent: number; startTime: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      startTime: Number(fields[19]),
    };
  } catch {
    return undefined;
  }
}

function readPs(): Table {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  return new Map(
    rows.map((row) => {
      const [pid = 0, parent = 0, kibibytes = 0] = row.trim().split(/\s+/).map(Number);
      return [pid, { parent, memoryBytes: kibibytes * 1024 }];
    }),
  );
}
