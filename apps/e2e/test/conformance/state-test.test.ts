// Goal: state tests are judged right, and every lie of a fixture is found by the field.
// Method: a call and a refused transaction with expectations from @ethereumjs/vm, then one field changed at a time.
import { warmPrecompiles } from '@sheaf/evm';
import fc from 'fast-check';
import { runFile, type FileReport } from '../../src/conformance/run-file.ts';
import { SheafExecutor } from '../../src/conformance/sheaf-executor.ts';
import { makeStateTest } from './make-state-test.ts';

const executors = { sheaf: [new SheafExecutor('interpreter'), new SheafExecutor('compiler')], oracle: undefined };
const other = `0x${'5a'.repeat(32)}`;
const passed: FileReport = { passed: 1, failures: [], skipped: {} };

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

function check(content: unknown, options: { fork?: 'osaka'; filter?: string } = {}): Promise<FileReport> {
  const bytes = new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
  const { fork, filter = '' } = options;
  return runFile({ name: 'made.json', bytes }, { fork, filter }, executors, () => undefined);
}

async function lines(fixture: unknown): Promise<string> {
  const { passed: count, failures } = await check({ made: fixture });
  expect([count, failures.length]).toEqual([0, 1]);
  return failures[0]!.lines.join('\n');
}

it.each(['Cancun', 'Prague', 'Osaka'] as const)('passes what is right: %s', async (fork) => {
  const { fixture } = await makeStateTest(fork);
  expect(await check({ made: fixture })).toEqual(passed);
});

it('passes a refusal for the reason that is named, and for one of several', async () => {
  const { fixture, post } = await makeStateTest('Prague', { nonce: '0x05' });
  for (const name of ['NONCE_MISMATCH_TOO_HIGH', 'SENDER_NOT_EOA|TransactionException.NONCE_MISMATCH_TOO_HIGH']) {
    post['expectException'] = `TransactionException.${name}`;
    expect(await check({ made: fixture })).toEqual(passed);
  }
});

describe('finds', () => {
  it('another state root, and says which account differs', async () => {
    const { fixture, post } = await makeStateTest('Prague');
    const right = post['hash'];
    post['hash'] = other;
    post['state'] = { ...fixture.pre };
    const text = await lines(fixture);
    expect(text).toContain(`interpreter, compiler:\n  state root: expected ${other}, got ${String(right)}`);
    expect(text).toContain('0x0000000000000000000000000000000000001234 slot 0x');
  });

  it('another logs hash', async () => {
    const { fixture, post } = await makeStateTest('Prague');
    post['logs'] = other;
    expect(await lines(fixture)).toContain(`logs hash: expected ${other}, got 0x`);
  });

  it('another field of the receipt', async () => {
    const { fixture, post } = await makeStateTest('Prague');
    post['receipt'] = { cumulativeGasUsed: '0x01', status: false };
    const text = await lines(fixture);
    expect(text).toMatch(/receipt\.gasUsed: expected 1, got \d+\n {2}receipt\.success: expected false, got true/);
  });

  it('a transaction that shall be refused and is not', async () => {
    const { fixture, post } = await makeStateTest('Prague');
    post['expectException'] = 'TransactionException.INTRINSIC_GAS_TOO_LOW';
    expect(await lines(fixture)).toContain(
      'expectException: expected TransactionException.INTRINSIC_GAS_TOO_LOW, got an included transaction',
    );
  });

  it('a transaction that is refused for another reason, or shall not be', async () => {
    const { fixture, post } = await makeStateTest('Prague', { nonce: '0x05' });
    expect(await lines(fixture)).toContain('expectException: expected none, got NONCE_TOO_HIGH');
    post['expectException'] = 'TransactionException.SENDER_NOT_EOA';
    expect(await lines(fixture)).toContain('expected TransactionException.SENDER_NOT_EOA, got NONCE_TOO_HIGH');
  });

  it('what is no fixture of its kind, by the field', async () => {
    const { fixture } = await makeStateTest('Prague');
    expect(await lines({ ...fixture, pre: undefined })).toBe('pre must be an object, got nothing');
    expect(await lines({ ...fixture, env: { ...fixture.env, currentNumber: '0xzz' } })).toBe(
      'env.currentNumber must be an integer of 0 to 2^256-1, got "0xzz"',
    );
    const transaction = { ...fixture.transaction, data: [] };
    expect(await lines({ ...fixture, transaction })).toBe('transaction.data has no entry 0');
  });

  it('what is no JSON, and no object', async () => {
    const { failures } = await check('{"a": ');
    expect(failures).toEqual([{ case: '', lines: [expect.stringContaining('the file is not JSON: ')] }]);
    expect((await check('[]')).failures[0]!.lines).toEqual(['the file is JSON, but not an object of fixtures']);
  });

  it('two engines that differ from each other', async () => {
    const { fixture } = await makeStateTest('Prague');
    const [first] = executors.sheaf;
    const wrong = new SheafExecutor('interpreter');
    const start = wrong.start.bind(wrong);
    // An executor that runs everything at another time: as good as an engine with a fault.
    wrong.start = (setting) =>
      start({
        ...setting,
        environment: { ...setting.environment, coinbase: '0x00000000000000000000000000000000000000aa' as never },
      });
    const bytes = new TextEncoder().encode(JSON.stringify({ made: fixture }));
    const pair = { sheaf: [first!, wrong], oracle: undefined };
    const { failures } = await runFile(
      { name: 'made.json', bytes },
      { fork: undefined, filter: '' },
      pair,
      () => undefined,
    );
    expect(failures[0]!.lines.at(-1)).toMatch(/^state root: interpreter 0x[0-9a-f]{64}, interpreter 0x[0-9a-f]{64}$/);
  });
});

it('really compiles in the compiler column', async () => {
  const { fixture } = await makeStateTest('Osaka');
  const [interpreter, compiler] = [new SheafExecutor('interpreter'), new SheafExecutor('compiler')];
  const bytes = new TextEncoder().encode(JSON.stringify({ made: fixture }));
  await runFile(
    { name: 'made.json', bytes },
    { fork: undefined, filter: '' },
    { sheaf: [interpreter, compiler], oracle: undefined },
    () => undefined,
  );
  expect(interpreter.evm('osaka', 1n).stats().compiledContracts).toBe(0);
  expect(compiler.evm('osaka', 1n).stats().compiledContracts).toBe(1);
});

it('judges any damage of a fixture, or says what is wrong with it', async () => {
  const { fixture } = await makeStateTest('Prague');
  const text = JSON.stringify({ made: fixture });
  const values = [...text.matchAll(/:(?=["[{])("[^"]*"|\[[^[{]*?\]|\{[^[{]*?\})/g)].map((match) => match.index + 1);
  const junk = fc.constantFrom(
    'null',
    '"0x"',
    '"0xzz"',
    '-1',
    '[]',
    '{}',
    '"0x' + 'f'.repeat(64) + '"',
    '1e30',
    '"Prague"',
    'true',
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(values.length - 1), junk, async (place, value) => {
      const at = values[place]!;
      const rest = text.slice(at).replace(/^("[^"]*"|\[[^[{]*?\]|\{[^[{]*?\}|)/, value);
      const { passed: count, failures, skipped } = await check(text.slice(0, at) + rest);
      expect(count + failures.length + Object.keys(skipped).length).toBeLessThanOrEqual(1);
      for (const { lines: said } of failures) expect(said.join('\n')).not.toContain('threw');
    }),
    { numRuns: 200 },
  );
});

it('selects by fork and by text, and names what it passes over', async () => {
  const { fixture } = await makeStateTest('Prague');
  const none = { passed: 0, failures: [], skipped: {} };
  expect(await check({ made: fixture }, { fork: 'osaka' })).toEqual(none);
  expect(await check({ made: fixture }, { filter: 'elsewhere' })).toEqual(none);
  expect(await check({ made: fixture }, { filter: 'made prague d0' })).toEqual(passed);
  const older = { ...fixture, post: { Shanghai: [{}, {}], London: [{}], ...fixture.post } };
  expect(await check({ made: older })).toEqual({ ...passed, skipped: { 'fork Shanghai': 2, 'fork London': 1 } });
  expect(await check({ hash: '0x00' })).toEqual({ ...none, skipped: { 'not a fixture': 1 } });
});
