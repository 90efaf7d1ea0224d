// A plain @ethereumjs/vm over the same chain: it shares nothing with our engine.
import { createBlockFromRLP } from '@ethereumjs/block';
import { createCustomCommon, Mainnet, type Common } from '@ethereumjs/common';
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, bytesToHex, createAddressFromString, unpadBytes } from '@ethereumjs/util';
import { createVM, runBlock, type VM } from '@ethereumjs/vm';
import { lazyKzg } from '../../conformance/oracle-executor.ts';
import type { Hash32 } from '@sheaf/primitives';
import { hexToBytes } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import type { BlockChanges } from '@sheaf/state';
import type { ExecutedBlock } from '@sheaf/state-transition';

/** Executes one block after another from genesis on. */
export interface OracleChain {
  /** What of the block's header is otherwise than @ethereumjs/vm has it; `undefined`: nothing. */
  difference(block: ExecutedBlock): Promise<string | undefined>;
}

export async function openOracleChain(
  spec: ChainSpec,
  start: { hash: Hash32; changes: BlockChanges },
): Promise<OracleChain> {
  const common = createCustomCommon({ chainId: Number(spec.chainId) }, Mainnet, {
    hardfork: spec.fork,
    // Random programs call whatever address a value makes, point evaluation among them.
    customCrypto: { kzg: lazyKzg() },
  });
  const hashes = new Map<bigint, Uint8Array>([[0n, hexToBytes(start.hash)]]);
  const stateManager = new MerkleStateManager({ common });
  const blockchain: EVMMockBlockchainInterface = {
    getBlock: async (height) => ({ hash: () => hashes.get(BigInt(height))! }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const vm = await createVM({ common, stateManager, blockchain });
  await writeGenesis(stateManager, start.changes);
  return {
    async difference(block) {
      const said = await compare(vm, common, block);
      hashes.set(block.header.number, hexToBytes(block.hash));
      return said;
    },
  };
}

async function compare(vm: VM, common: Common, { rlp, header }: ExecutedBlock): Promise<string | undefined> {
  const block = createBlockFromRLP(rlp, { common, setHardfork: false });
  const root = await vm.stateManager.getStateRoot();
  const run = await runBlock(vm, { block, root, generate: true, skipHeaderValidation: true, skipNonce: false });
  const pairs: [name: string, ours: unknown, theirs: unknown][] = [
    ['stateRoot', header.stateRoot, bytesToHex(run.stateRoot)],
    ['receiptsRoot', header.receiptsRoot, bytesToHex(run.receiptsRoot)],
    ['logsBloom', bytesToHex(header.logsBloom), bytesToHex(run.logsBloom)],
    ['gasUsed', header.gasUsed, run.gasUsed],
    ['requestsHash', header.requestsHash, run.requestsHash && bytesToHex(run.requestsHash)],
  ];
  const wrong = pairs.find(([, ours, theirs]) => ours !== theirs);
  return wrong && `${wrong[0]} is ${String(wrong[1])}, @ethereumjs/vm has ${String(wrong[2])}`;
}

async function writeGenesis(state: MerkleStateManager, { accounts, codes }: BlockChanges): Promise<void> {
  for (const { address, account, slots } of accounts) {
    if (account === undefined) continue;
    const to = createAddressFromString(bytesToHex(address));
    await state.putAccount(to, new Account(account.nonce, account.balance));
    const code = codes.get(bytesToHex(account.codeHash) as Hash32);
    if (code !== undefined && code.length > 0) await state.putCode(to, code);
    for (const { slot, value } of slots) await state.putStorage(to, slot, unpadBytes(value));
  }
  await state.flush();
}
