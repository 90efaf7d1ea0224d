// Goal: the status line says what is wrong first, and on a terminal stays one line.
// Method: conditions made up, and a stream that is or is not a terminal.
import { PassThrough } from 'node:stream';
import { createLiveLine, statusLine } from './status-line.ts';

const view = { latest: 12, safe: 11, finalized: 9, transactions: 40, transactionsPerSecond: 3.25, mempool: 2 };
const well = { notReady: [], restarts: 0, memoryBytes: 1024 ** 3 };

test('heads, lags, transactions and memory', () => {
  expect(statusLine(view, well)).toBe(
    'latest 12 · safe 11 · finalized 9 · lag 1/3 · tx 40 · mempool 2 · 3.3 tx/s · 1024 MiB',
  );
});

test('what is not ready comes first; what is not known is said to be', () => {
  const line = statusLine({ ...view, mempool: undefined }, { ...well, notReady: ['execution', 'nats'], restarts: 2 });
  expect(line).toMatch(/^NOT READY: execution nats · latest 12 .* mempool \? .* restarts 2 · 1024 MiB$/);
  expect(statusLine(undefined, well)).toBe('gateway does not answer · 1024 MiB');
});

function output(columns?: number): { stream: NodeJS.WriteStream; written: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const terminal = columns === undefined ? {} : { isTTY: true, getWindowSize: () => [columns, 25] };
  return { stream: Object.assign(stream, terminal) as unknown as NodeJS.WriteStream, written: () => text };
}

test('on a terminal a line replaces the one before, cut to the width, and sentences go above it', () => {
  const { stream, written } = output(31);
  const line = createLiveLine(stream);
  line.show('x'.repeat(80));
  line.print('a sentence');
  line.end();
  const cut = 'x'.repeat(30);
  expect(written()).toBe(`\r\x1b[2K${cut}\r\x1b[2Ka sentence\n${cut}\n`);
});

test('elsewhere every line is a line of its own, whole', () => {
  const { stream, written } = output();
  const line = createLiveLine(stream);
  line.show('x'.repeat(80));
  line.print('a sentence');
  line.end();
  expect(written()).toBe(`${'x'.repeat(80)}\na sentence\n`);
});
