import type { Hash32 } from '@sheaf/primitives';
import type { NodeReader } from './ports.ts';
import type { StateReader } from './state-reader.ts';

/** The state under a root. Never answers `notHere`. Its methods throw ChainError `DATA_LOSS` when a node is missing. */
export function trieState(_stateRoot: Hash32, _reader: NodeReader): StateReader {
  throw new Error('to come');
}
