import { toHeight } from '@sheaf/primitives';
import { BlockDraft, encodeAccessList } from '@sheaf/state';
import { createEngine } from '@sheaf/state-transition';
import { checkHash, type BenchCase, type MemberBlock } from './bench-case.ts';
import { openStore, type BenchStore } from './store.ts';

type Engine = ReturnType<typeof createEngine>;

/** One member that has everything, as apps/execution's block thread: one transaction after the other, one commit a block. */
export class SequentialChain {
  readonly #store: BenchStore;
  readonly #engine: Engine;
  #height = 0n;

  /** At the state before the first block. `engine`: of the chain's fork and id, to have seen its codes before. */
  constructor(dataDir: string, { spec, start }: Pick<BenchCase, 'spec' | 'start'>, engine?: Engine) {
    this.#store = openStore(dataDir, start);
    this.#engine = engine ?? createEngine(spec);
  }

  /** Durable afterwards. @throws Error when it came to another block */
  async execute({ input, hash }: MemberBlock): Promise<void> {
    const draft = new BlockDraft(this.#store.state);
    const { block, accessList } = await this.#engine.executePayload(input, draft);
    this.#height += 1n;
    draft.commit({ height: toHeight(this.#height), accessList: encodeAccessList(accessList) });
    checkHash(block, hash, 'one member');
  }

  /** What a service does between blocks. */
  maintain(): void {
    while (this.#store.state.maintain());
    globalThis.gc?.({ type: 'minor' });
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
