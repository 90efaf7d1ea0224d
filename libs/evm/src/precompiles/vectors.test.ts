// Goal: what Ethereum's own tests ask of precompiles is answered to the byte, at the exact price, and not for a gas less.
// Method: recorded calls of the execution-spec state tests, valid and invalid, each on the fork that it is for.
import { bytesToHex, hexToBytes } from '@sheaf/primitives';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrecompiles, warmPrecompiles } from './index.ts';
import type { Fork } from '../ports.ts';

interface Vector {
  fork: Fork;
  address: number;
  input: string;
  gas: number;
  output: string | null;
}

const vectors = JSON.parse(readFileSync(join(__dirname, 'vectors/fixture-calls.json'), 'utf8')) as Vector[];
const precompiles = {
  cancun: createPrecompiles('cancun'),
  prague: createPrecompiles('prague'),
  osaka: createPrecompiles('osaka'),
};

test('the curves say that they are not loaded, rather than that a call failed', () => {
  expect(() => precompiles.cancun.run(0x06, new Uint8Array(128), 150n)).toThrow('warmPrecompiles');
});

describe('after warming', () => {
  beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

  test.each([...new Set(vectors.map(({ address }) => address))])('precompile %i', (address) => {
    const own = vectors.filter((vector) => vector.address === address);
    for (const { fork, input, gas, output } of own) {
      const bytes = hexToBytes(input);
      const result = precompiles[fork].run(address, bytes, BigInt(gas));
      const given = result ? { gas: Number(result.gasUsed), output: bytesToHex(result.output) } : { gas, output: null };
      expect({ input, ...given }).toEqual({ input, gas, output });
      expect(bytesToHex(bytes)).toBe(input);
      if (output !== null && gas > 0) expect(precompiles[fork].run(address, bytes, BigInt(gas) - 1n)).toBeUndefined();
    }
    expect(own.some(({ output }) => output !== null)).toBe(true);
  });

  test('every fork has its addresses and no other', () => {
    const cancun = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const prague = [...cancun, 11, 12, 13, 14, 15, 16, 17];
    expect(precompiles.cancun.addresses).toEqual(cancun);
    expect(precompiles.prague.addresses).toEqual(prague);
    expect(precompiles.osaka.addresses).toEqual([...prague, 0x100]);
    expect(precompiles.cancun.has(0x0b)).toBe(false);
    expect(precompiles.prague.has(0x100)).toBe(false);
    expect(precompiles.osaka.has(0)).toBe(false);
    expect(precompiles.osaka.has(0x12)).toBe(false);
  });
});
