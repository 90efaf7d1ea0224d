import { BinaryReader } from '@bufbuild/protobuf/wire';

/** One file of a google.protobuf.FileDescriptorSet. */
export interface DescriptorFile {
  name: string;
  dependencies: string[];
  /** Full names of its messages, enums, services and methods. */
  symbols: Set<string>;
  /** The encoded FileDescriptorProto. */
  bytes: Uint8Array;
}

/** The fields of one encoded message, the length-delimited ones only: names, and messages within. */
function parts(bytes: Uint8Array): { field: number; bytes: Uint8Array }[] {
  const reader = new BinaryReader(bytes);
  const found: { field: number; bytes: Uint8Array }[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2) found.push({ field, bytes: reader.bytes() });
    else reader.skip(wireType, field);
  }
  return found;
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const nameOf = (bytes: Uint8Array) => text(parts(bytes).find(({ field }) => field === 1)?.bytes);

/** The files of an image that `buf build -o image.binpb` or `protoc --descriptor_set_out` wrote. @throws when it is none */
export function readDescriptorSet(image: Uint8Array): DescriptorFile[] {
  return parts(image)
    .filter(({ field }) => field === 1)
    .map(({ bytes }) => readFile(bytes));
}

function readFile(bytes: Uint8Array): DescriptorFile {
  const fields = parts(bytes);
  const all = (wanted: number) => fields.filter(({ field }) => field === wanted).map((one) => one.bytes);
  const symbols = new Set<string>();
  const prefix = text(all(2)[0]);
  const full = (scope: string, name: string) => (scope === '' ? name : `${scope}.${name}`);
  const addMessage = (scope: string, message: Uint8Array) => {
    const name = full(scope, nameOf(message));
    symbols.add(name);
    for (const inner of parts(message)) {
      if (inner.field === 3) addMessage(name, inner.bytes);
      if (inner.field === 4) symbols.add(full(name, nameOf(inner.bytes)));
    }
  };
  for (const message of all(4)) addMessage(prefix, message);
  for (const one of all(5)) symbols.add(full(prefix, nameOf(one)));
  for (const service of all(6)) {
    const name = full(prefix, nameOf(service));
    symbols.add(name);
    for (const method of parts(service)) if (method.field === 2) symbols.add(full(name, nameOf(method.bytes)));
  }
  return { name: text(all(1)[0]), dependencies: all(3).map(text), symbols, bytes };
}
