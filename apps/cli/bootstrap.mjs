// What `npm start`, `npm test` and `npm run sheaf` run: works on a bare clone with only Node and npm.
//
//   start [arguments]  the devnet, or the demo with --demo
//   test [arguments]   every test through jest; arguments go to jest
//   run [arguments]    the sheaf command line
//
// It installs what is missing and builds what changed before. Both are decided from stamps, without starting
// npm or Nx, so that a start with nothing to do costs milliseconds.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const at = (...parts) => join(root, ...parts);
const installStamp = at('node_modules', '.sheaf-install-stamp');
const buildStamp = at('dist', '.build-stamp');

const [mode, ...args] = process.argv.slice(2);
process.exitCode = await main();

async function main() {
  const fault = nodeFault();
  if (fault) return fail(fault);
  if (!['start', 'test', 'run'].includes(mode)) return fail('usage: bootstrap.mjs start|test|run [arguments]');
  if (!(await install())) return fail('sheaf: the packages could not be installed, see above');
  if (!(await buildAll())) return fail('sheaf: the build failed, see above');
  if (mode === 'test') return test();
  return runCli(mode === 'run' ? args : startArguments());
}

function fail(sentence) {
  console.error(sentence);
  if (mode === 'test') console.log('0 passed, 1 failed');
  return 1;
}

function nodeFault() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return undefined;
  return `sheaf: Node ${process.versions.node} is too old, install Node 20.19 or newer`;
}

/** `--demo` anywhere chooses the demo; everything else goes to the chosen command. */
function startArguments() {
  const rest = args.filter((argument) => argument !== '--demo');
  return rest.length < args.length ? ['demo', ...rest] : ['devnet', 'up', ...rest];
}

// ---- install

async function install() {
  const wanted = digest(readFileSync(at('package-lock.json')), `${process.platform} ${process.arch}`);
  if (readIfThere(installStamp) === wanted) return true;
  if (packagesInstalled()) {
    writeFileSync(installStamp, wanted);
    return true;
  }
  progress('installing packages (npm ci)');
  const npmCli = process.env.npm_execpath;
  const command = npmCli?.endsWith('.js') ? [process.execPath, npmCli] : ['npm'];
  const code = await runToEnd([...command, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) return false;
  writeFileSync(installStamp, wanted);
  return true;
}

/** True when npm's own record of node_modules has every package of the lock file at its version. */
function packagesInstalled() {
  const record = readIfThere(at('node_modules/.package-lock.json'));
  if (record === undefined) return false;
  const present = JSON.parse(record).packages;
  const required = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  return Object.entries(required).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = present[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
}

// ---- build

async function buildAll() {
  const wanted = sourcesDigest();
  if (readIfThere(buildStamp) === wanted && existsSync(at('dist/apps/cli/main.cjs'))) return true;
  progress('building (nx run-many -t build)');
  const nx = [
    process.execPath,
    at('node_modules/nx/dist/bin/nx.js'),
    'run-many',
    '-t',
    'build',
    '--outputStyle=static',
  ];
  const { code, output } = await runQuietly(nx);
  if (code !== 0) {
    process.stderr.write(output);
    return false;
  }
  mkdirSync(at('dist'), { recursive: true });
  writeFileSync(buildStamp, wanted);
  return true;
}

/** Path, size and time of change of every file that a build reads: a change of any of them builds again. */
function sourcesDigest() {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(at(path), { throwIfNoEntry: false });
    if (!stat) return;
    if (!stat.isDirectory()) return void hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\0`);
    for (const name of readdirSync(at(path)).sort()) visit(`${path}/${name}`);
  };
  for (const path of ['.tools', 'nx.json', 'package-lock.json', 'tsconfig.base.json']) visit(path);
  for (const kind of ['apps', 'libs']) {
    for (const name of readdirSync(at(kind)).sort()) {
      for (const part of ['src', 'migrations', 'solidity', 'compile.mjs', 'project.json'])
        visit(`${kind}/${name}/${part}`);
    }
  }
  return hash.digest('hex');
}

// ---- run

/**
 * Runs the command line in a session of its own, so that a Ctrl-C of the terminal, which reaches this process
 * (once from the terminal and once more from npm), is passed on exactly once; a second press is passed on again.
 */
function runCli(cliArguments) {
  const child = spawn(process.execPath, ['--enable-source-maps', at('dist/apps/cli/main.cjs'), ...cliArguments], {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, SHEAF_FRONT_PID: String(process.pid) },
  });
  const samePressMs = 300;
  let lastPressMs = -Infinity;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (nowMs - lastPressMs < samePressMs) return;
      lastPressMs = nowMs;
      child.kill(signal);
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(fail(`sheaf: cannot start ${process.execPath}: ${error.message}`)));
    child.on('exit', (code, signal) => {
      if (signal) console.error(`sheaf: the command line was killed by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

// ---- test

/** Jest over every project; the last line is the count, the exit code is jest's. */
async function test() {
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-test-'));
  const report = join(folder, 'report.json');
  try {
    const jest = [process.execPath, at('node_modules/jest/bin/jest.js'), '--json', `--outputFile=${report}`, ...args];
    // Jest prints the JSON on stdout as well; what people read goes to stderr.
    const code = await runToEnd(jest, ['inherit', 'ignore', 'inherit']);
    const counts = existsSync(report)
      ? readCounts(JSON.parse(readFileSync(report, 'utf8')))
      : { passed: 0, failed: 1, skipped: 0 };
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even run counts as one failure. */
function readCounts(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

// ---- small parts

function progress(sentence) {
  console.error(`sheaf: ${sentence} …`);
}

function digest(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Resolves with the exit code; signals of the terminal reach the child by itself, others are passed on. */
function runToEnd([command, ...rest], stdio = ['ignore', 'inherit', 'inherit']) {
  return new Promise((resolve) => {
    const child = spawn(command, rest, { cwd: root, stdio, env: buildEnvironment() });
    const stop = passOnSignals(child);
    child.on('error', (error) => {
      console.error(`sheaf: cannot start ${command}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code) => {
      stop();
      resolve(code ?? 1);
    });
  });
}

function runQuietly([command, ...rest]) {
  return new Promise((resolve) => {
    const child = spawn(command, rest, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: buildEnvironment() });
    const stop = passOnSignals(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 127, output: `${error.message}\n` }));
    child.on('close', (code) => {
      stop();
      resolve({ code: code ?? 1, output });
    });
  });
}

function passOnSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const listeners = signals.map((signal) => [signal, () => child.kill(signal)]);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => listeners.forEach(([signal, listener]) => process.off(signal, listener));
}

function buildEnvironment() {
  return { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };
}
