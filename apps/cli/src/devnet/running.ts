import { CliError } from '../errors.ts';
import { createJsonRpcClient } from '../json-rpc.ts';
import { isHeld, readLock } from './data-dir.ts';
import { readHeads, type Heads } from './heads.ts';
import { pathLayout, portLayout } from './layout.ts';
import { readState, type DevnetState } from './state-file.ts';

/** A devnet as another terminal finds it. */
export interface RunningDevnet {
  pid: number;
  rpcUrl: string;
  state: DevnetState;
  /** Undefined while the gateway does not answer. */
  heads: Heads | undefined;
}

/** The devnet that runs on the data directory. @throws CliError when there is none, or it is not ready yet */
export async function findRunning(dataDir: string): Promise<RunningDevnet> {
  const paths = pathLayout(dataDir);
  const holder = readLock(paths.lock);
  if (!holder || !isHeld(holder)) throw new CliError(`no devnet runs on ${dataDir}`);
  const state = readState(paths.state);
  if (!state || state.processes.length === 0) throw new CliError('the devnet is starting: no status yet');
  const rpcUrl = `http://127.0.0.1:${portLayout(state.portBase).gateway}`;
  const heads = await readHeads(createJsonRpcClient({ url: rpcUrl, timeoutMs: 2_000 })).catch(() => undefined);
  return { pid: holder.pid, rpcUrl, state, heads };
}

/** Where its gateway listens and how far the chain is, in one line. */
export function headsLine({ rpcUrl, heads }: RunningDevnet): string {
  return `${rpcUrl}  ${heads ? `latest ${heads.latest}  safe ${heads.safe}  finalized ${heads.finalized}` : 'does not answer'}`;
}
