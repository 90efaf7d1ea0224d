import { keccak256 } from '@sheaf/crypto';
import type { Log } from '@sheaf/ethereum';
import { encodeRlp, hexToBytes, toHash32, type Hash32 } from '@sheaf/primitives';

/** keccak256 of the RLP of the logs. */
export function hashLogs(logs: readonly Log[]): Hash32 {
  const items = logs.map(({ address, topics, data }) => [
    hexToBytes(address),
    topics.map((topic) => hexToBytes(topic)),
    data,
  ]);
  return toHash32(keccak256(encodeRlp(items)));
}
