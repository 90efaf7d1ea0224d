// What members say to each other beside the messages of an attempt, which begin with another byte:
//
//   u8 0 · u8 kind · u64 height · void, needs: nothing more
//                                 part: u32 and the header's RLP, u16 ancestors read, 32 bytes of digest, the access list
//                                 gone: why, in UTF-8
import { decodeHeader, encodeHeader } from '@sheaf/ethereum';
import { bigintToFixedBytes, bytesToBigint, ChainError, concatBytes, toHeight } from '@sheaf/primitives';
import type { LanePart } from '../ports.ts';

export type LaneNote =
  /** The attempt at the height does not count any more at the sender. */
  | { kind: 'void'; height: bigint }
  /** If the coordinator has the block, the sender would follow over it. */
  | { kind: 'needs'; height: bigint }
  | { kind: 'part'; height: bigint; part: LanePart }
  /** The coordinator has not what the member needs. */
  | { kind: 'gone'; height: bigint; message: string };

const kinds = ['void', 'needs', 'part', 'gone'] as const;
const headBytes = 10;

export function isLaneNote(body: Uint8Array): boolean {
  return body[0] === 0;
}

export function encodeLaneNote(note: LaneNote): Uint8Array {
  const head = concatBytes(Uint8Array.of(0, kinds.indexOf(note.kind)), bigintToFixedBytes(note.height, 8));
  if (note.kind === 'gone') return concatBytes(head, new TextEncoder().encode(note.message));
  if (note.kind !== 'part') return head;
  const { header, ancestorsRead, topsDigest, accessList } = note.part;
  const rlp = encodeHeader(header);
  const sizes = [bigintToFixedBytes(BigInt(rlp.length), 4), rlp, bigintToFixedBytes(BigInt(ancestorsRead), 2)];
  return concatBytes(head, ...sizes, topsDigest, accessList);
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeLaneNote(body: Uint8Array): LaneNote {
  const kind = kinds[body[1] ?? kinds.length];
  if (kind === undefined || body.length < headBytes) throw malformed('is of no kind');
  const height = bytesToBigint(body.subarray(2, headBytes));
  if (kind === 'gone') return { kind, height, message: new TextDecoder().decode(body.subarray(headBytes)) };
  if (kind !== 'part') {
    if (body.length > headBytes) throw malformed('has bytes after its end');
    return { kind, height };
  }
  const rlpBytes = Number(bytesToBigint(body.subarray(headBytes, headBytes + 4)));
  const rlpEnd = headBytes + 4 + rlpBytes;
  if (body.length < rlpEnd + 34) throw malformed('ends too early');
  const header = decodeHeader(body.slice(headBytes + 4, rlpEnd));
  if (header.number !== height) throw malformed('has the header of another height');
  const part: LanePart = {
    height: toHeight(height),
    header,
    ancestorsRead: Number(bytesToBigint(body.subarray(rlpEnd, rlpEnd + 2))),
    topsDigest: body.slice(rlpEnd + 2, rlpEnd + 34),
    accessList: body.slice(rlpEnd + 34),
  };
  return { kind, height, part };
}

function malformed(what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field: 'note', message: `a member's note ${what}` });
}
