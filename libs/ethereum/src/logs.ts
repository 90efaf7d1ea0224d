import {
  ChainError,
  encodeRlpMany,
  readRlpHeader,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
  type RlpBackWriter,
} from '@sheaf/primitives';
import { BloomBits } from './bloom-bits.ts';

/** One event. */
export interface Log {
  address: Address;
  /** At most 4. */
  topics: Hash32[];
  data: Uint8Array;
}

/** One event; views. */
export interface RawLog {
  /** 20 bytes. */
  address: Uint8Array;
  /** At most 4, 32 bytes each. */
  topics: Uint8Array[];
  data: Uint8Array;
}

const topicsMax = 4;
/** Of a topic, and of its prefix. */
const topicBytes = 33;
/** Of an address and its prefix. */
const addressBytes = 21;
/** About what one takes. */
const logBytes = 192;

/** Where the parts of one log are in the bytes of all; `end`: where it ends. */
interface Place {
  address: number;
  topics: number;
  topicCount: number;
  data: number;
  end: number;
}

/**
 * The events of a transaction in order, as a receipt has them: most are hashed, stored and sent, and never looked at. What they say is
 * decoded for whoever asks. Immutable.
 */
export class Logs {
  static readonly none = new Logs(0, new Uint8Array(0));
  /** How many there are. */
  readonly length: number;
  /** RLP of each, one after the other. Not to be written to. */
  readonly rlp: Uint8Array;

  private constructor(length: number, rlp: Uint8Array) {
    this.length = length;
    this.rlp = rlp;
  }

  static of(logs: readonly Log[]): Logs {
    if (logs.length === 0) return Logs.none;
    const encoded = encodeRlpMany(1, logs.length * logBytes, (writer) => {
      for (let at = logs.length - 1; at >= 0; at--) writeLog(writer, logs[at]!);
    });
    return new Logs(logs.length, encoded[0]!);
  }

  /** `rlp`: so many, as RLP has them; kept. It is the caller's word that they are. */
  static trusted(length: number, rlp: Uint8Array): Logs {
    return length === 0 ? Logs.none : new Logs(length, rlp);
  }

  /** `rlp` is kept. @throws ChainError `INVALID_ARGUMENT` naming `field` unless all of it is logs, one after the other */
  static read(rlp: Uint8Array, field: string): Logs {
    const place = nowhere();
    let length = 0;
    for (let at = 0; at < rlp.length; at = place.end) {
      readPlace(rlp, at, field, place);
      length += 1;
    }
    return Logs.trusted(length, rlp);
  }

  list(): Log[] {
    return this.raw().map(({ address, topics, data }) => ({
      address: toAddress(address),
      topics: topics.map((topic) => toHash32(topic)),
      data,
    }));
  }

  raw(): RawLog[] {
    const { rlp } = this;
    const logs: RawLog[] = [];
    this.#walk(({ address, topics, topicCount, data, end }) => {
      const topicAt = (n: number) => rlp.subarray(topics + n * topicBytes, topics + n * topicBytes + 32);
      logs.push({
        address: rlp.subarray(address, address + 20),
        topics: Array.from({ length: topicCount }, (_, n) => topicAt(n)),
        data: rlp.subarray(data, end),
      });
    });
    return logs;
  }

  /** The 2048-bit filter over addresses and topics (yellow paper 4.3.1). 256 bytes. */
  bloom(): Uint8Array {
    const { rlp } = this;
    const bloom = new Uint8Array(256);
    this.#walk(({ address, topics, topicCount }) => {
      addressBits.addTo(bloom, rlp, address);
      for (let n = 0; n < topicCount; n++) topicBits.addTo(bloom, rlp, topics + n * topicBytes);
    });
    return bloom;
  }

  /** Whether one of them is of this address (20 bytes). */
  some(address: Uint8Array): boolean {
    const { rlp } = this;
    let found = false;
    this.#walk((place) => {
      let same = 0;
      while (same < 20 && rlp[place.address + same] === address[same]) same += 1;
      found ||= same === 20;
    });
    return found;
  }

  /** `visit` gets the same object each time. */
  #walk(visit: (place: Readonly<Place>) => void): void {
    const { rlp } = this;
    const place = nowhere();
    for (let at = 0; at < rlp.length; at = place.end) {
      readPlace(rlp, at, 'logs', place);
      visit(place);
    }
  }
}

const addressBits = new BloomBits(20);
const topicBits = new BloomBits(32);

function writeLog(writer: RlpBackWriter, { address, topics, data }: Log): void {
  const end = writer.length;
  writer.bytes(data);
  const topicsEnd = writer.length;
  for (let at = topics.length - 1; at >= 0; at--) writer.hex(topics[at]!);
  writer.list(topicsEnd);
  writer.hex(address);
  writer.list(end);
}

function nowhere(): Place {
  return { address: 0, topics: 0, topicCount: 0, data: 0, end: 0 };
}

const header = { from: 0, end: 0 };

/** Of the log that begins at `start`. */
function readPlace(rlp: Uint8Array, start: number, field: string, place: Place): void {
  if (rlp[start]! < 0xc0) throw malformed(field, 'must be lists');
  readRlpHeader(rlp, start, rlp.length, field, header);
  const { from, end } = header;
  if (rlp[from] !== 0x80 + 20) throw malformed(field, 'must have addresses of 20 bytes');
  const list = from + addressBytes;
  if (rlp[list]! < 0xc0) throw malformed(field, 'must have lists of topics');
  readRlpHeader(rlp, list, end, field, header);
  const [topics, topicsEnd] = [header.from, header.end];
  const topicCount = (topicsEnd - topics) / topicBytes;
  if (!Number.isInteger(topicCount) || topicCount > topicsMax) throw malformed(field, 'must have four topics at most');
  for (let at = topics; at < topicsEnd; at += topicBytes) {
    if (rlp[at] !== 0x80 + 32) throw malformed(field, 'must have topics of 32 bytes');
  }
  if (rlp[topicsEnd]! >= 0xc0) throw malformed(field, 'must have strings for data');
  readRlpHeader(rlp, topicsEnd, end, field, header);
  if (header.end !== end) throw malformed(field, 'must have three parts each');
  place.address = from + 1;
  place.topics = topics + 1;
  place.topicCount = topicCount;
  place.data = header.from;
  place.end = end;
}

function malformed(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}
