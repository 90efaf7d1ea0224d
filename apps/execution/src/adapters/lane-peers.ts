import { ChainError, type Hash32 } from '@sheaf/primitives';
import type { laneV1 } from '@sheaf/proto';
import {
  createRpcClient,
  implement,
  withoutRequest,
  type ServiceImplementation,
  type TlsFiles,
  type TwoWayStream,
} from '@sheaf/rpc';
import { pause, type Logger, type Registry } from '@sheaf/service';
import { laneLimits, type LaneLimits } from '../lane-limits.ts';
import type { Head } from '../ports.ts';
import {
  openLaneConnection,
  type LaneConnection,
  type LaneConnectionEvents,
  type LaneTraffic,
} from './lane-connection.ts';
import { laneService } from './lane-frames.ts';
import { helloTo, readHello, type LaneHello, type LaneIdentity } from './lane-handshake.ts';
import { createLaneMetrics } from './lane-metrics.ts';

type LaneStream = TwoWayStream<laneV1.LaneFrame, laneV1.LaneFrame>;

export interface LanePeersOptions {
  /** Name of the lane, 1 to 64 bytes. */
  lane: string;
  /** Which of the addresses this one is. */
  member: number;
  /** `host:port` of every member, by number, the own one too. 1 to 256. */
  addresses: readonly string[];
  genesisHash: Hash32;
  /** The last durable block, asked for at every hello. */
  head(): Head;
  /** Another one at every start of the process. 64 bits. */
  session: bigint;
  /** Mutual TLS towards the members that this one calls; the server of `service` has its own. */
  tls?: TlsFiles | undefined;
  /** Other maxima and times than `laneLimits`. */
  limits?: Partial<LaneLimits> | undefined;
}

/** None is called from within `send`, and none after `close`. */
export interface LanePeersDependencies {
  log: Logger;
  metrics?: Registry | undefined;
  /**
   * In the order in which the peer sent them, each once, between `onUp` and `onDown`. The body may be a view of a frame of up
   * to 256 KiB: what is kept for long is copied. A ChainError that this throws ends the connection.
   */
  onMessage(from: number, body: Uint8Array): void;
  /** The peer can be sent to, already in this call. */
  onUp(member: number, hello: LaneHello): void;
  /** What was sent before may not have arrived. */
  onDown(member: number, reason: ChainError): void;
}

export interface LanePeerStats extends LaneTraffic {
  member: number;
  connected: boolean;
  /** What has not left for the socket. */
  queuedBytes: number;
  /** Connections after the first. */
  reconnects: number;
  /** Why the last connection, or attempt at one, ended; undefined while it is up. */
  fault: ChainError | undefined;
}

/** The streams of one member to all others of its lane: one a pair, kept up until `close`. */
export interface LanePeers {
  /** To be served on the own address. Refuses with UNAVAILABLE before `start` and after `close`. */
  readonly service: ServiceImplementation;
  /** Queues a message, which must not change any more. Dropped when the member is not connected. */
  send(to: number, body: Uint8Array): void;
  connected(member: number): boolean;
  start(): void;
  /** All connections have ended. Idempotent. */
  close(): Promise<void>;
  /** Of every other member, by number. */
  stats(): LanePeerStats[];
}

interface Peer {
  readonly member: number;
  readonly address: string;
  readonly traffic: LaneTraffic;
  connection: LaneConnection | undefined;
  connections: number;
  fault: ChainError | undefined;
}

/**
 * Connects the members of a lane. Of a pair the higher number calls the lower one, again and again; a later call takes the
 * place of an earlier connection.
 * @throws ChainError `INVALID_ARGUMENT` naming the option
 */
export function createLanePeers(options: LanePeersOptions, deps: LanePeersDependencies): LanePeers {
  const { member, addresses, log } = { ...options, log: deps.log.child({ lane: options.lane }) };
  const limits: LaneLimits = { ...laneLimits, ...options.limits };
  check(options, limits);
  const own: LaneIdentity = {
    genesisHash: options.genesisHash,
    lane: options.lane,
    members: addresses.length,
    member,
  };
  const peers = addresses.map((address, index) => newPeer(index, address));
  const others = peers.filter((peer) => peer.member !== member);
  /** Every stream, the ones of strangers too. */
  const open = new Set<LaneConnection>();
  let strangers = 0;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let dialing: Promise<unknown> | undefined;
  const countFault = createLaneMetrics(deps.metrics, stats);

  function hello(to: number): laneV1.LaneFrame {
    return helloTo(to, own, { head: options.head(), session: options.session });
  }

  /** The events of a stream, once the member at its other end is known. */
  function connectPeer(peer: Peer, connection: LaneConnection, said: LaneHello): void {
    peer.connection?.end(
      new ChainError({ code: 'CONFLICT', message: 'a later connection takes the place of this one' }),
    );
    peer.connection = connection;
    peer.connections += 1;
    peer.fault = undefined;
    log.info({ peer: peer.member, ...said.head, session: said.session }, 'a member of the lane is connected');
    deps.onUp(peer.member, said);
  }

  function disconnectPeer(peer: Peer, connection: LaneConnection, reason: ChainError): void {
    tellFault(peer, reason);
    if (peer.connection !== connection) return;
    peer.connection = undefined;
    deps.onDown(peer.member, reason);
  }

  /** A warning for the first of several alike: a peer that is down is called again and again. */
  function tellFault(peer: Peer, fault: ChainError): void {
    countFault(fault.code);
    const level = peer.fault?.message === fault.message ? 'debug' : 'warn';
    log[level]({ err: fault, peer: peer.member, address: peer.address }, 'no stream to a member of the lane');
    peer.fault = fault;
  }

  function connect(stream: LaneStream, first: laneV1.LaneFrame | undefined, events: Events): LaneConnection {
    const connection: LaneConnection = openLaneConnection(
      stream,
      { limits, hello: first },
      {
        welcome: events.welcome,
        up: (said) => events.up(connection, said),
        message: events.message,
        down(error) {
          open.delete(connection);
          events.down(connection, error);
        },
      },
    );
    open.add(connection);
    return connection;
  }

  function accept(stream: LaneStream): void {
    if (!timer) throw new ChainError({ code: 'UNAVAILABLE', message: `member ${member} takes no connections now` });
    if (strangers >= limits.strangersMax) {
      const message = `${strangers} streams have not said who they are`;
      throw new ChainError({ code: 'LIMIT', message, retryAfterMs: limits.reconnectMsMax });
    }
    strangers += 1;
    let peer: Peer | undefined;
    connect(stream, undefined, {
      welcome(frame) {
        const said = readHello(frame, own, undefined);
        strangers -= 1;
        peer = peers[said.member]!;
        return { peer: said, reply: hello(said.member), traffic: peer.traffic };
      },
      up: (connection, said) => connectPeer(peer!, connection, said),
      message: (body) => deps.onMessage(peer!.member, body),
      down(connection, error) {
        if (peer) return disconnectPeer(peer, connection, error);
        strangers -= 1;
        countFault(error.code);
        log.warn({ err: error }, 'a stream from somebody was refused');
      },
    });
  }

  /** One connection from its call to its end. @returns how long it was up */
  function dial(peer: Peer): Promise<number> {
    const client = createRpcClient(
      laneService,
      { address: peer.address, tls: options.tls },
      { log, metrics: deps.metrics },
    );
    return new Promise<number>((resolve) => {
      let since: number | undefined;
      const finish = () => {
        stopping.signal.removeEventListener('abort', finish);
        client.close();
        resolve(since === undefined ? 0 : performance.now() - since);
      };
      stopping.signal.addEventListener('abort', finish);
      connect(client.connect(), hello(peer.member), {
        welcome: (frame) => ({ peer: readHello(frame, own, peer.member), reply: undefined, traffic: peer.traffic }),
        up(connection, said) {
          since = performance.now();
          connectPeer(peer, connection, said);
        },
        message: (body) => deps.onMessage(peer.member, body),
        down(connection, error) {
          disconnectPeer(peer, connection, error);
          finish();
        },
      });
    });
  }

  async function keepDialing(peer: Peer): Promise<void> {
    let pauseMs = limits.reconnectMsMin;
    while (!stopping.signal.aborted) {
      const upMs = await dial(peer);
      if (upMs >= limits.reconnectMsMax) pauseMs = limits.reconnectMsMin;
      await pause(pauseMs, stopping.signal);
      pauseMs = Math.min(limits.reconnectMsMax, pauseMs * 2);
    }
  }

  function stats(): LanePeerStats[] {
    return others.map(({ member: number, traffic, connection, connections, fault }) => ({
      ...traffic,
      member: number,
      connected: connection?.isUp() ?? false,
      queuedBytes: connection?.queuedBytes() ?? 0,
      reconnects: Math.max(0, connections - 1),
      fault,
    }));
  }

  return {
    service: implement(laneService, { connect: (stream) => withoutRequest(() => accept(stream)) }),
    send: (to, body) => peers[to]?.connection?.send(body),
    connected: (number) => peers[number]?.connection?.isUp() ?? false,
    start() {
      if (timer || stopping.signal.aborted) return;
      timer = setInterval(() => open.forEach((connection) => connection.tick()), limits.pingMs);
      dialing = withoutRequest(() => Promise.all(others.filter((peer) => peer.member < member).map(keepDialing)));
    },
    async close() {
      clearInterval(timer);
      timer = undefined;
      const gone = new ChainError({ code: 'UNAVAILABLE', message: `member ${member} stops` });
      for (const connection of open) connection.abandon(gone);
      open.clear();
      for (const peer of peers) peer.connection = undefined;
      stopping.abort();
      await dialing;
    },
    stats,
  };
}

interface Events extends Pick<LaneConnectionEvents, 'welcome' | 'message'> {
  up(connection: LaneConnection, said: LaneHello): void;
  down(connection: LaneConnection, error: ChainError): void;
}

function newPeer(member: number, address: string): Peer {
  const traffic = { bytesSent: 0, bytesReceived: 0, messagesSent: 0, messagesReceived: 0, roundTripMs: undefined };
  return { member, address, traffic, connection: undefined, connections: 0, fault: undefined };
}

function check({ lane, member, addresses }: LanePeersOptions, limits: LaneLimits): void {
  const must = (holds: boolean, field: string, rule: string) => {
    if (!holds) throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
  };
  const nameBytes = Buffer.byteLength(lane);
  must(nameBytes >= 1 && nameBytes <= limits.laneNameBytesMax, 'lane', `must be 1 to ${limits.laneNameBytesMax} bytes`);
  const { length } = addresses;
  must(length >= 1 && length <= limits.membersMax, 'addresses', `must be 1 to ${limits.membersMax}, got ${length}`);
  must(new Set(addresses).size === length, 'addresses', 'must differ from one another');
  must(Number.isInteger(member) && member >= 0 && member < length, 'member', `must be below ${length}, got ${member}`);
}
