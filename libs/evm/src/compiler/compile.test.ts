// Goal: compiled programs end as the EVM says, with the same gas, memory and output.
// Method: small programs run compiled and by a plain BigInt evaluator; both must agree, and most must not need it.

import { interpret, newFrame, runCompiled } from './test-machine.ts';

const INPUT = Uint8Array.from({ length: 77 }, (_, index) => index + 1);

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function check(text: string | Uint8Array, gas = 1_000_000n, mayInterpret = false): void {
  const code = typeof text === 'string' ? hex(text) : text;
  const expected = interpret(code, INPUT, newFrame(gas));
  const actual = runCompiled(code, INPUT, gas);
  expect({ status: actual.status, gas: actual.gas, output: actual.output, effects: actual.effects }).toEqual({
    status: expected.status,
    gas: expected.gas,
    output: expected.output,
    effects: expected.effects,
  });
  if (!mayInterpret) expect(actual.interpreted).toBe(false);
}

const returnTop = '5f52 60205ff3';

describe('compiled programs', () => {
  it.each([
    ['empty', ''],
    ['stop', '00'],
    ['push and return', `602a ${returnTop}`],
    ['add of call data', `5f35 602035 01 ${returnTop}`],
    ['sub of call data', `5f35 602035 03 ${returnTop}`],
    ['mul of call data', `5f35 602035 02 ${returnTop}`],
    ['div, mod', `5f35 602035 04 602035 5f35 06 01 ${returnTop}`],
    ['truncated push', '62ff'],
    ['jump', '600456fe5b602a' + returnTop],
    ['jump into push data', '6004565b605b00'],
    ['invalid', 'fe'],
    ['unknown', '0c'],
    ['gas', `5a 5a 01 5a 02 ${returnTop}`],
    ['mstore8 and msize', `60ff607f53 59 ${returnTop}`],
    ['far memory', '600163ffffffff52'],
    ['very far memory', '600168ffffffffffffffffff52'],
    ['call data behind the end', `604a35 605035 01 63ffffffff35 01 5f19 35 01 ${returnTop}`],
    ['exp', `600a 6012 0a 5f35 600335 0a 01 ${returnTop}`],
    ['transient', `6001 6002 5d 6005 5c ${returnTop}`],
    ['call done at once', `5f5f5f5f5f 6001 6001 f1 ${returnTop}`],
    ['call with a callee', `6007 5f5f5f5f5f 6002 6002 f1 01 ${returnTop}`],
    ['call at the end', '5f5f5f5f5f60026002f1'],
    ['loop', `5f 6101f4 5b 80 15 6017 57 80 91 01 90 6001 90 03 6004 56 5b 50 ${returnTop}`],
    ['long loop', `5f 620f4240 5b 80 15 6018 57 80 91 01 90 6001 90 03 6005 56 5b 50 ${returnTop}`],
    ['internal call', `600a 6005 6003 600f 56 5b 01 ${returnTop} 5b 01 90 56`],
    ['dynamic jump', `5f35 60f8 1c 600b 01 56 fe fe fe 5b 6001 5b 6002 ${returnTop}`, true],
  ] as [string, string, boolean?][])('%s', (_name, text, mayInterpret = false) => {
    check(text, 100_000_000n, mayInterpret);
  });

  it('keeps more words than a function has locals', () => {
    const loads = Array.from({ length: 200 }, (_, n) => `60${(n % 77).toString(16).padStart(2, '0')}35`).join('');
    check(`${loads} ${'9f018f18'.repeat(60)} ${'01'.repeat(100)} ${returnTop}`, 100_000n);
  });

  it('goes down and up the whole stack', () => {
    const loads = Array.from({ length: 1000 }, (_, n) => `60${(n % 77).toString(16).padStart(2, '0')}35`).join('');
    check(`${loads} ${'9001'.repeat(990)} ${returnTop}`, 100_000n);
    check(`${'5f'.repeat(1000)} ${'50'.repeat(999)} ${returnTop}`, 100_000n);
  });

  it('goes to bodies that only later ones ask for', () => {
    // Functions before their callers: f at 4 is asked for by g at 11, which is asked for by the start behind them.
    check(`6013 56fe 5b 602a 90 60 1a 56 5b 6004 56 fe fe fe 5b 600b 56 5b 90 50 ${returnTop}`, 100_000n, true);
  });

  it('jumps by a table in the code', () => {
    // Reads two bytes of the code behind it and jumps there.
    check(`6002 600c 5f 39 5f51 60f0 1c 56 000e 5b 602a ${returnTop}`, 100_000n);
  });

  it('runs out of gas where the EVM does', () => {
    const code = hex(`5f 600a 5b 80 15 6016 57 80 91 01 90 6001 90 03 6003 56 5b 50 ${returnTop}`);
    for (let gas = 0n; gas < 700n; gas++) check(code, gas, true);
  });

  it('finds stack bounds where the EVM does', () => {
    check('01', 1000n, true);
    check('5b 6001 6000 56', 100_000n, true);
    check(`6001 ${'80'.repeat(1022)} 5800`, 100_000n, true);
    check(`6001 ${'80'.repeat(1023)} 00`, 100_000n, true);
    check(`6001 ${'80'.repeat(1024)} 00`, 100_000n, true);
  });
});
