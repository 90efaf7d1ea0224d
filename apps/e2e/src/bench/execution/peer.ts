// @ethereumjs/vm as its users have it, with what makes it fast: its caches, keccak in WebAssembly, libsecp256k1.
import { Block, createBlockHeaderFromRLP } from '@ethereumjs/block';
import { createCustomCommon, Mainnet, type CustomCrypto } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { createTxFromRLP } from '@ethereumjs/tx';
import { Account, createAddressFromString } from '@ethereumjs/util';
import { createVM, runBlock, type VM } from '@ethereumjs/vm';
import { encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes } from '@sheaf/primitives';
import { createKeccak } from 'hash-wasm';
import { ecdsaRecover } from 'secp256k1';
import { lazyKzg } from '../../conformance/oracle-executor.ts';
import type { Clock } from '../clock.ts';
import type { BenchCase, CaseBlock } from './bench-case.ts';

/** The chain in memory; nothing of it is on a disk. */
export class PeerChain {
  readonly #vm: VM;
  readonly #hashes: Map<bigint, Uint8Array>;

  private constructor(vm: VM, hashes: Map<bigint, Uint8Array>) {
    this.#vm = vm;
    this.#hashes = hashes;
  }

  static async open({ spec, start }: Pick<BenchCase, 'spec' | 'start'>): Promise<PeerChain> {
    const common = createCustomCommon({ chainId: Number(spec.chainId) }, Mainnet, {
      hardfork: spec.fork,
      customCrypto: await fastCrypto(),
    });
    const stateManager = new MerkleStateManager({ common, caches: new Caches() });
    for (const { address, account, slots } of start.accounts) {
      const at = createAddressFromString(bytesToHex(address));
      const { nonce, balance, codeHash } = account!;
      await stateManager.putAccount(at, new Account(nonce, balance));
      const code = start.codes.get(bytesToHex(codeHash) as never);
      if (code !== undefined) await stateManager.putCode(at, code);
      for (const { slot, value } of slots) await stateManager.putStorage(at, slot, trimmed(value));
    }
    await stateManager.flush();
    const hashes = new Map<bigint, Uint8Array>();
    const blockchain = {
      getBlock: async (number: number) => ({ hash: () => hashes.get(BigInt(number))! }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    };
    const evm = await createEVM({ common, stateManager, blockchain });
    return new PeerChain(await createVM({ common, stateManager, blockchain, evm }), hashes);
  }

  /**
   * What the block takes by the clock, ms: its transactions decoded, senders given, all of it executed, and the state root, receipts'
   * root, bloom and gas as its header has them; or it throws.
   */
  async execute({ header, included, input }: CaseBlock, clock: Clock): Promise<number> {
    for (const ancestor of input.ancestors) this.#hashes.set(ancestor.number, hexToBytes(headerHash(ancestor)));
    const { common } = this.#vm;
    const startedNs = clock();
    const transactions = included.map(({ raw, sender }) => {
      const tx = createTxFromRLP(raw, { common, freeze: false });
      return Object.assign(tx, { getSenderAddress: () => createAddressFromString(sender) });
    });
    const block = new Block(headerOf(header, common), transactions, [], [], { common, freeze: false });
    await runBlock(this.#vm, { block, skipBlockValidation: true, skipHeaderValidation: true });
    return (clock() - startedNs) / 1e6;
  }
}

function headerOf(header: Header, common: VM['common']) {
  return createBlockHeaderFromRLP(encodeHeader(header), { common, skipConsensusFormatValidation: true });
}

function trimmed(value: Uint8Array): Uint8Array {
  let zeros = 0;
  while (value[zeros] === 0) zeros += 1;
  return value.subarray(zeros);
}

async function fastCrypto(): Promise<CustomCrypto> {
  const keccak = await createKeccak(256);
  return {
    kzg: lazyKzg(),
    keccak256: (data) => keccak.init().update(data).digest('binary'),
    ecrecover: (digest, v, r, s, chainId) => {
      const signature = new Uint8Array(64);
      signature.set(r, 32 - r.length);
      signature.set(s, 64 - s.length);
      const parity = v < 2n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
      return ecdsaRecover(signature, Number(parity), digest, false).slice(1);
    },
  };
}
