import { toHash32, type Hash32 } from '@sheaf/primitives';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';

/** Names one try at one block. Greater ones, by session and then attempt, make smaller ones void. */
export interface AttemptName {
  height: bigint;
  /** Of the coordinator's process: each is greater than those before. */
  session: number;
  attempt: number;
}

export const kinds = {
  PLACE: 1,
  ASK: 2,
  ANSWER: 3,
  REPORT: 4,
  PLAN: 5,
  SHIP: 6,
  FINISH: 7,
  FINALS: 8,
  RESULTS: 9,
  TOPS: 10,
  COMMIT: 11,
  SCOUT: 12,
  NEWS: 13,
  SUMMARY: 14,
  DETAILS: 15,
  OUTCOMES: 16,
  LIST: 17,
} as const;

export interface Envelope extends AttemptName {
  /** Counts the sender's messages to this member in this attempt, from 0. */
  sequence: number;
  kind: number;
  /** A view. */
  body: Uint8Array;
}

/** Of all that members say to each other: another one whenever a body has another form. Members of two versions do not speak to each other. */
export const laneProtocol = 6;
const lastKind = Math.max(...Object.values(kinds));

export function encodeEnvelope({ height, session, attempt, sequence, kind, body }: Envelope): Uint8Array {
  const writer = new ByteWriter(body.length + 40);
  writer.byte(laneProtocol);
  writer.number(Number(height));
  writer.number(session);
  writer.number(attempt);
  writer.number(sequence);
  writer.byte(kind);
  writer.fixed(body);
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== laneProtocol) throw malformed('is of another version');
  const height = BigInt(reader.number());
  const session = reader.number();
  const attempt = reader.number();
  const sequence = reader.number();
  const kind = reader.byte();
  if (kind === 0 || kind > lastKind) throw malformed(`is of no kind: ${kind}`);
  return { height, session, attempt, sequence, kind, body: reader.rest() };
}

/** Below zero: `a` is older. */
export function compareAttempts(a: AttemptName, b: AttemptName): number {
  if (a.height !== b.height) return a.height < b.height ? -1 : 1;
  return a.session - b.session || a.attempt - b.attempt;
}

/** The first of an attempt: who runs what. */
export interface Place {
  payloadHash: Hash32;
  salt: number;
  /** The member of each position. */
  placed: Uint8Array;
}

export function encodePlace({ payloadHash, salt, placed }: Place): Uint8Array {
  const writer = new ByteWriter(placed.length + 48);
  writer.hex(payloadHash);
  writer.number(salt);
  writer.bytes(placed);
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodePlace(bytes: Uint8Array, members: number): Place {
  const reader = new ByteReader(bytes);
  const payloadHash = toHash32(reader.fixed(32));
  const salt = reader.below(2 ** 32, 'salt');
  const placed = reader.bytes().slice();
  reader.end();
  if (placed.some((member) => member >= members)) throw malformed('names a member that there is not');
  return { payloadHash, salt, placed };
}

/** Which positions run again, and where. */
export interface Plan {
  round: number;
  /** By rising position. */
  again: { position: number; member: number }[];
  /** Of these the block has no gas left. */
  withoutGas: number[];
  /** For each member, ids of keys whose versions it needs from all others. */
  wanted: number[][];
}

export function encodePlan({ round, again, withoutGas, wanted }: Plan): Uint8Array {
  const writer = new ByteWriter(4 * again.length + 64);
  writer.number(round);
  writer.number(again.length);
  for (const { position, member } of again) {
    writer.number(position);
    writer.number(member);
  }
  writer.number(withoutGas.length);
  for (const position of withoutGas) writer.number(position);
  for (const ids of wanted) {
    writer.number(ids.length);
    for (const id of ids) writer.double(id);
  }
  return writer.finish();
}

/** @throws ChainError `INVALID_ARGUMENT` */
export function decodePlan(bytes: Uint8Array, members: number, end: number): Plan {
  const reader = new ByteReader(bytes);
  const round = reader.number();
  const again: Plan['again'] = [];
  for (let left = reader.count(2); left > 0; left--) {
    again.push({ position: reader.below(end, 'position'), member: reader.below(members, 'member') });
  }
  const withoutGas: number[] = [];
  for (let left = reader.count(); left > 0; left--) withoutGas.push(reader.below(end, 'position'));
  const wanted: number[][] = [];
  for (let member = 0; member < members; member++) {
    const ids: number[] = [];
    for (let left = reader.count(8); left > 0; left--) ids.push(reader.double());
    wanted.push(ids);
  }
  reader.end();
  return { round, again, withoutGas, wanted };
}
