import { gasPerBlob, type TransactionFields } from '@sheaf/ethereum';
import { createEvm, type EngineMode, type Evm, type Fork } from '@sheaf/evm';
import type { Address } from '@sheaf/primitives';
import { applyTransaction, BlockOverlay, createForkRules } from '@sheaf/state-transition';
import { namesOfReason } from './exceptions.ts';
import type { BlockRun, BlockSetting, Executor, Outcome } from './executor.ts';
import type { World } from './world.ts';

/** Each has a linear memory of its own; fixtures are nearly all of one chain. */
const evmsMax = 4;

/** Engines are kept, one for each fork and chain: making one costs milliseconds. */
export class SheafExecutor implements Executor {
  readonly name: string;
  readonly #mode: EngineMode;
  readonly #evms = new Map<string, Evm>();

  constructor(mode: EngineMode) {
    this.name = mode;
    this.#mode = mode;
  }

  reset(): void {
    this.#evms.clear();
  }

  evm(fork: Fork, chainId: bigint): Evm {
    const key = `${fork} ${chainId}`;
    let evm = this.#evms.get(key);
    if (evm === undefined) {
      if (this.#evms.size >= evmsMax) this.#evms.clear();
      evm = createEvm({ fork, chainId, mode: this.#mode });
      this.#evms.set(key, evm);
    }
    return evm;
  }

  start(setting: BlockSetting): BlockRun {
    return new SheafRun(this.evm(setting.fork, setting.chainId), setting);
  }
}

class SheafRun implements BlockRun {
  readonly #evm: Evm;
  readonly #setting: BlockSetting;
  readonly #overlay: BlockOverlay;
  #gasUsed = 0n;
  #blobGasUsed = 0n;
  #world: World | undefined;

  constructor(evm: Evm, setting: BlockSetting) {
    this.#evm = evm;
    this.#setting = setting;
    const host = setting.world.host(setting.blockHash);
    this.#overlay = new BlockOverlay(host, host.blockHash);
  }

  apply(transaction: TransactionFields, sender: Address): Outcome {
    const { fork, chainId, blobs, environment, gasMax = environment.gasLimit } = this.#setting;
    const rules = createForkRules({ fork, chainId, ...(blobs === undefined ? {} : { blobs }) });
    const place = {
      rules,
      environment,
      gasLeft: gasMax - this.#gasUsed,
      blobGasLeft: BigInt(rules.blobs.max) * gasPerBlob - this.#blobGasUsed,
    };
    const outcome = applyTransaction(this.#evm, this.#overlay, place, transaction, sender);
    // What the compiler fails on is interpreted: right, but not what the compiler's column is to say.
    if (this.#evm.stats().compileFailures > 0) throw new Error('the compiler failed on a contract');
    switch (outcome.status) {
      case 'invalid':
        return { kind: 'refused', reason: outcome.reason, names: namesOfReason(outcome.reason) };
      case 'missing':
        return { kind: 'stopped', message: `the engine misses ${outcome.keys.map(({ kind }) => kind).join(', ')}` };
      case 'exhausted':
        return { kind: 'stopped', message: 'the engine has no memory left' };
      case 'included': {
        this.#overlay.apply(outcome.effects);
        this.#world = undefined;
        this.#gasUsed += outcome.gasUsed;
        this.#blobGasUsed += outcome.blobGasUsed;
        const { success, gasUsed, output, logs } = outcome;
        return { kind: 'included', success, gasUsed, output, logs: logs.list() };
      }
    }
  }

  world(): World {
    return (this.#world ??= this.#setting.world.apply(this.#overlay.touched().changes));
  }

  /** @throws Error when the state made from nothing has another root than the one that was changed */
  stateRoot() {
    const root = this.world().root();
    const changed = this.#setting.world.rootAfter(this.#overlay.touched().changes);
    if (changed !== root) throw new Error(`the changed state has root ${changed}, the same state made anew ${root}`);
    return root;
  }
}
