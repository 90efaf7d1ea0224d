import { Machine } from './machine.ts';
import { limits } from './limits.ts';

/** Bytes absorbed by one permutation. */
const rate = 136;

/** Bytes beyond a message that padding may write. */
const slack = 16;

/** Messages that are in the machine's memory at once. */
const roundBytesMax = 1_048_576;

let machine: Machine | undefined;

/** The machine, which is compiled when something is hashed first, with all of its memory free. */
function begin(): Machine {
  machine ??= new Machine({ readBranch: unasked, readLeaf: unasked, fail: unasked });
  machine.exports.begin(limits.memoryBytesMax);
  return machine;
}

/** Fresh 32 bytes. */
export function keccak256(data: Uint8Array): Uint8Array {
  return keccakMany([data])[0]!;
}

/**
 * The digest of each message, in their order: 32 bytes each, views of a fresh buffer. Two messages of as many blocks
 * of 136 bytes are hashed together, which takes little more than one of them alone (assembly/keccak.ts has figures).
 */
export function keccakMany(messages: readonly Uint8Array[]): Uint8Array[] {
  const digests = new Uint8Array(32 * messages.length);
  for (let first = 0; first < messages.length;) {
    let end = first;
    let bytes = 0;
    do bytes += paddedBytes(messages[end++]!);
    while (end < messages.length && bytes < roundBytesMax);
    hashRound(digests, messages, first, end, bytes);
    first = end;
  }
  return messages.map((_, i) => digests.subarray(32 * i, 32 * i + 32));
}

/** Hashes the messages from `first` to `end`, which take `bytes` when padded. */
function hashRound(
  digests: Uint8Array,
  messages: readonly Uint8Array[],
  first: number,
  end: number,
  bytes: number,
): void {
  const machine = begin();
  const { exports } = machine;
  const outs = exports.allocate(32 * (end - first)) >>> 0;
  let at = exports.allocate(bytes + slack) >>> 0;
  /** By blocks, the message that waits for another. */
  const waiting = new Map<number, { out: number; at: number }>();
  for (let i = first, out = outs; i < end; i++, out += 32) {
    const message = messages[i]!;
    machine.bytes.set(message, at);
    exports.pad(at, message.length);
    const size = paddedBytes(message);
    const blocks = size / rate;
    const other = waiting.get(blocks);
    if (other === undefined) {
      waiting.set(blocks, { out, at });
    } else {
      exports.hashPair(other.out, other.at, blocks, out, at, blocks);
      waiting.delete(blocks);
    }
    at += size;
  }
  for (const [blocks, { out, at }] of waiting) exports.hashOne(out, at, blocks);
  digests.set(machine.bytes.subarray(outs, outs + 32 * (end - first)), 32 * first);
}

function paddedBytes(message: Uint8Array): number {
  return (Math.floor(message.length / rate) + 1) * rate;
}

function unasked(): never {
  throw new Error('assertion failed: hashing asks for nothing');
}
