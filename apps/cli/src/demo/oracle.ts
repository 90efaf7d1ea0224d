import { createBlockFromRPC, createBlockHeader, type Block, type JSONRPCBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { Account, bytesToHex, createAddressFromString, hexToBytes, setLengthLeft, unpadBytes } from '@ethereumjs/util';
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm';
import { createVM, runBlock, type VM } from '@ethereumjs/vm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import type { Hex } from '@sheaf/primitives';
import { messageOf } from '../errors.ts';
import { oracleCrypto } from './oracle-crypto.ts';
import { systemContractCodeHashes } from './system-contracts.ts';
import { keccak_256 } from '@noble/hashes/sha3.js';

/** A genesis as chain.json writes it; read here by itself, so that our own parser is not trusted. */
export interface GenesisJson {
  chainId: string;
  fork: string;
  genesis: {
    timestamp: string;
    gasLimit: string;
    baseFeePerGas: string;
    extraData: string;
    alloc: { address: Hex; balance: string; nonce: string; code: Hex; storage: { slot: Hex; value: Hex }[] }[];
  };
}

export interface OracleSource {
  /** The block with its transactions in full, as eth_getBlockByNumber answers. */
  block(height: number): Promise<JSONRPCBlock>;
  /** Code at genesis. */
  code(address: Hex): Promise<Hex>;
}

/** What the comparison found. */
export interface OracleResult {
  /** Headers compared, genesis among them. */
  compared: number;
  transactions: number;
  /** The first difference; undefined when there is none. */
  difference: string | undefined;
}

/**
 * Re-executes a chain with @ethereumjs/vm and nothing of ours: the state is built from the genesis file, every block's state
 * root, receipts root, bloom, gas and requests are computed, and the header made of them must hash to what the node says.
 */
export async function replayChain(
  genesis: GenesisJson,
  last: number,
  source: OracleSource,
  onProgress: (height: number) => void = () => {},
): Promise<OracleResult> {
  const common = new Common({
    chain: { ...Mainnet, chainId: Number(genesis.chainId) },
    hardfork: hardforkOf(genesis.fork),
    customCrypto: await oracleCrypto(),
  });
  const hashes = new Map<bigint, Uint8Array>();
  const stateManager = new MerkleStateManager({ common });
  const vm = await createVM({ common, stateManager, blockchain: ancestorsOf(hashes) });
  await writeGenesis(stateManager, genesis, source);

  let parent = createBlockFromRPC(await source.block(0), [], { common });
  const result: OracleResult = { compared: 1, transactions: 0, difference: undefined };
  const root = bytesToHex(await stateManager.getStateRoot());
  if (root !== bytesToHex(parent.header.stateRoot))
    return { ...result, difference: `genesis: state root ${root}, header ${bytesToHex(parent.header.stateRoot)}` };
  hashes.set(0n, parent.hash());

  for (let height = 1; height <= last; height++) {
    const reported = await source.block(height);
    const block = createBlockFromRPC(reported, [], { common });
    const difference =
      (await replayBlock(vm, common, parent, block)) ??
      (bytesToHex(block.hash()) === reported.hash
        ? undefined
        : `its fields hash to ${bytesToHex(block.hash())}, it says ${reported.hash}`);
    if (difference !== undefined) return { ...result, difference: `block ${height}: ${difference}` };
    hashes.set(BigInt(height), block.hash());
    result.compared++;
    result.transactions += block.transactions.length;
    parent = block;
    onProgress(height);
  }
  return result;
}

/** Undefined when the block follows from its parent and its transactions. */
async function replayBlock(vm: VM, common: Common, parent: Block, block: Block): Promise<string | undefined> {
  const { header } = block;
  if (bytesToHex(header.parentHash) !== bytesToHex(parent.hash()))
    return `parent hash ${bytesToHex(header.parentHash)}`;
  if (header.baseFeePerGas !== parent.header.calcNextBaseFee()) return `base fee ${header.baseFeePerGas}`;
  if (header.timestamp < parent.header.timestamp) return `timestamp ${header.timestamp} before its parent's`;
  const run = await runBlock(vm, {
    block,
    root: parent.header.stateRoot,
    generate: true,
    skipHeaderValidation: true,
  }).catch((error: unknown) => messageOf(error));
  if (typeof run === 'string') return run;
  // The roots of transactions and withdrawals were recomputed by runBlock, which refuses a block in which they differ.
  const computed = createBlockHeader(
    {
      ...header,
      number: parent.header.number + 1n,
      parentHash: parent.hash(),
      stateRoot: run.stateRoot,
      receiptTrie: run.receiptsRoot,
      logsBloom: run.logsBloom,
      gasUsed: run.gasUsed,
      ...(run.requestsHash === undefined ? {} : { requestsHash: run.requestsHash }),
    },
    { common },
  );
  const wanted = bytesToHex(computed.hash());
  return wanted === bytesToHex(block.hash())
    ? undefined
    : `header hash ${bytesToHex(block.hash())}, re-executed ${wanted}`;
}

async function writeGenesis(
  state: MerkleStateManager,
  { fork, genesis }: GenesisJson,
  source: OracleSource,
): Promise<void> {
  for (const entry of genesis.alloc) {
    const address = createAddressFromString(entry.address);
    await state.putAccount(address, new Account(BigInt(entry.nonce), BigInt(entry.balance)));
    if (entry.code !== '0x') await state.putCode(address, hexToBytes(entry.code));
    for (const { slot, value } of entry.storage) {
      await state.putStorage(address, setLengthLeft(hexToBytes(slot), 32), unpadBytes(hexToBytes(value)));
    }
  }
  const present = new Set<string>(genesis.alloc.map(({ address }) => address.toLowerCase()));
  for (const [key, codeHash] of systemContractCodeHashes(fork)) {
    if (present.has(key)) continue;
    const code = hexToBytes(await source.code(key));
    if (bytesToHex(keccak_256(code)) !== codeHash)
      throw new Error(`the code of system contract ${key} is not Ethereum's`);
    const address = createAddressFromString(key);
    await state.putAccount(address, new Account(1n, 0n));
    await state.putCode(address, code);
  }
  await state.flush();
}

/** What BLOCKHASH reads. */
function ancestorsOf(hashes: Map<bigint, Uint8Array>): EVMMockBlockchainInterface {
  const blockchain: EVMMockBlockchainInterface = {
    async getBlock(height) {
      const hash = hashes.get(BigInt(height));
      if (!hash) throw new Error(`block ${height} is not known here`);
      return { hash: () => hash };
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  };
  return blockchain;
}

function hardforkOf(fork: string): Hardfork {
  const forks: Record<string, Hardfork> = { cancun: Hardfork.Cancun, prague: Hardfork.Prague, osaka: Hardfork.Osaka };
  const hardfork = forks[fork];
  if (hardfork === undefined) throw new Error(`unknown fork ${fork}`);
  return hardfork;
}
