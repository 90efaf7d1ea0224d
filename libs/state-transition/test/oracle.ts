// A plain @ethereumjs/vm with its own state manager and its own cryptography (but for KZG, which it has
// none of), which runs finished blocks.
import { createBlockFromRLP } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString } from '@ethereumjs/util';
import { createVM, runBlock, type RunBlockResult } from '@ethereumjs/vm';
import { hexToBytes } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { lazyKzg } from './lazy-kzg.ts';
import { systemContracts } from '../src/system-contracts.ts';

export async function openOracle(spec: ChainSpec, genesisHash: string) {
  const common = createCustomCommon({ chainId: Number(spec.chainId) }, Mainnet, {
    hardfork: spec.fork,
    customCrypto: { kzg: lazyKzg() },
  });
  const stateManager = new MerkleStateManager({ common });
  const hashes = [genesisHash];
  const blockchain = {
    getBlock: async (number: number) => ({ hash: () => hexToBytes(hashes[number]!) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  for (const [address, { balance, nonce, code, storage }] of spec.genesis.alloc) {
    const to = createAddressFromString(address);
    await stateManager.putAccount(to, new Account(nonce, balance));
    if (code.length > 0) await stateManager.putCode(to, code);
    for (const [slot, value] of storage) await stateManager.putStorage(to, hexToBytes(slot), hexToBytes(value));
  }
  for (const { address, code } of systemContracts(spec.fork)) {
    await stateManager.putAccount(createAddressFromString(address), new Account(1n));
    await stateManager.putCode(createAddressFromString(address), code);
  }
  const evm = await createEVM({ common, stateManager, blockchain });
  const vm = await createVM({ common, stateManager, blockchain, evm });
  return {
    stateRoot: () => stateManager.getStateRoot(),
    /** @throws when any root, the gas used, the bloom or the requests of the header differ */
    async run(rlp: Uint8Array): Promise<RunBlockResult> {
      const block = createBlockFromRLP(rlp, { common, setHardfork: false });
      const result = await runBlock(vm, { block, skipHeaderValidation: true });
      hashes.push(`0x${Buffer.from(block.hash()).toString('hex')}`);
      return result;
    },
  };
}
