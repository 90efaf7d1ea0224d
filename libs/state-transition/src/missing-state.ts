import type { MissingKey } from '@sheaf/evm';

/** State that is not on this machine is needed to go on. */
export class MissingState extends Error {
  override readonly name = 'MissingState';
  readonly keys: MissingKey[];

  constructor(keys: MissingKey[]) {
    super('state is missing');
    this.keys = keys;
  }
}
