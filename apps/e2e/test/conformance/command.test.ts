// Goal: the command finds what there is under any path, says in one sentence what it cannot read, and its last line and
// exit code tell how it went.
// Method: the command as it is started, with its worker threads, on folders and archives made here: right ones, broken
// ones, and none.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleWorker } from '@sheaf/testing';
import { run } from '../../src/conformance/run.ts';
import { makeStateTest } from './make-state-test.ts';

const workspaceRoot = join(__dirname, '../../../..');

let folder: string;
let program: string;
let right: string;
let wrong: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-conformance-'));
  program = await bundleWorker('apps/e2e/src/conformance/main.ts');
  const { fixture, post } = await makeStateTest('Prague');
  right = JSON.stringify({ made: fixture });
  post['logs'] = `0x${'5a'.repeat(32)}`;
  wrong = JSON.stringify({ made: fixture });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function command(...args: string[]): Promise<{ code: number; text: string; lines: string[] }> {
  let text = '';
  const code = await run(args, program, {
    write: (part) => (text += part),
    writeProgress: () => undefined,
    interactive: false,
  });
  return { code, text, lines: text.trimEnd().split('\n') };
}

it('takes files, folders of any depth and archives, zipped or not', async () => {
  write('tree/a.json', right);
  write('tree/deep/er/b.json.gz', gzipSync(right));
  write('tree/deep/readme.md', 'no fixture');
  symlinkSync(join(folder, 'tree'), join(folder, 'tree/deep/loop'));
  const tar = join(folder, 'tree/deep/c.tar');
  execFileSync('tar', ['-cf', tar, '-C', join(folder, 'tree'), 'a.json', 'deep/er']);
  const named = write('no-name-that-tells', gzipSync(readFileSync(tar)));
  const { code, lines } = await command(join(folder, 'tree'), named);
  expect([code, lines]).toEqual([0, ['6 passed, 0 failed']]);
});

it('prints the file, the case and the field of a failure', async () => {
  const path = write('wrong.json', wrong);
  const { code, lines } = await command(path, '--engine', 'interpreter', '--jobs', '1');
  expect(code).toBe(1);
  expect(lines).toEqual([
    `FAILED ${path}`,
    '  made prague d0 g0 v0',
    '    interpreter:',
    expect.stringMatching(/^ {6}logs hash: expected 0x5a5a/),
    '0 passed, 1 failed',
  ]);
});

it('says of each file what it cannot read, and goes on', async () => {
  const tarred = gzipSync(Buffer.concat([Buffer.from(right), Buffer.alloc(9_000)]));
  const paths = [
    join(folder, 'not-there'),
    write('broken.json', '{"made":'),
    write('cut.json.gz', gzipSync(right).subarray(0, 200)),
    write('cut.tar.gz', tarred.subarray(0, 100)),
    write('right.json', right),
  ];
  const { code, lines } = await command(...paths, '--engine', 'interpreter');
  expect(code).toBe(1);
  const said = Object.fromEntries(
    lines.flatMap((line, i) => (line.startsWith('FAILED ') ? [[line.slice(7), lines[i + 1]!.trim()]] : [])),
  );
  expect(said).toEqual({
    [paths[0]!]: 'there is no such file or directory',
    [paths[1]!]: expect.stringContaining('the file is not JSON: '),
    [paths[2]!]: 'the compressed data is broken: unexpected end of file',
    [paths[3]!]: 'the compressed data is broken: unexpected end of file',
  });
  expect(lines.at(-1)).toBe('1 passed, 4 failed');
});

it('fails when there is nothing to run, and says what it passed over', async () => {
  mkdirSync(join(folder, 'empty'));
  expect(await command(join(folder, 'empty'))).toMatchObject({
    code: 1,
    lines: ['conformance: nothing applicable was found in 0 files', '0 passed, 0 failed'],
  });
  const older = write(
    'older.json',
    JSON.stringify({ a: { post: { London: [{}] }, transaction: {} }, b: { engineNewPayloads: [] } }),
  );
  expect((await command(older)).lines).toEqual([
    'skipped 2: fork London 1, format blockchain_test_engine 1',
    'conformance: nothing applicable was found in 1 files',
    '0 passed, 0 failed',
  ]);
});

it('is started by its npm script', () => {
  const scripts = (JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8')) as { scripts: object })
    .scripts;
  expect(scripts).toHaveProperty('conformance', 'node apps/e2e/launch.mjs conformance');
  const launch = (...args: string[]) =>
    spawnSync(process.execPath, ['apps/e2e/launch.mjs', 'conformance', ...args], {
      cwd: workspaceRoot,
      encoding: 'utf8',
    });
  const mistake = launch('somewhere', '--engine', 'jit');
  expect([mistake.status, mistake.stdout]).toEqual([
    1,
    'conformance: --engine jit is not known: interpreter, compiler or both\n0 passed, 1 failed\n',
  ]);
  const good = launch(write('launched.json', right));
  expect([good.status, good.stdout]).toEqual([0, '1 passed, 0 failed\n']);
});
