import { formatTable } from '../table.ts';
import type { LaneShape, Member } from './lanes.ts';

/** What an execution member says of itself. A figure is null when the member does not tell it, or does not answer at all. */
export interface MemberStatus {
  name: string;
  lane: number;
  partition: number;
  buckets: [first: number, last: number];
  answers: boolean;
  height: number | null;
  /** Payloads that it knows of and has not executed. */
  lag: number | null;
  /** By this member, since it started; so are the next two. */
  transactionsExecuted: number | null;
  /** Values that it asked other members for. */
  remoteReads: number | null;
  /** Of blocks that it coordinated; null unless it is the coordinator. */
  repairRounds: number | null;
  /** Other members of its lane that it is connected to, out of `peers`. */
  connected: number | null;
  peers: number;
}

/** `samples` is the member's metrics page, undefined when it does not answer. */
export function memberStatus(
  member: Member,
  shape: LaneShape,
  samples: ReadonlyMap<string, number> | undefined,
): MemberStatus {
  const sample = (name: string): number | null => samples?.get(`sheaf_execution_${name}`) ?? null;
  const height = sample('head_height');
  const known = sample('payload_height');
  const { name, lane, partition, buckets } = member;
  return {
    name,
    lane,
    partition,
    buckets,
    answers: samples !== undefined,
    height,
    // The two are not read at one moment: a payload may be executed before the member has noted it as known.
    lag: height === null || known === null ? null : Math.max(0, known - height),
    transactionsExecuted: sample('transactions_executed_total'),
    remoteReads: sample('remote_reads_total'),
    repairRounds: partition === 0 ? sample('repair_rounds_total') : null,
    connected: sample('lane_connected'),
    peers: shape.partitions - 1,
  };
}

const head = [
  'member',
  'lane',
  'partition',
  'buckets',
  'height',
  'lag',
  'transactions',
  'remote reads',
  'repair rounds',
  'connected',
];

/** A row per member; "?" is what a member does not tell, "-" what it has not. */
export function memberTable(members: MemberStatus[]): string {
  const number = (value: number | null): string => (value === null ? '?' : String(value));
  const rows = members.map((member) => [
    member.name,
    String(member.lane),
    String(member.partition),
    member.buckets.map((bucket) => bucket.toString(16).padStart(2, '0')).join('…'),
    number(member.height),
    number(member.lag),
    number(member.transactionsExecuted),
    number(member.remoteReads),
    member.partition === 0 ? number(member.repairRounds) : '-',
    connection(member),
  ]);
  return formatTable(rows, { head, right: [1, 2, 4, 5, 6, 7, 8] });
}

function connection({ answers, connected, peers }: MemberStatus): string {
  if (!answers) return 'does not answer';
  return peers === 0 ? '-' : `${connected ?? '?'} of ${peers}`;
}
