import { randomBytes } from 'node:crypto';
import postgres from 'postgres';

/** The run's PostgreSQL with a fresh, empty database; `drop` cuts off whoever is still connected. */
export async function testDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = exported('SHEAF_TEST_POSTGRES_URL');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asSuperuser(server, `create database ${name} template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asSuperuser(server, `drop database if exists ${name} with (force)`) };
}

async function asSuperuser(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** The run's NATS. Tests share it: use `testStreamPrefix`. */
export function testNatsUrl(): string {
  return exported('SHEAF_TEST_NATS_URL');
}

/** A stream prefix that no other test uses. */
export function testStreamPrefix(): string {
  return `test-${randomBytes(8).toString('hex')}`;
}

function exported(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: jest's global setup did not run`);
  return value;
}
