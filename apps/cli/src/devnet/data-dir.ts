import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, messageOf, systemCode } from '../errors.ts';
import { pathLayout } from './layout.ts';
import { isAlive, startTimeOf } from './process-table.ts';

/** A devnet needs room for PostgreSQL's log segments before anything else. */
export const freeBytesMin = 512 * 1024 * 1024;

/** Tells a devnet's directory from any other, so that nothing else is ever written to or emptied. */
const markerName = '.sheaf-devnet';

/** Who holds a data directory. */
export interface LockHolder {
  pid: number;
  /** Tells a live holder from a stranger that got its number; 0 when the system does not say. */
  startTime: number;
  /** Cleans up after a holder that was killed; undefined until it runs. */
  watchdogPid?: number;
  portBase: number;
}

/**
 * Creates the directory if need be; afterwards it is writable and has room.
 * @throws CliError when it cannot be created or written, or the disk is full
 */
export function prepareDataDir(dataDir: string): void {
  const marker = join(dataDir, markerName);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o755 });
    if (!existsSync(marker) && readdirSync(dataDir).length > 0) {
      throw new CliError(`${dataDir} is not empty and not of a devnet; choose another with --data-dir`);
    }
    writeFileSync(marker, 'Made by sheaf devnet; --fresh removes what is in here.\n');
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      `cannot write to the data directory ${dataDir}: ${explain(error)}; choose another with --data-dir`,
    );
  }
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize < freeBytesMin) {
    throw new CliError(
      `the data directory ${dataDir} has ${mebibytes(bavail * bsize)} MiB free and needs ${mebibytes(freeBytesMin)}; free some or choose another with --data-dir`,
    );
  }
}

/** Empties a locked directory but for its marker and lock. */
export function resetDataDir(dataDir: string): void {
  const kept = [markerName, basename(pathLayout(dataDir).lock)];
  for (const name of readdirSync(dataDir)) {
    if (!kept.includes(name)) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

function explain(error: unknown): string {
  const words: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'it is a file',
  };
  return words[systemCode(error) ?? ''] ?? messageOf(error);
}

export interface DataDirLock {
  /** True when a dead holder was displaced: what it had started may still be on its way out. */
  readonly displaced: boolean;
  setWatchdog(pid: number): void;
  release(): void;
}

/**
 * Takes the directory for this process. A holder that died is displaced, after its watchdog has finished stopping what it left.
 * @throws CliError when a live devnet holds it
 */
export async function lockDataDir(file: string, portBase: number): Promise<DataDirLock> {
  const holder: LockHolder = { pid: process.pid, startTime: startTimeOf(process.pid), portBase };
  let displaced = false;
  while (!tryCreate(file, holder)) {
    const other = readLock(file);
    if (other && isHeld(other)) {
      throw new CliError(
        `a devnet already runs on this data directory (pid ${other.pid}, port base ${other.portBase}); stop it with: sheaf devnet down`,
      );
    }
    if (other?.watchdogPid !== undefined) await untilGone(other.watchdogPid, 20_000);
    displaced = true;
    rmSync(file, { force: true });
  }
  return {
    displaced,
    setWatchdog: (pid) => {
      holder.watchdogPid = pid;
      writeFileAtomically(file, JSON.stringify(holder));
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** The recorded holder, alive or not; undefined when there is none or the record is unreadable. */
export function readLock(file: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
}

/** True while the recorded holder runs. */
export function isHeld(holder: LockHolder): boolean {
  return isAlive(holder.pid) && (holder.startTime === 0 || startTimeOf(holder.pid) === holder.startTime);
}

/** Readers see the old text or the new one, never a part. */
export function writeFileAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function tryCreate(file: string, holder: LockHolder): boolean {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, JSON.stringify(holder));
    closeSync(handle);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Resolves when the process is gone, or after the timeout; the caller's next check tells which. */
export async function untilGone(pid: number, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 50) {
    if (!isAlive(pid)) return true;
    await pause(50);
  }
  return !isAlive(pid);
}
