import { hexToBytes } from '@sheaf/primitives';
import { createBlock, type Block } from '@ethereumjs/block';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { createVM, type VM } from '@ethereumjs/vm';
import { type Header } from '@sheaf/ethereum';
import type { BlockHashes } from './block-hashes.ts';
import type { BlockState } from './block-state.ts';
import type { Rules } from './rules.ts';

/** The library's machine over one block's state. */
export interface Machine {
  vm: VM;
  evm: EVM;
  /** The environment that transactions see. */
  block: Block;
}

/** What of a header the EVM can see. */
export type Environment = Pick<
  Header,
  | 'parentHash'
  | 'coinbase'
  | 'number'
  | 'gasLimit'
  | 'timestamp'
  | 'prevRandao'
  | 'baseFeePerGas'
  | 'parentBeaconBlockRoot'
>;

export async function openMachine(
  rules: Rules,
  environment: Environment,
  state: BlockState,
  hashes: BlockHashes,
): Promise<Machine> {
  const { common } = rules;
  const evm = await createEVM({ common, stateManager: state, blockchain: hashes });
  const vm = await createVM({ common, stateManager: state, blockchain: hashes, evm });
  const header = {
    parentHash: hexToBytes(environment.parentHash),
    coinbase: hexToBytes(environment.coinbase),
    number: environment.number,
    gasLimit: environment.gasLimit,
    timestamp: environment.timestamp,
    mixHash: hexToBytes(environment.prevRandao),
    baseFeePerGas: environment.baseFeePerGas,
    parentBeaconBlockRoot: hexToBytes(environment.parentBeaconBlockRoot),
    excessBlobGas: 0n,
    blobGasUsed: 0n,
  };
  const block = createBlock({ header }, { common, setHardfork: false, skipConsensusFormatValidation: true });
  return { vm, evm, block };
}
