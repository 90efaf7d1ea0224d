// A plain @ethereumjs/vm with its own state manager, as a second opinion: slow, and shares nothing with our engine but
// the KZG library.
import { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { createBlock } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createTx } from '@ethereumjs/tx';
import { Account, createAddressFromString, type KZG } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import type { TransactionFields } from '@sheaf/ethereum';
import { hexToBytes, toAddress, toHash32, zeroHash, type Address, type Hash32 } from '@sheaf/primitives';
import type { BlockRun, BlockSetting, Executor, Outcome } from './executor.ts';
import { emptyCodeHash } from './world.ts';

type Block = ReturnType<typeof createBlock>;

/** A new one shares nothing with others. */
export function createOracle(): Executor {
  const kzg = lazyKzg();
  return { name: '@ethereumjs/vm', start: (setting) => OracleRun.open(setting, kzg), reset: () => {} };
}

class OracleRun implements BlockRun {
  readonly #vm: VM;
  readonly #block: Block;

  private constructor(vm: VM, block: Block) {
    this.#vm = vm;
    this.#block = block;
  }

  static async open(setting: BlockSetting, kzg: KZG): Promise<OracleRun> {
    const { fork, chainId, world, environment } = setting;
    const common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
      hardfork: fork,
      customCrypto: { kzg },
    });
    const stateManager = new MerkleStateManager({ common });
    for (const [address, { nonce, balance, codeHash, slots }] of world.accounts) {
      const to = createAddressFromString(address);
      await stateManager.putAccount(to, new Account(nonce, balance));
      if (codeHash !== emptyCodeHash) await stateManager.putCode(to, world.code(codeHash));
      for (const [slot, value] of slots) await stateManager.putStorage(to, hexToBytes(slot), minimal(value));
    }
    const blockchain = {
      getBlock: async (number: number) => ({ hash: () => setting.blockHash(BigInt(number)) ?? hexToBytes(zeroHash) }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    };
    const evm = await createEVM({ common, stateManager, blockchain });
    const vm = await createVM({ common, stateManager, blockchain, evm });
    const header = {
      coinbase: environment.coinbase,
      number: environment.number,
      timestamp: environment.timestamp,
      gasLimit: environment.gasLimit,
      mixHash: environment.prevRandao,
      baseFeePerGas: environment.baseFeePerGas,
      excessBlobGas: setting.excessBlobGas,
    };
    return new OracleRun(
      vm,
      createBlock({ header }, { common, skipConsensusFormatValidation: true, setHardfork: false }),
    );
  }

  async apply(fields: TransactionFields, sender: Address): Promise<Outcome> {
    try {
      const tx = this.#transaction(fields, sender);
      const result = await runTx(this.#vm, {
        tx,
        block: this.#block,
        skipHardForkValidation: true,
        skipBlockGasLimitValidation: false,
      });
      const { execResult, totalGasSpent } = result;
      return {
        kind: 'included',
        success: execResult.exceptionError === undefined,
        gasUsed: totalGasSpent,
        output: execResult.returnValue,
        logs: (execResult.exceptionError === undefined ? (execResult.logs ?? []) : []).map(
          ([address, topics, data]) => ({
            address: toAddress(address),
            topics: topics.map((topic) => toHash32(topic)),
            data,
          }),
        ),
      };
    } catch (error) {
      return { kind: 'refused', reason: (error as Error).message, names: undefined };
    }
  }

  #transaction(fields: TransactionFields, sender: Address) {
    const common = {
      type: fields.type,
      nonce: fields.nonce,
      gasLimit: fields.gasLimit,
      ...(fields.to === undefined ? {} : { to: fields.to }),
      value: fields.value,
      data: fields.data,
      // Signed by nobody: who sent it is given.
      v: fields.type === 0 ? 27n : 0n,
      r: 1n,
      s: 1n,
    };
    const fees =
      fields.type < 2
        ? { gasPrice: fields.maxFeePerGas }
        : { maxFeePerGas: fields.maxFeePerGas, maxPriorityFeePerGas: fields.maxPriorityFeePerGas };
    const typed =
      fields.type === 0
        ? {}
        : {
            chainId: fields.chainId ?? 0n,
            accessList: fields.accessList.map(({ address, storageKeys }) => ({ address, storageKeys })),
          };
    const blob =
      fields.type === 3
        ? { maxFeePerBlobGas: fields.maxFeePerBlobGas, blobVersionedHashes: fields.blobVersionedHashes }
        : {};
    const setCode =
      fields.type === 4
        ? {
            authorizationList: fields.authorizationList.map((entry) => ({
              chainId: hex(entry.chainId),
              address: entry.address,
              nonce: hex(entry.nonce),
              yParity: hex(BigInt(entry.yParity)),
              r: hex(entry.r),
              s: hex(entry.s),
            })),
          }
        : {};
    const tx = createTx(
      { ...common, ...fees, ...typed, ...blob, ...setCode },
      { common: this.#vm.common, freeze: false },
    );
    return Object.assign(tx, { getSenderAddress: () => createAddressFromString(sender) });
  }

  async stateRoot(): Promise<Hash32> {
    return toHash32(await this.#vm.stateManager.getStateRoot());
  }

  world(): undefined {
    return undefined;
  }
}

function hex(value: bigint): `0x${string}` {
  return `0x${value.toString(16)}`;
}

function minimal(value: Hash32): Uint8Array {
  const bytes = hexToBytes(value);
  let zeros = 0;
  while (bytes[zeros] === 0) zeros += 1;
  return bytes.subarray(zeros);
}

/** The trusted setup is loaded, for seconds, when a point is first verified. */
export function lazyKzg(): KZG {
  let context: DasContextJs | undefined;
  const unused = () => {
    throw new Error('transactions only have points verified');
  };
  return {
    verifyProof(commitment, z, y, proof) {
      context ??= DasContextJs.create({ usePrecomp: false });
      try {
        return context.verifyKzgProof(hexToBytes(commitment), hexToBytes(z), hexToBytes(y), hexToBytes(proof));
      } catch {
        return false;
      }
    },
    blobToKzgCommitment: unused,
    computeBlobProof: unused,
    verifyBlobProofBatch: unused,
    computeCells: unused,
    computeCellsAndProofs: unused,
    recoverCellsAndProofs: unused,
    verifyCellKzgProofBatch: unused,
  };
}
