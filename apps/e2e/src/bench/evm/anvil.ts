import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, chmodSync, constants } from 'node:fs';
import { Agent, request } from 'node:http';
import { freePort } from '@sheaf/testing';
import { processClock, type Clock, type ClockKind } from '../clock.ts';
import { BenchFault } from '../suite.ts';
import { blockOfCalls, callGas, sender, type Contender, type World } from './contender.ts';
import { findInPackage } from './peer-packages.ts';

const platforms: Readonly<Record<string, string>> = {
  'linux x64': 'linux-amd64',
  'linux arm64': 'linux-arm64',
  'darwin x64': 'darwin-amd64',
  'darwin arm64': 'darwin-arm64',
  'win32 x64': 'win32-amd64',
};
const readyMsMax = 20_000;

export interface Anvil extends Contender {
  /** Places code at an address. */
  setWorld(world: World): Promise<void>;
}

/** Foundry's node over HTTP on the loopback; `undefined` when there is none for this platform. */
export async function openAnvil(clock: ClockKind): Promise<Anvil | undefined> {
  const binary = findBinary();
  if (binary === undefined) return undefined;
  const port = await freePort();
  const args = ['--port', String(port), '--hardfork', 'prague', '--gas-limit', String(blockOfCalls.gasLimit)];
  const child = spawn(binary, [...args, '--base-fee', '0', '--accounts', '1', '--no-mining', '--silent'], {
    stdio: 'ignore',
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const call = openRpc(port);
  const close = async (): Promise<void> => {
    process.off('exit', stop);
    await end(child);
  };
  try {
    await ready(child, call);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...contender(call, processClock(clock, child.pid!)), close };
}

/** In the package of this platform, an optional dependency of @foundry-rs/anvil. */
function findBinary(): string | undefined {
  const platform = platforms[`${process.platform} ${process.arch}`];
  if (platform === undefined) return undefined;
  const program = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  const found = findInPackage(`@foundry-rs/anvil-${platform}`, `bin/${program}`);
  if (found !== undefined) makeExecutable(found);
  return found;
}

/** npm may unpack it without the right to be run. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}

type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

function openRpc(port: number): Rpc {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
  return (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
            result?: unknown;
            error?: { message: string };
          };
          if (answer.error) reject(new BenchFault(`Anvil refused ${method}: ${answer.error.message}`));
          else resolve(answer.result);
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };
}

async function ready(child: ChildProcess, call: Rpc): Promise<void> {
  let ended = false;
  child.once('error', () => (ended = true));
  child.once('exit', () => (ended = true));
  const until = performance.now() + readyMsMax;
  while (!ended && performance.now() < until) {
    const version = await call('web3_clientVersion', []).catch(() => undefined);
    if (version !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new BenchFault('Anvil did not start');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function contender(call: Rpc, clock: Clock): Omit<Anvil, 'close'> {
  const setWorld = async (world: World): Promise<void> => {
    for (const [address, { nonce, balance, code, storage }] of world) {
      await call('anvil_setBalance', [address, quantity(balance)]);
      await call('anvil_setNonce', [address, quantity(nonce)]);
      if (code.length > 0) await call('anvil_setCode', [address, `0x${Buffer.from(code).toString('hex')}`]);
      for (const [slot, value] of storage) await call('anvil_setStorageAt', [address, slot, value]);
    }
  };
  const overrides = {
    time: quantity(blockOfCalls.timestamp),
    number: quantity(blockOfCalls.number),
    coinbase: blockOfCalls.coinbase,
  };
  return {
    name: 'anvil',
    inProcess: false,
    setWorld,
    async open(world) {
      await setWorld(world);
      return {
        async time({ to, data }, times) {
          const input = `0x${Buffer.from(data).toString('hex')}`;
          const params = [
            { from: sender, to, data: input, gas: quantity(callGas), gasPrice: '0x0' },
            'latest',
            null,
            overrides,
          ];
          const startedNs = clock();
          let output = await call('eth_call', params);
          for (let i = 1; i < times; i += 1) output = await call('eth_call', params);
          const elapsedNs = clock() - startedNs;
          return { elapsedNs, output: output as `0x${string}`, gasUsed: undefined };
        },
      };
    },
    verify: () => undefined,
  };
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
