// Goal: any number of different contracts, one after the other, leaves nothing behind but a bounded cache, and no
// contract ever runs as another.
// Method: thousands of codes that each give their own number, on each mode, beyond the limits of the caches; a contract
// that becomes hot, and is compiled only when the place of its code has become another's.
import { keccak256 } from '@sheaf/crypto';
import { bytesToBigint, concatBytes, equalBytes, toAddress, toHash32, zeroHash } from '@sheaf/primitives';
import { createEvm } from '../src/evm.ts';
import type { BlockEnvironment, Evm, Host, TransactionEnvironment } from '../src/ports.ts';
import { coinbase, contracts, sender } from './programs/addresses.ts';
import { Assembler } from './programs/assembler.ts';

jest.setTimeout(60_000);

const block: BlockEnvironment = {
  coinbase,
  number: 1n,
  timestamp: 1n,
  prevRandao: toHash32(zeroHash),
  gasLimit: 30_000_000n,
  baseFeePerGas: 0n,
  blobBaseFee: 1n,
};
const transaction: TransactionEnvironment = { origin: sender, gasPrice: 0n, blobVersionedHashes: [] };

/** Codes of the transaction's contracts, in the order of `contracts`. */
function hostOf(codes: Uint8Array[]): Host {
  // What differs is at the ends; to hash all of it would be most of the test's time. The engine takes hashes as given.
  const hashes = codes.map((code) => keccak256(concatBytes(code.subarray(0, 64), code.subarray(-64))));
  return {
    account(address) {
      const place = contracts.indexOf(toAddress(address));
      const codeHash = hashes[place];
      return codeHash === undefined ? undefined : { nonce: 1n, balance: 0n, codeHash, hasStorage: false };
    },
    storage: () => undefined,
    code: (hash) => codes[hashes.findIndex((known) => equalBytes(known, hash))]!,
    blockHash: () => undefined,
  };
}

function start(evm: Evm, codes: Uint8Array[]): void {
  evm.begin(hostOf(codes), block, transaction);
}

/** What the n-th contract of the transaction returns. */
function call(evm: Evm, n = 0, gas = 10_000_000n): bigint {
  const result = evm.run({ caller: sender, to: contracts[n], value: 0n, data: new Uint8Array(0), gas });
  if (result.status !== 'success') throw new Error(result.status);
  return bytesToBigint(result.output);
}

function callAlone(evm: Evm, code: Uint8Array): bigint {
  start(evm, [code]);
  const value = call(evm);
  evm.finish();
  return value;
}

/** Returns the number, after so many rounds of a loop. */
function numbered(n: number, rounds = 0): Uint8Array {
  const code = new Assembler();
  if (rounds > 0) {
    const again = code.label();
    code
      .push(BigInt(rounds))
      .land(again)
      .push(1n)
      .op('SWAP1')
      .op('SUB')
      .op('DUP1')
      .pushLabel(again)
      .op('JUMPI')
      .op('POP');
  }
  return code.push(BigInt(n), 4).push(0n).op('MSTORE').push(32n).push(0n).op('RETURN').bytes();
}

/** The same as large as a contract can be: some 1,800 of them fill the arena of codes. */
const large = (n: number): Uint8Array => concatBytes(numbered(n), new Uint8Array(24_000));
const arenaHoldsMax = 2_000;

test('more contracts than the interpreter keeps', () => {
  const evm = createEvm({ fork: 'osaka', chainId: 1n, mode: 'interpreter' });
  const before = evm.stats().memoryBytes;
  for (let n = 0; n < 3 * arenaHoldsMax; n++)
    if (callAlone(evm, large(n)) !== BigInt(n)) throw new Error(`contract ${n}`);
  const { loadedCodes, memoryBytes, compiledContracts } = evm.stats();
  expect(loadedCodes).toBeLessThanOrEqual(arenaHoldsMax);
  expect(memoryBytes).toBe(before);
  expect(compiledContracts).toBe(0);
  expect(callAlone(evm, large(0))).toBe(0n);
});

test('more contracts than are kept compiled', () => {
  const evm = createEvm({ fork: 'osaka', chainId: 1n, mode: 'compiler' });
  for (let n = 0; n < 4_200; n++) if (callAlone(evm, numbered(n)) !== BigInt(n)) throw new Error(`contract ${n}`);
  const { compiledContracts, compiledBytes } = evm.stats();
  expect(compiledContracts).toBeGreaterThan(4_000);
  expect(compiledContracts).toBeLessThanOrEqual(4_097);
  expect(compiledBytes).toBeLessThan(65 * 1_048_576);
  // Of those that are gone, those that are there, and one at each place of the table that was given anew.
  for (let n = 0; n < 4_200; n += 100) expect(callAlone(evm, numbered(n))).toBe(BigInt(n));
});

test('a contract that is compiled late is not put in the place of another', () => {
  const evm = createEvm({ fork: 'osaka', chainId: 1n, mode: 'both' });
  const hot = numbered(1, 100_000);
  // The first code in the arena becomes hot, and waits; then the arena fills up.
  expect(callAlone(evm, hot)).toBe(1n);
  expect(callAlone(evm, hot)).toBe(1n);
  let loaded = 0;
  for (let n = 10; evm.stats().loadedCodes > loaded; n++) {
    loaded = evm.stats().loadedCodes;
    callAlone(evm, large(n));
  }
  // A code found no place any more: the next transaction begins an empty arena, whose first code lies where the hot one lay.
  const other = numbered(2, 100_000);
  expect(callAlone(evm, other)).toBe(2n);
  expect(evm.stats().compiledContracts).toBe(0);
  while (evm.compilePending(1_000_000) > 0);
  expect(evm.stats().compiledContracts).toBe(1);
  expect(callAlone(evm, other)).toBe(2n);
  expect(callAlone(evm, hot)).toBe(1n);
});

test('a transaction that wants, and could pay for, more memory than there is is void; the next one is right', () => {
  const greedy: ((end: bigint) => Assembler)[] = [
    (end) =>
      new Assembler()
        .push(1n)
        .push(end - 32n)
        .op('MSTORE'),
    (end) => new Assembler().push(end - 32n).op('MLOAD'),
    (end) => new Assembler().push(end).push(0n).op('KECCAK256'),
    (end) => new Assembler().push(end).push(0n).push(0n).op('CALLDATACOPY'),
    (end) =>
      new Assembler()
        .push(32n)
        .push(end - 32n)
        .push(0n)
        .op('MCOPY'),
    (end) => new Assembler().push(end).push(0n).op('RETURN'),
  ];
  for (const mode of ['interpreter', 'compiler'] as const) {
    const evm = createEvm({ fork: 'osaka', chainId: 1n, mode });
    for (const end of [
      3n * 2n ** 29n,
      2n ** 31n,
      2n ** 32n - 32n,
      2n ** 32n,
      2n ** 32n + 32n,
      2n ** 34n,
      2n ** 36n,
      2n ** 36n + 32n,
    ]) {
      for (const write of greedy) {
        start(evm, [write(end).bytes()]);
        expect(() => call(evm, 0, 2n ** 62n)).toThrow(expect.objectContaining({ code: 'LIMIT' }) as Error);
        expect(callAlone(evm, numbered(5))).toBe(5n);
        start(evm, [write(end).bytes()]);
        expect(() => call(evm, 0, 2n ** 40n)).toThrow('halt');
      }
    }
  }
});
