import { Common, Hardfork, Mainnet, type StateManagerInterface } from '@ethereumjs/common';
import { createEVM, EVMError, getActivePrecompiles, type EVM } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, Address as Address20, KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import { keccak256 } from '@sheaf/crypto';
import { bigintToFixedBytes, bytesToHex, hexToBytes, toAddress, toHash32, type Address } from '@sheaf/primitives';
import type { Fork } from '../../src/ports.ts';
import { blockHash } from './block-hash.ts';
import { kzg } from './kzg.ts';
import type { AccountState, Outcome, Scenario, World } from './scenario.ts';

const hardforks: Record<Fork, string> = { cancun: Hardfork.Cancun, prague: Hardfork.Prague, osaka: Hardfork.Osaka };

/** Opens the state manager's maps, to compare all of the state afterwards. */
class OpenState extends SimpleStateManager {
  accounts(): Map<string, Account | undefined> {
    return this.topAccountStack();
  }
  storage(): Map<string, Uint8Array> {
    return this.topStorageStack();
  }
}

export interface OracleStep {
  pc: number;
  depth: number;
  name: string;
  gasLeft: bigint;
}

/** What @ethereumjs/evm makes of the scenario, with the end of a transaction as @ethereumjs/vm does it. */
export async function runOracle(scenario: Scenario, onStep?: (step: OracleStep) => void): Promise<Outcome> {
  const state = stateOf(scenario.world);
  const evm = await evmFor(scenario, state);
  if (onStep !== undefined) {
    evm.events.on('step', ({ pc, depth, opcode, gasLeft }) => onStep({ pc, depth, name: opcode.name, gasLeft }));
  }
  warm(evm, scenario);
  const { message, transaction, block } = scenario;
  const { execResult, createdAddress } = await evm.runCall({
    caller: address20(message.caller),
    origin: address20(transaction.origin),
    ...(message.to === undefined ? {} : { to: address20(message.to) }),
    value: message.value,
    data: message.data,
    gasLimit: message.gas,
    gasPrice: transaction.gasPrice,
    blobVersionedHashes: [...transaction.blobVersionedHashes],
    block: {
      header: {
        number: block.number,
        coinbase: address20(block.coinbase),
        timestamp: block.timestamp,
        difficulty: 0n,
        prevRandao: hexToBytes(block.prevRandao),
        gasLimit: block.gasLimit,
        baseFeePerGas: block.baseFeePerGas,
        getBlobGasPrice: () => block.blobBaseFee,
      },
    },
  });
  const error = execResult.exceptionError;
  // Deviation of the oracle: some precompiles that fail say REVERT with all gas used. The specification knows of no
  // precompile that reverts; inside a call the two cannot be told apart, here they can.
  const toPrecompile = message.to !== undefined && evm.getPrecompile(message.to) !== undefined;
  const reverted = error?.error === EVMError.errorMessages.REVERT && !toPrecompile;
  // Deviation of the oracle: a creation with empty init code does not tell that it created.
  const onlyCreated = message.to === undefined ? [createdAddress!.toString()] : [];
  const created: string[] = error === undefined ? [...(execResult.createdAddresses ?? onlyCreated)] : [];
  const destroyed = [...(execResult.selfdestruct?.keys() ?? [])].filter((address) => created.includes(address));
  for (const address of destroyed) await evm.journal.deleteAccount(new Address20(hexToBytes(address)));
  await evm.journal.cleanup();
  return {
    status: error === undefined ? 'success' : reverted ? 'revert' : 'halt',
    reason: error === undefined || reverted ? undefined : error.error,
    output: error === undefined || reverted ? bytesToHex(execResult.returnValue) : '0x',
    gasLeft: message.gas - execResult.executionGasUsed,
    refund: execResult.gasRefund ?? 0n,
    created: error === undefined && message.to === undefined ? toAddress(createdAddress!.bytes) : undefined,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map(bytesToHex),
      data: bytesToHex(data),
    })),
    ...stateAfter(state),
    createdAccounts: created.map((address) => toAddress(address)).sort(),
    destroyedAccounts: destroyed.map((address) => toAddress(address)).sort(),
  };
}

function address20(address: Address): Address20 {
  return new Address20(hexToBytes(address));
}

function stateOf(world: World): OpenState {
  const state = new OpenState();
  for (const [address, { nonce, balance, code, storage }] of world) {
    const codeHash = code.length === 0 ? KECCAK256_NULL : keccak256(code);
    // This state manager has no tries: any root but the empty one says that there is storage (EIP-7610).
    const root = storage.size === 0 ? KECCAK256_RLP : keccak256(Uint8Array.of(1));
    state.accounts().set(address, new Account(nonce, balance, root, codeHash));
    if (code.length > 0) state['topCodeStack']().set(address, code);
    for (const [slot, value] of storage) state.storage().set(`${address}_${slot}`, hexToBytes(value));
  }
  return state;
}

async function evmFor(scenario: Scenario, state: OpenState): Promise<EVM> {
  const common = new Common({ chain: Mainnet, hardfork: hardforks[scenario.fork], customCrypto: { kzg } });
  const blockchain = {
    getBlock: (number: number) => Promise.resolve({ hash: () => blockHash(BigInt(number)) }),
    putBlock: () => Promise.resolve(),
    shallowCopy: () => blockchain,
  };
  return createEVM({ common, stateManager: state as unknown as StateManagerInterface, blockchain });
}

function warm(evm: EVM, { fork, message, transaction, block, warm: listed }: Scenario): void {
  const common = new Common({ chain: Mainnet, hardfork: hardforks[fork] });
  for (const precompile of getActivePrecompiles(common).keys()) evm.journal.addAlwaysWarmAddress(precompile);
  const always = [transaction.origin, block.coinbase, ...listed.addresses, ...listed.slots.map(([address]) => address)];
  if (message.to !== undefined) always.push(message.to);
  for (const address of always) evm.journal.addAlwaysWarmAddress(address);
  for (const [address, slot] of listed.slots) evm.journal.addAlwaysWarmSlot(address, slot);
}

function stateAfter(state: OpenState): Pick<Outcome, 'accounts' | 'storage'> {
  const accounts: Record<Address, AccountState> = {};
  for (const [address, account] of state.accounts()) {
    if (account === undefined) continue;
    const { nonce, balance, codeHash } = account;
    accounts[toAddress(address)] = { nonce, balance, codeHash: toHash32(codeHash) };
  }
  const storage: Record<string, string> = {};
  for (const [key, value] of state.storage()) {
    const [address, slot] = key.split('_') as [Address, string];
    const padded = bigintToFixedBytes(BigInt(bytesToHex(value) === '0x' ? '0x0' : bytesToHex(value)), 32);
    if (accounts[address] !== undefined && padded.some((byte) => byte !== 0)) {
      storage[`${address} ${slot}`] = bytesToHex(padded);
    }
  }
  return { accounts, storage };
}
