// Goal: a kept file saves time and changes nothing.
// Method: the same workload signed, kept and read back; then from a damaged file and from another workload's.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchWorkload } from './bench-workload.ts';
import { keptBenchWorkload, SignatureTape } from './signature-tape.ts';

const small = { blocks: 1, transactions: 20, warmUpTransactions: 5, accounts: 60 };
const folder = mkdtempSync(join(tmpdir(), 'sheaf-tape-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is read back is what was signed, from a whole file, a damaged one, and none', () => {
  const fresh = benchWorkload('erc20-one', small);
  expect(keptBenchWorkload('erc20-one', small, folder, Infinity)).toEqual(fresh);
  expect(readdirSync(folder)).toEqual([]);
  expect(keptBenchWorkload('erc20-one', small, folder, 0)).toEqual(fresh);
  const file = join(folder, readdirSync(folder)[0]!);
  const bytes = readFileSync(file);
  expect(keptBenchWorkload('erc20-one', small, folder, 0)).toEqual(fresh);
  const tape = new SignatureTape(bytes);
  expect(benchWorkload('erc20-one', small, tape)).toEqual(fresh);
  expect(tape.missed).toBe(0);
  for (const damaged of [bytes.subarray(0, bytes.length / 2), new Uint8Array(0), bytes.map((byte) => byte ^ 1)]) {
    writeFileSync(file, damaged);
    expect(keptBenchWorkload('erc20-one', small, folder, 0)).toEqual(fresh);
    expect(new SignatureTape(readFileSync(file)).encode()).toEqual(new Uint8Array(bytes));
  }
});

test('signatures of other transactions are not taken', () => {
  const kept = new SignatureTape();
  benchWorkload('erc20-one', { ...small, seed: 1 }, kept);
  const tape = new SignatureTape(kept.encode());
  expect(benchWorkload('erc20-one', { ...small, seed: 2 }, tape)).toEqual(
    benchWorkload('erc20-one', { ...small, seed: 2 }),
  );
  expect(tape.missed).toBe(25);
});
