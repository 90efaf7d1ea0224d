import { laneProtocol } from '@sheaf/partition';
import { ChainError, toHeight, type Hash32 } from '@sheaf/primitives';
import { hexToBuffer, wire, type laneV1 } from '@sheaf/proto';
import { laneLimits } from '../lane-limits.ts';
import type { Head } from '../ports.ts';

const uint64Max = 2n ** 64n - 1n;

/** What both sides of a stream must agree on, and who this side is. */
export interface LaneIdentity {
  genesisHash: Hash32;
  lane: string;
  /** How many. */
  members: number;
  /** Which of them. */
  member: number;
}

/** What a peer said of itself, checked. */
export interface LaneHello {
  member: number;
  /** Its last durable block when it said so. */
  head: Head;
  /** Another one at every start of its process. */
  session: bigint;
}

export function helloTo(to: number, own: LaneIdentity, { head, session }: Omit<LaneHello, 'member'>): laneV1.LaneFrame {
  const { genesisHash, lane, members, member } = own;
  const value: laneV1.LaneHello = {
    protocol: laneProtocol,
    genesisHash: hexToBuffer(genesisHash),
    lane,
    members,
    member,
    to,
    headHeight: head.height,
    headHash: hexToBuffer(head.hash),
    session,
  };
  return { frame: { $case: 'hello', value } };
}

/**
 * The first frame of a peer: of `expected`, or of any member above this one, for those are the ones that call.
 * @throws ChainError `INVALID_ARGUMENT` naming what does not fit
 */
export function readHello({ frame }: laneV1.LaneFrame, own: LaneIdentity, expected: number | undefined): LaneHello {
  if (frame?.$case !== 'hello') throw unfit('frame', `must be a hello first, got ${frame?.$case ?? 'none'}`);
  const hello = frame.value;
  must(hello.protocol === laneProtocol, 'hello.protocol', `must be ${laneProtocol}, got ${hello.protocol}`);
  const genesisHash = wire.hash(hello.genesisHash, 'hello.genesisHash');
  must(genesisHash === own.genesisHash, 'hello.genesisHash', `must be ${own.genesisHash}, got ${genesisHash}`);
  const lane = wire.nonEmptyText(hello.lane, laneLimits.laneNameBytesMax, 'hello.lane');
  must(lane === own.lane, 'hello.lane', `must be ${JSON.stringify(own.lane)}, got ${JSON.stringify(lane)}`);
  must(hello.members === own.members, 'hello.members', `must be ${own.members}, got ${hello.members}`);
  must(hello.member < own.members, 'hello.member', `must be below ${own.members}, got ${hello.member}`);
  must(hello.member !== own.member, 'hello.member', `must be another one than this member's, ${own.member}`);
  if (expected !== undefined)
    must(hello.member === expected, 'hello.member', `must be ${expected}, got ${hello.member}`);
  else
    must(hello.member > own.member, 'hello.member', `must be above ${own.member}, which calls ${hello.member} itself`);
  must(hello.to === own.member, 'hello.to', `must be ${own.member}, got ${hello.to}: the addresses are mixed up`);
  return {
    member: hello.member,
    head: { height: toHeight(hello.headHeight, 'hello.headHeight'), hash: wire.hash(hello.headHash, 'hello.headHash') },
    session: wire.integer(hello.session, { min: 0n, max: uint64Max }, 'hello.session'),
  };
}

function must(holds: boolean, field: string, rule: string): void {
  if (!holds) throw unfit(field, rule);
}

function unfit(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
