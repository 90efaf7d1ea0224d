import { Command, Option } from 'commander';
import { dataDirOption, defaultPortBase, lanesOption, partitionsOption, portBaseOption } from './commands/options.ts';
import type { LaneShape } from './devnet/lanes.ts';
import { version } from './config.ts';
import { CliError, messageOf } from './errors.ts';
import { frontPid, runInOwnSession } from './front.ts';
import { isChainError } from '@sheaf/primitives';

/** Runs `command` in a session of its own, through a second process unless this one is in it already. */
async function inOwnSession(command: () => Promise<number>): Promise<void> {
  process.exitCode = await (frontPid() === undefined ? runInOwnSession(process.argv.slice(2)) : command());
}

function createProgram(): Command {
  const program = new Command('sheaf')
    .description('A modular EVM chain on one machine.')
    .version(version())
    .showHelpAfterError();
  const devnet = program.command('devnet').description('a whole chain, every service a process of its own');
  devnet
    .command('up')
    .description('start it and keep it running until Ctrl-C')
    .addOption(portBaseOption().default(defaultPortBase))
    .addOption(dataDirOption())
    .addOption(partitionsOption())
    .addOption(lanesOption())
    .option('--fresh', 'forget the chain of the data directory', false)
    .action((options: { portBase: number; dataDir: string; fresh: boolean } & LaneShape) =>
      inOwnSession(async () => (await import('./commands/devnet-up.ts')).devnetUp(options)),
    );
  devnet
    .command('down')
    .description('stop the one that runs on the data directory')
    .addOption(dataDirOption())
    .action(async (options: { dataDir: string }) => (await import('./commands/devnet-down.ts')).devnetDown(options));
  devnet
    .command('status')
    .description('processes and heads of the one that runs on the data directory')
    .addOption(dataDirOption())
    .option('--json', 'for programs', false)
    .action(async (options: { dataDir: string; json: boolean }) =>
      (await import('./commands/devnet-status.ts')).devnetStatus(options),
    );
  program
    .command('status')
    .description('execution of the devnet that runs on the data directory, member by member')
    .addOption(dataDirOption())
    .option('--json', 'for programs', false)
    .action(async (options: { dataDir: string; json: boolean }) =>
      (await import('./commands/status.ts')).status(options),
    );
  program
    .command('demo')
    .description('a fresh devnet, 1,000 token transfers, kill -9, and every block checked by an independent EVM')
    .addOption(portBaseOption())
    .addOption(partitionsOption())
    .addOption(lanesOption())
    .addOption(
      new Option('--data-dir <dir>', 'keep the chain here (emptied first) instead of in a temporary directory'),
    )
    .option('--fresh', 'no effect: the demo always starts a fresh chain')
    .action((options: { portBase?: number; dataDir?: string } & LaneShape) =>
      inOwnSession(async () => (await import('./commands/demo.ts')).demoCommand(options)),
    );
  program
    .command('replay')
    .description('execute blocks of Ethereum mainnet on several members in one process, and compare with their headers')
    .argument('<block.json.gz...>', 'files as ../shared/fixtures/README.md describes them')
    .addOption(partitionsOption())
    .option('--json', 'for programs', false)
    // 1 is for a block that is not what its header says.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(async (files: string[], options: { partitions: number; json: boolean }) => {
      process.exitCode = await (await import('./commands/replay.ts')).replay(files, options);
    });
  program
    .command('doctor')
    .description('check what a devnet needs of this machine')
    .addOption(portBaseOption().default(defaultPortBase))
    .addOption(dataDirOption())
    .action(async (options: { portBase: number; dataDir: string }) => {
      process.exitCode = (await (await import('./commands/doctor.ts')).doctor(options)) ? 0 : 1;
    });
  return program;
}

/** What the user can act on is one sentence; anything else is a bug and shows its stack. */
function explain(error: unknown): string {
  return error instanceof CliError || isChainError(error)
    ? messageOf(error)
    : error instanceof Error && error.stack
      ? error.stack
      : String(error);
}

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    console.error(`sheaf: ${explain(error)}`);
    process.exitCode = 1;
  });
