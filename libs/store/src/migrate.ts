import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChainError } from '@sheaf/primitives';
import { outboxMigrationSql } from './outbox-table.ts';
import type { Tx } from './sql.ts';
import type { Store } from './store.ts';

/** Any number: whoever migrates one database holds this lock of it. ("sheaf" in ASCII.) */
const lockKey = 0x7368656166n;
const namePattern = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  name: string;
  text: string;
  checksum: string;
}

/**
 * Brings the database's schema up to date: the outbox first, then the folder's files `0001-name.sql` … in order, each once. All or nothing, in
 * one transaction; several processes may do it at the same time, one of them does the work. Only forward: what is applied stays as it is.
 * @returns the names applied by this call
 * @throws ChainError `CONFLICT` when an applied file was changed, is missing, or comes after a new one
 * @throws ChainError `INVALID_ARGUMENT` when a file's name is malformed or a number is used twice
 */
export async function migrate(store: Store, migrations: string): Promise<{ applied: string[] }> {
  const wanted = [migration('0000-outbox.sql', outboxMigrationSql), ...(await readMigrations(migrations))];
  return store.transact(async (tx) => {
    await tx`set local statement_timeout = 0`;
    await tx`select pg_advisory_xact_lock(${lockKey})`;
    await tx`
      create table if not exists migrations (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      )`;
    const pending = await compare(tx, wanted);
    for (const { name, text, checksum } of pending) {
      await apply(tx, name, text);
      await tx`insert into migrations (name, checksum) values (${name}, ${checksum})`;
    }
    return { applied: pending.map(({ name }) => name) };
  });
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const numbers = new Set<string>(['0000']);
  for (const name of names) {
    const number = namePattern.exec(name)?.[1];
    if (number === undefined || numbers.has(number)) {
      const message = `migration ${name} must be named NNNN-words.sql, with a number from 0001 that no other has`;
      throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'migrations', message });
    }
    numbers.add(number);
  }
  return Promise.all(names.map(async (name) => migration(name, await readFile(join(folder, name), 'utf8'))));
}

function migration(name: string, text: string): Migration {
  return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
}

/** The migrations still to be applied; refuses a history that is not the beginning of what is wanted. */
async function compare(tx: Tx, wanted: readonly Migration[]): Promise<readonly Migration[]> {
  const applied = await tx<{ name: string; checksum: string }[]>`
    select name, checksum from migrations order by name collate "C"`;
  for (const [index, { name, checksum }] of applied.entries()) {
    const same = wanted[index];
    if (same?.name !== name) throw conflict(wanted, name, same?.name);
    if (same.checksum !== checksum) throw refuse(`migration ${name} was changed after it had been applied`);
  }
  return wanted.slice(applied.length);
}

function conflict(wanted: readonly Migration[], name: string, instead: string | undefined): ChainError {
  return wanted.some((migration) => migration.name === name)
    ? refuse(`migration ${instead} is new, but the later ${name} is applied already`)
    : refuse(`migration ${name} is applied, but its file is missing`);
}

function refuse(message: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message });
}

async function apply(tx: Tx, name: string, text: string): Promise<void> {
  try {
    await tx.unsafe(text).simple();
  } catch (cause) {
    const message = `migration ${name} failed: ${(cause as Error).message}`;
    throw new ChainError({ code: 'INTERNAL', message }, { cause });
  }
}
