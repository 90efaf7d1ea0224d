import {
  createEvm,
  notHere,
  type BlockEnvironment,
  type EngineMode,
  type Evm,
  type Host,
  type HostAccount,
} from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, hexToBytes, zeroHash } from '@sheaf/primitives';
import type { Clock } from '../clock.ts';
import { BenchFault } from '../suite.ts';
import { ByteMap } from './byte-map.ts';
import { blockOfCalls, callGas, sender, type Call, type Contender, type World } from './contender.ts';

const block: BlockEnvironment = { ...blockOfCalls, prevRandao: zeroHash, baseFeePerGas: 0n, blobBaseFee: 1n };
const transaction = { origin: sender, gasPrice: 0n, blobVersionedHashes: [] };

/** Our engine in one of its two ways of running. */
export function openSheaf(mode: Exclude<EngineMode, 'both'>, clock: Clock): Contender {
  const evm = createEvm({ fork: 'prague', chainId: 1n, mode });
  const codes = new Set<string>();
  return {
    name: `sheaf ${mode}`,
    inProcess: true,
    open(world) {
      const host = openHost(world);
      return Promise.resolve({ time: (call, times) => Promise.resolve(time(clock, evm, host, call, times)) });
    },
    verify(world) {
      for (const { code } of world.values()) if (code.length > 0) codes.add(bytesToHex(code));
      if (mode === 'compiler') expectCompiled(evm, codes.size);
    },
    close: () => Promise.resolve(),
  };
}

/** As a transaction does it: begin, warm what EIP-2929 says, run, take the effects. Nothing is kept. */
export function runOnce(evm: Evm, host: Host, call: Call) {
  evm.begin(host, block, transaction);
  evm.warmAddress(sender);
  evm.warmAddress(call.to);
  evm.warmAddress(blockOfCalls.coinbase);
  const result = evm.run({ caller: sender, to: call.to, value: 0n, data: call.data, gas: callGas });
  if (call.takesEffects) evm.finish();
  if (result.status !== 'success') {
    const why = result.status === 'halt' ? result.reason : result.status === 'revert' ? bytesToHex(result.output) : '';
    throw new BenchFault(`our engine ended a call with ${result.status} ${why}`);
  }
  return result;
}

function time(clock: Clock, evm: Evm, host: Host, call: Call, times: number) {
  const startedNs = clock();
  let result = runOnce(evm, host, call);
  for (let i = 1; i < times; i += 1) result = runOnce(evm, host, call);
  const elapsedNs = clock() - startedNs;
  return { elapsedNs, output: bytesToHex(result.output), gasUsed: callGas - result.gasLeft };
}

/** All contracts of the rows so far. */
function expectCompiled(evm: Evm, contracts: number): void {
  const { compiledContracts, refusedContracts } = evm.stats();
  if (compiledContracts >= contracts && refusedContracts === 0) return;
  throw new BenchFault(
    `of ${contracts} contracts ${compiledContracts} are compiled and ${refusedContracts} refused, so the compiler's column would be the interpreter's`,
  );
}

/** The world in maps by bytes. */
export function openHost(world: World): Host {
  const accounts = new ByteMap<{ account: HostAccount; slots: ByteMap<Uint8Array> }>();
  const codes = new ByteMap<Uint8Array>();
  for (const [address, { nonce, balance, code, storage }] of world) {
    const codeHash = keccak256(code);
    codes.set(codeHash, code);
    const slots = new ByteMap<Uint8Array>();
    for (const [slot, value] of storage) slots.set(hexToBytes(slot), hexToBytes(value));
    const account = { nonce, balance, codeHash, hasStorage: storage.size > 0 };
    accounts.set(hexToBytes(address), { account, slots });
  }
  return {
    account: (address) => accounts.get(address)?.account,
    storage: (address, slot) => accounts.get(address)?.slots.get(slot),
    code: (codeHash) => codes.get(codeHash) ?? notHere,
    blockHash: (number) => (number < blockOfCalls.number ? hexToBytes(zeroHash) : undefined),
  };
}
