// Foundry's node as a second opinion.
import { freePort, waitFor } from '@sheaf/testing';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

export interface Anvil {
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** A chain of its own with the development accounts. */
export async function startAnvil(options: { chainId: bigint; gasLimit: bigint }): Promise<Anvil> {
  const binary = findBinary();
  const port = await freePort();
  const args = ['--port', `${port}`, '--chain-id', `${options.chainId}`, '--gas-limit', `${options.gasLimit}`];
  const child = spawn(binary, [...args, '--hardfork', 'osaka', '--no-mining', '--steps-tracing', '--silent'], {
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const rpc = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers });
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  await waitFor(
    () =>
      rpc('eth_chainId').then(
        () => true,
        () => false,
      ),
    { what: 'anvil answers', timeoutMs: 20_000 },
  );
  return {
    rpc,
    async stop() {
      process.off('exit', stop);
      stop();
      await exited;
    },
  };
}

/** In the package of this platform, which npm installs with @foundry-rs/anvil. */
function findBinary(): string {
  const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  return join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'anvil');
}
