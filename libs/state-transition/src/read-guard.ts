import { notHere } from '@sheaf/evm';
import { bytesToHex, ChainError, isChainError, type Hash32 } from '@sheaf/primitives';
import type { StateReader } from '@sheaf/state';

/**
 * A state whose failures are kept: nothing between a read that found a hole and the result can turn it into another
 * block. It notes the codes that are read.
 */
export class ReadGuard implements StateReader {
  readonly #state: StateReader;
  readonly #codes = new Set<Hash32>();
  #failure: ChainError | undefined;

  constructor(state: StateReader) {
    this.#state = state;
  }

  account(address: Uint8Array): ReturnType<StateReader['account']> {
    return this.#read(() => this.#state.account(address));
  }

  storage(address: Uint8Array, slot: Uint8Array): ReturnType<StateReader['storage']> {
    return this.#read(() => this.#state.storage(address, slot));
  }

  code(codeHash: Uint8Array): ReturnType<StateReader['code']> {
    const code = this.#read(() => this.#state.code(codeHash));
    if (code !== notHere) this.#codes.add(bytesToHex(codeHash) as Hash32);
    return code;
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

  /** Hashes of what was read, in no order. */
  codesRead(): Hash32[] {
    return [...this.#codes];
  }

  #read<T>(find: () => T): T {
    try {
      return find();
    } catch (error) {
      if (isChainError(error)) this.#failure ??= error;
      throw error;
    }
  }
}
