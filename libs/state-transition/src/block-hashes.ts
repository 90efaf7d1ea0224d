import { encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import { hexToBytes, type Hash32 } from '@sheaf/primitives';
import type { ReadGuard } from './read-guard.ts';

/**
 * BLOCKHASH from ancestor headers. Each header is believed only when it hashes to what its child says, so that a forged
 * one is `DATA_LOSS`, never another hash.
 */
export class BlockHashes {
  readonly #number: bigint;
  readonly #ancestors: readonly Header[];
  readonly #reader: Pick<ReadGuard, 'fail'>;
  /** Hashes of number-1, number-2, … as far as they were asked for. */
  readonly #hashes: Hash32[];

  /** For a block of that number and parent; `ancestors` starts with the parent and falls without holes. */
  constructor(number: bigint, parentHash: Hash32, ancestors: readonly Header[], reader: Pick<ReadGuard, 'fail'>) {
    this.#number = number;
    this.#hashes = [parentHash];
    this.#ancestors = ancestors;
    this.#reader = reader;
  }

  /** RLP of the headers that were read, the parent always among them. */
  reads(): Uint8Array[] {
    return this.#ancestors.slice(0, Math.max(1, this.#hashes.length - 1)).map(encodeHeader);
  }

  /** `number`: of an ancestor. @throws ChainError `DATA_LOSS` */
  hash(number: bigint): Uint8Array {
    const depth = Number(this.#number - 1n - number);
    while (this.#hashes.length <= depth) {
      const at = this.#hashes.length - 1;
      const header = this.#ancestors[at];
      if (header === undefined || headerHash(header) !== this.#hashes[at]) {
        throw this.#reader.fail(`header of block ${this.#number - 1n - BigInt(at)} is missing`);
      }
      this.#hashes.push(header.parentHash);
    }
    return hexToBytes(this.#hashes[depth]!);
  }
}
