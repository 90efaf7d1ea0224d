import { formatTable } from '../table.ts';
import { cpuMsOf, remoteReadsOf, summarize, type Outcome } from './outcome.ts';
import type { BlockRun, MemberWork } from './run-block.ts';

const otherRules = 'run under Cancun rules, not compared';

/** One block, a line a figure, and what each member did. */
export function printBlock({ number, fork, matches, differences, run }: Outcome): string {
  const title = `block ${number} (${fork})`;
  if (run === undefined) return `${title}: ${differences.join('; ')}`;
  const { got, transactions, dropped, rounds, runAgain, messages, messageBytes, members } = run;
  const figures = [
    [
      'transactions',
      dropped === 0 ? String(transactions) : `${transactions}, ${dropped} left out: not valid in Cancun`,
    ],
    ['gasUsed', String(got.gasUsed)],
    ['receiptsRoot', got.receiptsRoot],
    ['logsBloom', short(got.logsBloom)],
    ['matches the header', matches === undefined ? otherRules : matches ? 'yes' : `no: ${differences.join('; ')}`],
    ['rounds', String(rounds)],
    ['run again', String(runAgain)],
    ['remote reads', String(remoteReadsOf(run))],
    ['messages', `${messages}, ${kibibytes(messageBytes)} KiB`],
  ];
  return `${title}\n${formatTable(figures)}\n\n${memberTable(members)}`;
}

/** A row a block, then what the members did for all of them, and what it comes to. */
export function printBlocks(outcomes: readonly Outcome[], partitions: number): string {
  const head = 'block fork txs gasUsed receiptsRoot logsBloom header rounds again remote messages KiB cpuMs'.split(' ');
  head[8] = 'run again';
  head[9] = 'remote reads';
  head[12] = 'CPU ms';
  const numbers = [0, 2, 3, 7, 8, 9, 10, 11, 12];
  const parts = [formatTable(outcomes.map(row), { head, right: numbers })];
  const wrong = outcomes.filter(({ matches }) => matches === false);
  for (const { number, differences } of wrong) parts.push(`block ${number}: ${differences.join('; ')}`);
  const summary = summarize(outcomes, partitions);
  const { blocks, compared, matching, executed, rounds, shareInTwoRounds } = summary;
  parts.push(memberTable(summary.members));
  parts.push(
    formatTable([
      ['match their header', `${matching} of ${compared}`],
      [otherRules, `${blocks - compared} of ${blocks}`],
      ['in at most two rounds', `${(100 * shareInTwoRounds).toFixed(1)} % of ${executed}`],
      ['blocks by rounds', rounds.flatMap((count, index) => (count === 0 ? [] : [`${index}: ${count}`])).join(', ')],
      ['CPU ms', cpuMsOf(summary).toFixed(0)],
    ]),
  );
  return parts.join('\n\n');
}

/** The same for programs. CPU in milliseconds, sizes in bytes. */
export function toJson(outcomes: readonly Outcome[], partitions: number, unreadable: readonly string[]): string {
  const document = {
    partitions,
    blocks: outcomes.map(({ run, matches, ...rest }) => ({
      ...rest,
      matches: matches ?? null,
      ...(run && { ...flat(run), remoteReads: remoteReadsOf(run), cpuMs: cpuMsOf(run) }),
    })),
    summary: summarize(outcomes, partitions),
    unreadable,
  };
  return JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value), 2);
}

function flat({ status: _, got, ...rest }: BlockRun) {
  return { ...got, ...rest };
}

function row({ number, fork, matches, run }: Outcome): string[] {
  const start = [String(number), fork];
  if (run === undefined) return [...start, '', '', '', '', 'failed'];
  const { got, transactions, rounds, runAgain, messages, messageBytes } = run;
  return [
    ...start,
    String(transactions),
    String(got.gasUsed),
    short(got.receiptsRoot),
    short(got.logsBloom),
    matches === undefined ? 'not compared' : matches ? 'matches' : 'differs',
    String(rounds),
    String(runAgain),
    String(remoteReadsOf(run)),
    String(messages),
    kibibytes(messageBytes),
    cpuMsOf(run).toFixed(1),
  ];
}

function memberTable(members: readonly MemberWork[]): string {
  const rows = members.map(({ gas, runs, remoteReads, cpuMs }, member) => [
    String(member),
    String(gas),
    String(runs),
    String(remoteReads),
    cpuMs.toFixed(1),
  ]);
  return formatTable(rows, { head: ['member', 'gas', 'runs', 'remote reads', 'CPU ms'], right: [0, 1, 2, 3, 4] });
}

/** `0x12345678…9abcdef0` */
function short(hex: string): string {
  return `${hex.slice(0, 10)}…${hex.slice(-8)}`;
}

function kibibytes(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}
