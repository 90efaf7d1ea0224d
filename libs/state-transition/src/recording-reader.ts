import { ChainError, isChainError, type Hash32 } from '@sheaf/primitives';
import type { NodeReader } from './ports.ts';

/**
 * Every read of one execution: what was found is the witness, and is found again here without asking twice. The first
 * read that finds nothing is kept: nothing between here and the result can turn a hole into another block.
 */
export class RecordingReader {
  readonly #state: NodeReader;
  readonly #nodes = new Map<Hash32, Uint8Array>();
  readonly #codes = new Map<Hash32, Uint8Array>();
  #failure: ChainError | undefined;

  constructor(state: NodeReader) {
    this.#state = state;
  }

  /** @throws ChainError `DATA_LOSS` */
  node(hash: Hash32): Uint8Array {
    return this.#read(this.#nodes, hash, 'trie node', () => this.#state.node(hash));
  }

  /** @throws ChainError `DATA_LOSS` */
  code(hash: Hash32): Uint8Array {
    return this.#read(this.#codes, hash, 'code', () => this.#state.code(hash));
  }

  /** Notes a failure of another source, so that `check` sees it. */
  fail(message: string): ChainError {
    this.#failure ??= new ChainError({ code: 'DATA_LOSS', message });
    return this.#failure;
  }

  /** @throws ChainError `DATA_LOSS` when any read failed, whoever caught that */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What was read, sorted by hash. */
  reads(): { nodes: Uint8Array[]; codes: Uint8Array[] } {
    return { nodes: byHash(this.#nodes), codes: byHash(this.#codes) };
  }

  #read(seen: Map<Hash32, Uint8Array>, hash: Hash32, what: string, find: () => Uint8Array | undefined): Uint8Array {
    let bytes = seen.get(hash);
    if (bytes !== undefined) return bytes;
    try {
      bytes = find();
    } catch (error) {
      if (!isChainError(error)) throw error;
      this.#failure ??= error;
      throw error;
    }
    if (bytes === undefined) throw this.fail(`${what} ${hash} is missing`);
    seen.set(hash, bytes);
    return bytes;
  }
}

function byHash(found: Map<Hash32, Uint8Array>): Uint8Array[] {
  // Lower-case hex of one length sorts as its bytes do.
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes);
}
