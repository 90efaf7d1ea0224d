import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchFault } from '../suite.ts';

/** The suite `evm-memory` in a process of its own: in this one the peers' garbage would be counted. */
export async function measureMemory(): Promise<{ text: string; data: object }> {
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-bench-'));
  try {
    const report = join(folder, 'report.json');
    const args = [...process.execArgv, process.argv[1]!, 'evm-memory', '--json', report];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    if (code !== 0) throw new BenchFault('the memory of the engine could not be measured, see above');
    const { text, ...data } = JSON.parse(readFileSync(report, 'utf8')) as { text: string };
    return { text, data };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
