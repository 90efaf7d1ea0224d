// Goal: code that was written to hurt does what Ethereum says, on both engines, and no exception leaves them.
// Method: each kind of bad input by itself, compared between interpreter, compiler and @ethereumjs/evm; what the oracle
// cannot run is compared between the two engines, and with what the specification says.
import { bytesToBigint, bytesToHex, concatBytes } from '@sheaf/primitives';
import { opcodesOf } from '../src/opcodes.ts';
import { warmPrecompiles } from '../src/precompiles/index.ts';
import { contracts } from './programs/addresses.ts';
import { Assembler } from './programs/assembler.ts';
import { forks } from './programs/scenarios.ts';
import { compareEngines, runHere } from './support/compare.ts';
import { account, single, type Single } from './support/single.ts';

jest.setTimeout(60_000);

beforeAll(() => warmPrecompiles());

const asm = (): Assembler => new Assembler();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const word = (hex: string): bigint => BigInt(hex);

/** Leaves the word on top as the output. */
const returnTop = (code: Assembler): Uint8Array => code.push(0n).op('MSTORE').push(32n).push(0n).op('RETURN').bytes();

const run = (code: Uint8Array, options: Single = {}) => compareEngines(single(code, options));

describe.each(forks)('every byte as an instruction, %s', (fork) => {
  const names = opcodesOf(fork);
  const all = Array.from({ length: 256 }, (_, code) => code);

  test('without a stack', async () => {
    for (const code of all) {
      const { status, reason } = await run(bytes(code, 0x00), { fork });
      const opcode = names[code];
      if (opcode === undefined)
        expect({ code, status, reason }).toEqual({ code, status: 'halt', reason: 'INVALID_OPCODE' });
      else if (opcode.inputs > 0) expect({ code, reason }).toEqual({ code, reason: 'STACK_UNDERFLOW' });
    }
  });

  test('with small words on the stack', async () => {
    const words = asm();
    for (let n = 0; n < 17; n++) words.push(BigInt(n * 3), 1);
    for (const code of all) await run(concatBytes(words.bytes(), bytes(code, 0x00)), { fork });
  });

  // The rest is the same in all forks.
  if (fork !== 'osaka') return;

  test('with a full stack', async () => {
    const full = new Uint8Array(1_024).fill(0x5f);
    for (const code of all) await run(concatBytes(full, bytes(code, 0x00)), { fork });
  });

  test('with a stack of the greatest words', async () => {
    const words = asm();
    for (let n = 0; n < 17; n++) words.push(2n ** 256n - 1n);
    for (const code of all) await run(concatBytes(words.bytes(), bytes(code, 0x00)), { fork });
  });
});

test('a PUSH that the code ends in has zeros behind it', async () => {
  for (let width = 1; width <= 32; width++) {
    for (const given of [0, 1, width - 1].filter((n) => n < width)) {
      const push = concatBytes(bytes(0x60 + width - 1), new Uint8Array(given).fill(0x5b));
      // Run off the end; jumped to as the last instruction; read as data, jumped into.
      expect((await run(push)).status).toBe('success');
      const start = asm().push(4n, 1).op('JUMP').op('STOP').op('JUMPDEST').bytes();
      expect((await run(concatBytes(start, push))).status).toBe('success');
      if (given === 0) continue;
      const into = asm().push(4n, 1).op('JUMP').bytes();
      expect((await run(concatBytes(into, push))).reason).toBe('INVALID_JUMP');
    }
  }
});

describe('jumps', () => {
  test('to every offset of a code with JUMPDESTs in data', async () => {
    const body = bytes(
      0x5b,
      0x60,
      0x5b,
      0x5b,
      0x7f,
      ...new Array<number>(32).fill(0x5b),
      0x5b,
      0x61,
      0x5b,
      0x60,
      0x5b,
      0xfe,
      0x5b,
      0x63,
    );
    for (let target = 0; target <= body.length + 4; target++) {
      const code = concatBytes(asm().push(BigInt(target), 2).op('JUMP').bytes(), body);
      const { status, reason } = await run(code);
      if (status === 'halt') expect(['INVALID_JUMP', 'INVALID_OPCODE']).toContain(reason);
      await run(concatBytes(asm().push(1n).push(BigInt(target), 3).op('JUMPI').bytes(), body));
    }
  });

  test('to destinations that only look right in their low bits', async () => {
    for (const high of [2n ** 16n, 2n ** 32n, 2n ** 64n, 2n ** 255n]) {
      const code = asm()
        .push(high + 34n, 32)
        .op('JUMP')
        .op('JUMPDEST')
        .bytes();
      expect((await run(code)).reason).toBe('INVALID_JUMP');
      // The same from the stack's depths, where a compiler cannot see it.
      const computed = asm()
        .op('CALLDATASIZE')
        .push(high + 38n, 32)
        .op('ADD')
        .op('JUMP')
        .op('STOP')
        .op('STOP')
        .op('JUMPDEST');
      expect((await run(computed.bytes())).reason).toBe('INVALID_JUMP');
    }
  });
});

describe('memory', () => {
  const offsets = [
    0n,
    1n,
    31n,
    2n ** 16n,
    2n ** 31n,
    2n ** 32n - 32n,
    2n ** 32n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 255n,
    2n ** 256n - 1n,
  ];
  const lengths = [0n, 1n, 32n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 256n - 1n];
  /** How each instruction takes an offset and a length of memory. */
  const takers: Record<string, (code: Assembler, offset: bigint, length: bigint) => Assembler> = {
    KECCAK256: (code, offset, length) => code.push(length).push(offset).op('KECCAK256').op('POP'),
    CALLDATACOPY: (code, offset, length) => code.push(length).push(0n).push(offset).op('CALLDATACOPY'),
    'CALLDATACOPY from there': (code, offset, length) =>
      code
        .push(length % 2n ** 16n)
        .push(offset)
        .push(0n)
        .op('CALLDATACOPY'),
    CODECOPY: (code, offset, length) => code.push(length).push(0n).push(offset).op('CODECOPY'),
    'CODECOPY from there': (code, offset, length) =>
      code
        .push(length % 2n ** 16n)
        .push(offset)
        .push(0n)
        .op('CODECOPY'),
    EXTCODECOPY: (code, offset, length) => code.push(length).push(0n).push(offset).op('ADDRESS').op('EXTCODECOPY'),
    'EXTCODECOPY from there': (code, offset, length) =>
      code
        .push(length % 2n ** 16n)
        .push(offset)
        .push(0n)
        .op('ADDRESS')
        .op('EXTCODECOPY'),
    RETURNDATACOPY: (code, offset, length) => code.push(length).push(0n).push(offset).op('RETURNDATACOPY'),
    'RETURNDATACOPY from there': (code, offset, length) => code.push(length).push(offset).push(0n).op('RETURNDATACOPY'),
    'MCOPY to': (code, offset, length) => code.push(length).push(0n).push(offset).op('MCOPY'),
    'MCOPY from': (code, offset, length) => code.push(length).push(offset).push(0n).op('MCOPY'),
    LOG1: (code, offset, length) => code.push(1n).push(length).push(offset).op('LOG1'),
    CREATE: (code, offset, length) => code.push(length).push(offset).push(0n).op('CREATE').op('POP'),
    CREATE2: (code, offset, length) => code.push(0n).push(length).push(offset).push(0n).op('CREATE2').op('POP'),
    'CALL with': (code, offset, length) =>
      code.push(0n).push(0n).push(length).push(offset).push(0n).push(4n).op('GAS').op('CALL').op('POP'),
    'CALL into': (code, offset, length) =>
      code.push(length).push(offset).push(0n).push(0n).push(0n).push(4n).op('GAS').op('CALL').op('POP'),
    'DELEGATECALL into': (code, offset, length) =>
      code.push(length).push(offset).push(0n).push(0n).push(4n).op('GAS').op('DELEGATECALL').op('POP'),
    RETURN: (code, offset, length) => code.push(length).push(offset).op('RETURN'),
    REVERT: (code, offset, length) => code.push(length).push(offset).op('REVERT'),
  };

  test.each(Object.keys(takers))('%s at any offset and length', async (name) => {
    for (const offset of offsets) {
      for (const length of lengths) await run(returnTop(takers[name]!(asm(), offset, length).op('MSIZE')));
    }
  });

  test('single words at any offset', async () => {
    for (const offset of offsets) {
      for (const name of ['MSTORE', 'MSTORE8']) await run(returnTop(asm().push(7n).push(offset).op(name).op('MSIZE')));
      for (const name of ['MLOAD', 'CALLDATALOAD'])
        await run(returnTop(asm().push(offset).op(name)), { data: bytes(1, 2, 3) });
    }
  });

  test('a megabyte, copied onto itself, hashed and returned', async () => {
    const size = 1_048_576n;
    const code = asm()
      .push(2n ** 256n - 1n)
      .push(size)
      .op('MSTORE')
      .push(size)
      .push(0n)
      .push(33n)
      .op('MCOPY');
    code.push(size).push(1n).op('KECCAK256').push(5n).op('MSTORE').push(size).push(0n).op('RETURN');
    const { status, output } = await run(code.bytes(), { gas: 2n ** 40n });
    expect(status).toBe('success');
    expect(output.length).toBe(2 + 2 * Number(size));
  });

  test('megabytes in each of many frames', async () => {
    // Calls itself with the depth that is left as call data; each frame holds two megabytes.
    const code = asm()
      .push(1n)
      .push(2n * 1_048_576n)
      .op('MSTORE')
      .push(0n)
      .op('CALLDATALOAD')
      .op('DUP1')
      .op('ISZERO');
    const end = code.label();
    code.pushLabel(end).op('JUMPI').push(1n).op('SWAP1').op('SUB').push(0n).op('MSTORE');
    code
      .push(32n)
      .push(0n)
      .push(32n)
      .push(0n)
      .push(0n)
      .op('ADDRESS')
      .op('GAS')
      .op('CALL')
      .op('POP')
      .land(end)
      .op('MSIZE');
    const depth = new Uint8Array(32);
    depth[31] = 40;
    const scenario = single(returnTop(code), { gas: 2n ** 40n, data: depth });
    const [interpreted, compiled] = (['interpreter', 'compiler'] as const).map(
      (mode) => runHere(scenario, mode).outcome,
    );
    expect(interpreted).toEqual(compiled);
    expect(interpreted!.status).toBe('success');
  });
});

describe('depth', () => {
  /** Calls itself with all gas and returns the depth below it plus one. */
  const recursion = (name: string): Uint8Array => {
    const code = asm().push(32n).push(0n).push(0n).push(0n);
    if (name === 'CALL' || name === 'CALLCODE') code.push(0n);
    code.op('ADDRESS').op('GAS').op(name).op('POP').push(0n).op('MLOAD').push(1n).op('ADD');
    return returnTop(code);
  };

  test.each(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'])('%s to the bottom: 1,025 frames', async (name) => {
    const { status, output } = await run(recursion(name), { gas: 2n ** 60n });
    expect(status).toBe('success');
    expect(word(output)).toBe(1_025n);
  });

  test('creations to the bottom', async () => {
    // Init code that creates itself and, below, deploys nothing.
    const code = asm().op('CODESIZE').push(0n).push(0n).op('CODECOPY').op('CODESIZE').push(0n).push(0n).op('CREATE');
    const scenario = single(code.op('STOP').bytes(), { gas: 2n ** 60n, creates: true });
    // Without the oracle, which takes seconds for it.
    const [interpreted, compiled] = (['interpreter', 'compiler'] as const).map(
      (mode) => runHere(scenario, mode).outcome,
    );
    expect(interpreted).toEqual(compiled);
    expect(interpreted!.status).toBe('success');
    expect(interpreted!.createdAccounts).toHaveLength(1_025);
  });

  test('two contracts and a delegation in turn, until the gas ends', async () => {
    const next = (to: string): Uint8Array =>
      asm()
        .push(0n)
        .push(0n)
        .push(0n)
        .push(0n)
        .push(1n)
        .push(BigInt(to))
        .op('GAS')
        .op('CALL')
        .push(0n)
        .op('SSTORE')
        .bytes();
    await run(next(contracts[1]!), { gas: 3_000_000n, others: [next(contracts[0]!)] });
  });
});

describe('gas', () => {
  const spin = asm()
    .op('JUMPDEST')
    .push(0n)
    .op('POP')
    .op('GAS')
    .push(2n ** 62n)
    .op('LT')
    .push(0n)
    .op('JUMPI');

  test('2^63-1 is counted exactly', async () => {
    const { status, output, gasLeft } = await run(returnTop(asm().op('GAS')), { gas: 2n ** 63n - 1n });
    expect({ status, seen: word(output) }).toEqual({ status: 'success', seen: 2n ** 63n - 3n });
    expect(gasLeft).toBe(2n ** 63n - 1n - 15n);
    await run(spin.push(0n).bytes(), { gas: 2n ** 62n + 50_000n });
  });

  test('beyond the port is refused, and the engine works on', async () => {
    for (const gas of [2n ** 63n, 2n ** 64n - 1n, -1n]) {
      for (const mode of ['interpreter', 'compiler'] as const) {
        expect(() => runHere(single(bytes(0x00), { gas }), mode)).toThrow(RangeError);
      }
      await run(returnTop(asm().op('GAS')));
    }
  });

  test('calls are given any word as gas', async () => {
    for (const gas of [
      0n,
      2_300n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
      2n ** 64n,
      2n ** 64n + 5n,
      2n ** 256n - 1n,
    ]) {
      for (const value of [0n, 1n]) {
        const code = asm()
          .push(32n)
          .push(0n)
          .push(0n)
          .push(0n)
          .push(value)
          .push(BigInt(contracts[1]!))
          .push(gas)
          .op('CALL');
        await run(returnTop(code.op('POP').push(0n).op('MLOAD')), { others: [returnTop(asm().op('GAS'))] });
      }
    }
  });

  test('every amount of gas from nothing to enough', async () => {
    const code = asm().push(5n).push(64n).op('MSTORE').push(1n).push(1n).op('TSTORE').push(0n).op('SLOAD').op('POP');
    const called = code.push(0n).push(0n).push(0n).push(0n).push(0n).push(4n).op('GAS').op('CALL').bytes();
    for (let gas = 0n; gas < 2_600n; gas += gas < 80n ? 1n : 97n) await run(called, { gas });
  });
});

describe('sizes', () => {
  test('no code, and no init code', async () => {
    expect((await run(new Uint8Array(0))).status).toBe('success');
    expect((await run(new Uint8Array(0), { creates: true })).createdAccounts).toHaveLength(1);
  });

  test('init code of 48 KiB runs; what creates with a byte more halts', async () => {
    const start = asm().push(1n).push(0n).op('MSTORE8').push(1n).push(0n).op('RETURN').bytes();
    for (const fill of [0x00, 0x5b, 0x7f]) {
      const initCode = concatBytes(start, new Uint8Array(49_152 - start.length).fill(fill));
      expect((await run(initCode, { creates: true, gas: 10_000_000n })).status).toBe('success');
    }
    const jumpdests = new Uint8Array(49_152).fill(0x5b);
    expect((await run(jumpdests, { creates: true, gas: 10_000_000n })).status).toBe('success');
    for (const length of [49_152n, 49_153n]) {
      for (const name of ['CREATE', 'CREATE2']) {
        await run(returnTop(asm().push(0n).push(length).push(0n).push(0n).op(name)), { gas: 10_000_000n });
      }
    }
  });

  test('code of 24 KiB of JUMPDESTs, PUSHes, and invalid bytes', async () => {
    for (const fill of [0x5b, 0x58, 0x60, 0x7f, 0x5f, 0x56, 0x57, 0xfe, 0x0c])
      await run(new Uint8Array(24_576).fill(fill));
  });

  test('tens of thousands of jump destinations, jumped to at any distance', async () => {
    const destinations = 100_000;
    for (const target of [9, 10, 65_535, 65_536, 65_544, 65_545, 99_999, 100_004]) {
      const start = asm().push(BigInt(target), 3).op('JUMP').bytes();
      const code = concatBytes(start, new Uint8Array(destinations).fill(0x5b), returnTop(asm().op('GAS')));
      const { status } = await run(code);
      expect({ target, status }).toEqual({ target, status: 'success' });
    }
  });

  test('tens of thousands of computed jumps, each to the next', async () => {
    const code = asm();
    for (let n = 0; n < 12_000; n++) code.op('PC').push(6n, 1).op('ADD').op('JUMP').op('STOP').op('JUMPDEST');
    const { status } = await run(concatBytes(code.bytes(), returnTop(asm().op('GAS'))));
    expect(status).toBe('success');
    // Within what a compiler takes.
    await run(concatBytes(code.bytes().subarray(0, 7 * 3_000), returnTop(asm().op('GAS'))));
  });

  test('a table of jumps on calldata, every entry at a time', async () => {
    const entries = 2_000;
    const code = asm();
    // Five bytes for each entry behind the jump.
    code.push(0n).op('CALLDATALOAD').push(5n).op('MUL').push(11n, 2).op('ADD').op('JUMP').op('STOP');
    expect(code.offset).toBe(11);
    for (let n = 0; n < entries; n++) code.op('JUMPDEST').push(BigInt(n), 2).op('JUMPDEST');
    const whole = returnTop(code.op('GAS'));
    for (const entry of [0n, 1n, 999n, 1_999n, 2_000n, 2n ** 255n]) {
      const data = Uint8Array.from(Buffer.from(entry.toString(16).padStart(64, '0'), 'hex'));
      await run(whole, { data });
    }
  });
});

test('codes that differ only in their data give their own', async () => {
  // Returns the last byte of the code, which is never run; and what it pushes.
  const reads = asm()
    .push(1n)
    .push(1n)
    .op('CODESIZE')
    .op('SUB')
    .push(31n)
    .op('CODECOPY')
    .push(32n)
    .push(0n)
    .op('RETURN')
    .bytes();
  for (let n = 0; n < 256; n++) {
    const outputs = (['interpreter', 'compiler'] as const).flatMap((mode) => [
      word(runHere(single(concatBytes(reads, bytes(n))), mode).outcome.output),
      word(runHere(single(returnTop(asm().push(BigInt(n), 1))), mode).outcome.output),
    ]);
    expect(outputs).toEqual([n, n, n, n].map(BigInt));
  }
  await run(concatBytes(reads, bytes(0x5b)));
});

test('init code that begins with EF is invalid code, and EF cannot be deployed', async () => {
  // EF00 is left to the engines: the oracle takes it for the object format that none of these forks has.
  await run(bytes(0xef, 0x01), { creates: true });
  for (const first of [0xef, 0xee, 0xf0]) {
    await run(asm().push(BigInt(first)).push(0n).op('MSTORE8').push(1n).push(0n).op('RETURN').bytes(), {
      creates: true,
    });
  }
  const create = returnTop(asm().push(0xef00n).push(0n).op('MSTORE').push(2n).push(30n).push(0n).op('CREATE'));
  for (const mode of ['interpreter', 'compiler'] as const) {
    const { status, output, gasLeft } = runHere(single(create), mode).outcome;
    expect({ status, output: bytesToBigint(Buffer.from(output.slice(2), 'hex')) }).toEqual({
      status: 'success',
      output: 0n,
    });
    expect(gasLeft).toBeLessThan(20_000n);
  }
});

test('an account of code is read by others as it is', async () => {
  const other = concatBytes(bytes(0x00), new Uint8Array(300).fill(0x5b));
  const code = asm()
    .push(64n)
    .push(290n)
    .push(0n)
    .push(BigInt(contracts[1]!))
    .op('EXTCODECOPY')
    .push(96n)
    .push(0n)
    .op('RETURN');
  const { output } = await run(code.bytes(), { others: [other] });
  expect(output).toBe(`0x${'5b'.repeat(11)}${'00'.repeat(85)}`);
  expect(bytesToHex(account(other).code)).toHaveLength(604);
});
