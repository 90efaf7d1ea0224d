import { membersOf } from '../devnet/lanes.ts';
import { memberStatus, memberTable } from '../devnet/member-status.ts';
import { readSamples } from '../devnet/metrics.ts';
import { findRunning, headsLine } from '../devnet/running.ts';

/** Prints how execution does on the data directory, a row per member. @throws CliError when nothing runs there */
export async function status(options: { dataDir: string; json: boolean }): Promise<void> {
  const running = await findRunning(options.dataDir);
  const { rpcUrl, state, heads } = running;
  const members = await Promise.all(
    membersOf(state, state.portBase).map(async (member) =>
      memberStatus(member, state, await readSamples(`http://127.0.0.1:${member.adminPort}/metrics`)),
    ),
  );
  if (options.json) return void console.log(JSON.stringify({ rpcUrl, heads: heads ?? null, members }, null, 2));
  console.log(headsLine(running));
  console.log(memberTable(members));
}
