// Goal: the exit code and the words of a replay are right for blocks that hold, that do not, and for files that are none.
// Method: a Cancun block of one transfer, whose receipt is known without executing anything, written to a file whole and
// then in every bad way.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { privateKeyToAddress } from '@sheaf/crypto';
import {
  Logs,
  readTransaction,
  receiptsRoot,
  signTransaction,
  transactionsRoot,
  withdrawalsRoot,
} from '@sheaf/ethereum';
import { toAddress, zeroHash } from '@sheaf/primitives';
import { replay } from '../commands/replay.ts';

const key = new Uint8Array(32).fill(7);
const sender = privateKeyToAddress(key);
const to = toAddress(`0x${'11'.repeat(20)}`);
const raw = signTransaction(
  { type: 2, chainId: 1n, nonce: 3n, gasLimit: 21_000n, to, value: 5n, maxFeePerGas: 10n },
  key,
);
const noBloom = new Uint8Array(256);
const receipt = { type: 2 as const, status: true, cumulativeGasUsed: 21_000n, logsBloom: noBloom, logs: Logs.none };

/** Any of it may be replaced. */
interface Document {
  fork: string;
  header: Record<string, unknown>;
  transactions: Record<string, unknown>[];
  preState: Record<string, Record<string, unknown>>;
  blockHashes: Record<string, unknown>;
}

function document(): Document {
  const { hash, yParity, r, s } = readTransaction(raw);
  const hex = (value: bigint | number) => `0x${value.toString(16)}`;
  return {
    fork: 'cancun',
    header: {
      parentHash: zeroHash,
      sha3Uncles: zeroHash,
      miner: `0x${'22'.repeat(20)}`,
      difficulty: '0x0',
      number: '0x64',
      gasLimit: '0x1c9c380',
      gasUsed: hex(21_000),
      timestamp: '0x6',
      extraData: '0x',
      mixHash: zeroHash,
      nonce: '0x0000000000000000',
      baseFeePerGas: '0x7',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: zeroHash,
      transactionsRoot: transactionsRoot([raw]),
      withdrawalsRoot: withdrawalsRoot([]),
      withdrawals: [],
      receiptsRoot: receiptsRoot([receipt]),
      logsBloom: `0x${'00'.repeat(256)}`,
    },
    transactions: [
      {
        type: '0x2',
        chainId: '0x1',
        nonce: '0x3',
        gas: hex(21_000),
        maxFeePerGas: '0xa',
        maxPriorityFeePerGas: '0x0',
        gasPrice: '0x7',
        to,
        value: '0x5',
        input: '0x',
        accessList: [],
        hash,
        from: sender,
        v: hex(yParity),
        r: hex(r),
        s: hex(s),
      },
    ],
    preState: { [sender]: { nonce: '0x3', balance: '0xffffffff', storage: {} } },
    blockHashes: {},
  };
}

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sheaf-replay-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: Uint8Array | string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const pack = (value: unknown) => gzipSync(JSON.stringify(value));

async function run(files: string[], { partitions = 1, json = false } = {}) {
  const printed: string[] = [];
  const said: string[] = [];
  const output = { print: (text: string) => void printed.push(text), say: (text: string) => void said.push(text) };
  const code = await replay(files, { partitions, json }, output);
  return { code, printed: printed.join('\n'), said };
}

test.each([1, 2, 16])('a block that is what its header says, on %i members', async (partitions) => {
  const { code, printed, said } = await run([write('good', pack(document()))], { partitions });
  expect(said).toEqual([]);
  expect(printed).toMatch(/matches the header +yes\n/);
  expect(printed).toMatch(/gasUsed +21000\n/);
  expect(code).toBe(0);
});

test.each(['gasUsed', 'receiptsRoot', 'logsBloom'])('another %s in the header is a mismatch', async (field) => {
  const block = document();
  block.header[field] = (block.header[field] as string).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  const { code, printed } = await run([write('bad', pack(block))]);
  expect(printed).toContain(`no: ${field} is `);
  expect(code).toBe(1);
});

test('a block with a transaction that cannot be in it is a mismatch', async () => {
  const block = document();
  block.preState[sender]!['nonce'] = '0x4';
  const { code, printed } = await run([write('bad', pack(block))]);
  expect(printed).toContain('it cannot be executed');
  expect(code).toBe(1);
});

test('a block of before Cancun is run, and its header is not compared', async () => {
  const block = document();
  block.fork = 'london';
  block.header['gasUsed'] = '0x1';
  // Not limiting: Cancun charges more than was charged then.
  block.header['gasLimit'] = '0x5207';
  const { code, printed } = await run([write('old', pack(block))], { partitions: 2 });
  expect(printed).toMatch(/gasUsed +21000\n/);
  expect(printed).toContain('run under Cancun rules, not compared');
  expect(code).toBe(0);
});

test('several blocks are a table and a summary; JSON has the same; a bad file among them does not stop the others', async () => {
  const good = write('good', pack(document()));
  const bad = join(folder, 'absent');
  const text = await run([good, bad, good], { partitions: 2 });
  expect(text.code).toBe(2);
  expect(text.said).toEqual([`sheaf: ${bad} is not there`]);
  expect(text.printed).toMatch(/match their header +2 of 2/);
  expect(text.printed).toMatch(/in at most two rounds +100\.0 % of 2/);
  const { code, printed } = await run([good, bad, good], { partitions: 2, json: true });
  expect(code).toBe(2);
  expect(JSON.parse(printed)).toMatchObject({
    partitions: 2,
    blocks: [
      { number: 100, matches: true, gasUsed: 21_000, receiptsRoot: receiptsRoot([receipt]), members: [{}, {}] },
      { number: 100, matches: true },
    ],
    summary: { blocks: 2, compared: 2, matching: 2, shareInTwoRounds: 1 },
    unreadable: [`${bad} is not there`],
  });
});

test('a mismatch counts more than a bad file', async () => {
  const block = document();
  block.header['gasUsed'] = '0x1';
  const { code } = await run([write('wrong', pack(block)), join(folder, 'absent')]);
  expect(code).toBe(1);
});

test.each<[string, string, Uint8Array | string]>([
  ['what is no gzip', 'is not gzip, or is damaged', 'plain'],
  ['what is cut short', 'ends too early for gzip', pack(document()).subarray(0, 200)],
  ['what holds no JSON', 'holds no JSON', gzipSync('{')],
  ['what holds another document', 'the document must be an object, got [1]', pack([1])],
])('%s is refused in one sentence', async (_what, sentence, content) => {
  const file = write('file', content);
  const { code, said, printed } = await run([file]);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^sheaf: [^\n]+$/);
  expect(said[0]).toContain(file);
  expect(said[0]).toContain(sentence);
  expect(printed).toBe('');
  expect(code).toBe(2);
});

const required: (keyof Document)[] = ['fork', 'header', 'transactions', 'preState', 'blockHashes'];
const ofHeader = [
  'parentHash',
  'miner',
  'number',
  'gasLimit',
  'timestamp',
  'mixHash',
  'transactionsRoot',
  'receiptsRoot',
];
const ofTransaction = ['nonce', 'gas', 'maxFeePerGas', 'value', 'input', 'hash', 'from', 'v', 'r', 's'];

test.each<[string, (block: Document) => void]>([
  ...required.map((name): [string, (block: Document) => void] => [name, (block) => void delete block[name]]),
  ...ofHeader.map((name): [string, (block: Document) => void] => [
    `header.${name}`,
    (block) => void delete block.header[name],
  ]),
  ...ofTransaction.map((name): [string, (block: Document) => void] => [
    `transactions[0].${name}`,
    (block) => void delete block.transactions[0]![name],
  ]),
  [`preState.${sender}.balance`, (block) => void delete block.preState[sender]!['balance']],
])('%s missing is refused by name', async (field, damage) => {
  const block = document();
  damage(block);
  const { code, said } = await run([write('file', pack(block))]);
  expect(said).toEqual([expect.stringMatching(new RegExp(`: ${escaped(field)} must be .*but it is missing$`))]);
  expect(code).toBe(2);
});

test.each<[string, string, (block: Document) => void]>([
  ['a fork that nobody knows', 'fork is amsterdam', (block) => (block.fork = 'amsterdam')],
  ['block 0', 'header.number is 0', (block) => (block.header['number'] = '0x0')],
  ['a short bloom', 'header.logsBloom must be 256 bytes', (block) => (block.header['logsBloom'] = '0x00')],
  ['endless blob prices', 'header.excessBlobGas', (block) => (block.header['excessBlobGas'] = '0xffffffffffffffff')],
  ['fields that another hash is of', 'transactions[0].hash is', (block) => (block.transactions[0]!['value'] = '0x6')],
  ['a type of the future', 'transactions[0].type is 5', (block) => (block.transactions[0]!['type'] = '0x5')],
  ['a parity of two', 'transactions[0].v is 2', (block) => (block.transactions[0]!['v'] = '0x2')],
  ['a transaction too few', 'header.transactionsRoot is', (block) => (block.transactions = [])],
  ['a word that is too long', 'preState.', (block) => (block.preState[sender]!['balance'] = `0x1${'0'.repeat(64)}`)],
  ['a parent of another hash', 'blockHashes.99 is', (block) => (block.blockHashes['99'] = `0x${'33'.repeat(32)}`)],
  ['a hash of no number', 'blockHashes.x is not', (block) => (block.blockHashes['x'] = zeroHash)],
])('%s is refused by name', async (_what, sentence, damage) => {
  const block = document();
  damage(block);
  const { code, said } = await run([write('file', pack(block))]);
  expect(said).toEqual([expect.stringContaining(sentence)]);
  expect(code).toBe(2);
});

function escaped(text: string): string {
  return text.replace(/[[\].]/g, '\\$&');
}
