import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { findNatsServer, startPostgres } from '@sheaf/testing';
import { prepareDataDir } from '../devnet/data-dir.ts';
import { allPorts, defaultLanes, defaultPartitions } from '../devnet/lanes.ts';
import { requireFreePorts } from '../devnet/ports.ts';
import { natsUrl } from '../config.ts';
import { CliError, messageOf } from '../errors.ts';
import { formatTable } from '../table.ts';

const run = promisify(execFile);

/** Native packages of the services, each with a use that fails when its binary is missing or of another platform. */
const nativePackages: { name: string; use: (loaded: unknown) => unknown }[] = [
  {
    name: 'secp256k1',
    use: (loaded) =>
      (loaded as { publicKeyCreate(key: Uint8Array): unknown }).publicKeyCreate(new Uint8Array(32).fill(1)),
  },
  {
    name: '@chainsafe/blst',
    use: (loaded) =>
      (loaded as { SecretKey: { fromKeygen(ikm: Uint8Array): unknown } }).SecretKey.fromKeygen(
        new Uint8Array(32).fill(1),
      ),
  },
  { name: '@crate-crypto/node-eth-kzg', use: (loaded) => (loaded as { DasContextJs: object }).DasContextJs },
  { name: 'lmdb', use: (loaded) => (loaded as { open: unknown }).open },
];

/** Checks what a devnet needs and prints a line on each; true when all is well. */
export async function doctor(options: { dataDir: string; portBase: number }): Promise<boolean> {
  const checks: [string, () => Promise<string>][] = [
    ['node', checkNode],
    ['npm', checkNpm],
    ['ports', () => checkPorts(options.portBase)],
    ['disk', () => checkDisk(options.dataDir)],
    ['nats', checkNats],
    ['postgres', checkPostgres],
    ...nativePackages.map(({ name, use }): [string, () => Promise<string>] => [name, () => checkNative(name, use)]),
  ];
  let healthy = true;
  const rows: string[][] = [];
  for (const [name, check] of checks) {
    try {
      rows.push([name, 'ok', await check()]);
    } catch (error) {
      healthy = false;
      rows.push([name, 'FAULT', messageOf(error)]);
    }
  }
  console.log(formatTable(rows));
  return healthy;
}

async function checkNode(): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new CliError(`Node ${process.versions.node} is too old, install 20.19 or newer`);
  return process.versions.node;
}

async function checkNpm(): Promise<string> {
  const { stdout } = await run('npm', ['--version']).catch(() => {
    throw new CliError('npm is not on PATH');
  });
  return stdout.trim();
}

async function checkPorts(portBase: number): Promise<string> {
  const ports = allPorts(portBase, { partitions: defaultPartitions, lanes: defaultLanes });
  await requireFreePorts(ports, { waitMs: 0 });
  return `${Object.keys(ports).length} ports free from base ${portBase}`;
}

async function checkDisk(dataDir: string): Promise<string> {
  prepareDataDir(dataDir);
  return `${dataDir} can be written`;
}

async function checkNats(): Promise<string> {
  const url = natsUrl();
  if (url !== undefined) return `${new URL(url).host}, as SHEAF_NATS_URL says`;
  const binary = await findNatsServer((line) => console.error(line));
  const { stdout } = await run(binary, ['--version']);
  return `${stdout.trim()} (${binary})`;
}

async function checkPostgres(): Promise<string> {
  const server = await startPostgres();
  await server.stop();
  return 'starts and stops';
}

async function checkNative(name: string, use: (loaded: unknown) => unknown): Promise<string> {
  const loaded: unknown = createRequire(__filename)(name);
  if (use(loaded) === undefined) throw new CliError(`${name} loads but lacks what is needed of it`);
  return 'loads';
}
