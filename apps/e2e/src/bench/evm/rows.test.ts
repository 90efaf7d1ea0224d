// Goal: every row does in both of our ways of running what it does in @ethereumjs/evm, the committed contracts are what solc makes of
// their sources, and a difference stops the benchmark.
// Method: the comparison that each measurement begins with, without measuring; recompilation in check mode; a session that lies.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { compare } from './compare.ts';
import type { Session } from './contender.ts';
import { openEthereumjs } from './ethereumjs.ts';
import { codeBytesMax, largeWorld, transfer } from './large-contract.ts';
import { rows } from './rows.ts';
import { openSheaf } from './sheaf.ts';

const clock = () => 0;

test('the generated contracts are up to date', () => {
  const compiler = join(__dirname, '../../../../../libs/contracts/compile.mjs');
  const folders = ['contracts', 'generated'].map((name) => join(__dirname, '..', name));
  execFileSync(process.execPath, [compiler, '--check', ...folders], { encoding: 'utf8' });
});

test.each(rows.map((row) => [row.name, row] as const))('%s', async (_, row) => {
  const contenders = [openSheaf('interpreter', clock), openSheaf('compiler', clock), openEthereumjs(clock)];
  const sessions = new Map<string, Session>();
  for (const contender of contenders) sessions.set(contender.name, await contender.open(row.world));
  await compare(row, sessions);
  for (const contender of contenders) contender.verify(row.world);
});

test('a difference in output or gas stops the row', async () => {
  const row = rows[0]!;
  const honest = await openSheaf('interpreter', clock).open(row.world);
  const lie = (change: object): Session => ({
    time: async (call, times) => ({ ...(await honest.time(call, times)), ...change }),
  });
  const pair = (other: Session) => compare(row, new Map([['one', honest], ['other', other]])); // prettier-ignore
  await expect(pair(lie({ output: '0x' }))).rejects.toThrow('add: for 0 rounds one returns');
  await expect(pair(lie({ gasUsed: 1n }))).rejects.toThrow('and other 1');
  await expect(pair(lie({ gasUsed: undefined }))).resolves.toBeUndefined();
});

test('large contracts are of the largest size, and no two are the same', async () => {
  const codes = [1, 2].map((variant) => [...largeWorld(variant).values()][1]!.code);
  expect(codes.map((code) => code.length)).toEqual([codeBytesMax, codeBytesMax]);
  expect(Buffer.compare(codes[0]!, codes[1]!)).not.toBe(0);
  const session = await openSheaf('interpreter', clock).open(largeWorld(3));
  expect(BigInt((await session.time(transfer, 1)).output)).toBe(1n);
});
