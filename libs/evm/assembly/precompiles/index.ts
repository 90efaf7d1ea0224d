// A module of its own for the arithmetic of precompiles that no library does fast: it has nothing in common with the
// machine, whose memory it must not be able to touch.
export { blake2f } from './blake2f';
export { powerBegin, powerDigits, powerEnd } from './power';

/** 8 KiB for arguments and results. */
const SCRATCH = memory.data(8192, 16);

export function scratch(): usize {
  return SCRATCH;
}
