import type { handleServerStreamingCall, handleUnaryCall, Server, ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/** grpc.health.v1 HealthCheckResponse.ServingStatus. */
const servingStatus = { serving: 1, notServing: 2, unknown: 3 } as const;
type Status = (typeof servingStatus)[keyof typeof servingStatus];

/** An object, because grpc-js takes an empty string for a missing message. */
interface Question {
  service: string;
}

const shared = {
  requestStream: false,
  requestSerialize: ({ service }: Question) => Buffer.from(new BinaryWriter().uint32(10).string(service).finish()),
  requestDeserialize: (bytes: Buffer): Question => ({ service: readService(bytes) }),
  responseSerialize: (value: Status) => Buffer.from(new BinaryWriter().uint32(8).int32(value).finish()),
  responseDeserialize: (bytes: Buffer) => new BinaryReader(bytes.subarray(1)).int32() as Status,
};

/** The public service of every gRPC health probe. Written out: grpc-health-check reads a .proto beside itself, which a one-file bundle has not. */
export const healthService = {
  check: { path: '/grpc.health.v1.Health/Check', responseStream: false, ...shared },
  watch: { path: '/grpc.health.v1.Health/Watch', responseStream: true, ...shared },
} as const;

export interface HealthService {
  addTo(server: Server): void;
  /** For every service and the server as a whole (""); watchers are told, and at the end of serving let go. */
  setServing(serving: boolean): void;
}

export function createHealth(services: readonly string[]): HealthService {
  const known = new Set(['', ...services]);
  const watchers = new Set<ServerWritableStream<Question, Status>>();
  let current: Status = servingStatus.notServing;
  const check: handleUnaryCall<Question, Status> = (call, callback) => {
    if (known.has(call.request.service)) callback(null, current);
    else callback({ code: status.NOT_FOUND, details: `no service ${call.request.service}` });
  };
  const watch: handleServerStreamingCall<Question, Status> = (call) => {
    call.write(known.has(call.request.service) ? current : servingStatus.unknown);
    if (!known.has(call.request.service)) return;
    watchers.add(call);
    call.on('cancelled', () => watchers.delete(call));
  };
  return {
    addTo: (server) => server.addService(healthService, { check, watch }),
    setServing(serving) {
      current = serving ? servingStatus.serving : servingStatus.notServing;
      for (const watcher of watchers) {
        watcher.write(current);
        if (!serving) watcher.end();
      }
      if (!serving) watchers.clear();
    },
  };
}

function readService(bytes: Buffer): string {
  const reader = new BinaryReader(bytes);
  let service = '';
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) service = reader.string();
    else reader.skip(wireType, field);
  }
  return service;
}
