import { isChainError, RlpReader } from '@sheaf/primitives';

/** What can be guessed from a transaction's bytes at a glance: nothing depends on its being right but the speed. */
export interface Skimmed {
  /** 20 bytes, a view; `undefined`: it creates. */
  to: Uint8Array | undefined;
  /** The first four bytes of its data; -1 with fewer. */
  selector: number;
  /** The data; a view. */
  data: Uint8Array;
  gasLimit: number;
}

/** `undefined`: no transaction that anybody could run. */
export function skim(raw: Uint8Array): Skimmed | undefined {
  try {
    return read(raw);
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}

/** @throws ChainError `INVALID_ARGUMENT` */
function read(raw: Uint8Array): Skimmed | undefined {
  const typed = raw[0]! < 0xc0;
  const type = typed ? raw[0]! : 0;
  const fields = new RlpReader(raw, typed ? 1 : 0, 'transaction');
  for (let before = type === 0 ? 2 : type === 1 ? 3 : 4; before > 0; before--) fields.skip();
  const gas = fields.string();
  const to = fields.string();
  fields.skip();
  const data = fields.string();
  if (gas === undefined || to === undefined || data === undefined || gas.length > 8) return undefined;
  let gasLimit = 0;
  for (const byte of gas) gasLimit = gasLimit * 256 + byte;
  const selector = data.length < 4 ? -1 : ((data[0]! << 24) | (data[1]! << 16) | (data[2]! << 8) | data[3]!) >>> 0;
  return { to: to.length === 20 ? to : undefined, selector, data, gasLimit };
}
