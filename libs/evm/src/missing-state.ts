import type { MissingKey } from './ports.ts';

/** The host does not have a key that is needed: the transaction is void and can be begun again when it has. */
export class MissingState extends Error {
  override readonly name = 'MissingState';
  readonly keys: MissingKey[];

  constructor(keys: MissingKey[]) {
    super(`the host does not have ${keys.map(({ kind }) => kind).join(', ')}`);
    this.keys = keys;
  }
}
