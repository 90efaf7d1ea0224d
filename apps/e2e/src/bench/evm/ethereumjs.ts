import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString, type Address } from '@ethereumjs/util';
import { bytesToHex, hexToBytes } from '@sheaf/primitives';
import type { Clock } from '../clock.ts';
import { BenchFault } from '../suite.ts';
import { blockOfCalls, callGas, sender, type Call, type Contender, type Timed, type World } from './contender.ts';

/** @ethereumjs/evm as it comes: its default state manager and its own cryptography. */
export function openEthereumjs(clock: Clock): Contender {
  return {
    name: 'ethereumjs',
    inProcess: true,
    open: async (world) => {
      const machine = await openMachine(world);
      return { time: (call, times) => time(clock, machine, call, times) };
    },
    verify: () => undefined,
    close: () => Promise.resolve(),
  };
}

type Machine = Awaited<ReturnType<typeof openMachine>>;

async function openMachine(world: World) {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague });
  const state = new SimpleStateManager({ common });
  for (const [address, { nonce, balance, code, storage }] of world) {
    const at = createAddressFromString(address);
    await state.putAccount(at, new Account(nonce, balance));
    if (code.length > 0) await state.putCode(at, code);
    for (const [slot, value] of storage) await state.putStorage(at, hexToBytes(slot), withoutZeros(hexToBytes(value)));
  }
  return { state, evm: await createEVM({ common, stateManager: state }) };
}

/** Its storage holds numbers without leading zeros. */
function withoutZeros(word: Uint8Array): Uint8Array {
  const first = word.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array(0) : word.slice(first);
}

const coinbase = createAddressFromString(blockOfCalls.coinbase);
const caller = createAddressFromString(sender);
const block = {
  header: {
    number: blockOfCalls.number,
    coinbase,
    timestamp: blockOfCalls.timestamp,
    difficulty: 0n,
    prevRandao: new Uint8Array(32),
    gasLimit: blockOfCalls.gasLimit,
    baseFeePerGas: 0n,
    slotNumber: 0n,
    getBlobGasPrice: () => 1n,
  },
};

async function time(clock: Clock, machine: Machine, call: Call, times: number): Promise<Timed> {
  const to = createAddressFromString(call.to);
  const startedNs = clock();
  let result = await runOnce(machine, to, call.data);
  for (let i = 1; i < times; i += 1) result = await runOnce(machine, to, call.data);
  const elapsedNs = clock() - startedNs;
  return { elapsedNs, output: bytesToHex(result.returnValue), gasUsed: result.executionGasUsed };
}

/** What its VM does around a message of a transaction, and then everything is undone. */
async function runOnce({ evm, state }: Machine, to: Address, data: Uint8Array) {
  for (const address of [caller, to, coinbase]) evm.journal.addAlwaysWarmAddress(address.toString());
  for (const address of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(address);
  await evm.journal.checkpoint();
  const { execResult } = await evm.runCall({ block, caller, to, data, gasLimit: callGas, skipNonceIncrement: true });
  await evm.journal.revert();
  evm.journal.cleanJournal();
  evm.transientStorage.clear();
  state.originalStorageCache.clear();
  if (execResult.exceptionError)
    throw new BenchFault(`@ethereumjs/evm ended a call with ${execResult.exceptionError.error}`);
  return execResult;
}
