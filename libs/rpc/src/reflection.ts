import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { status, type handleBidiStreamingCall, type Server } from '@grpc/grpc-js';
import { readDescriptorSet, type DescriptorFile } from './descriptor-set.ts';

interface Question {
  bytes: Buffer;
  field: number;
  text: string;
}

const listServices = 7;
const fileByName = 3;
const fileBySymbol = 4;

/**
 * Serves grpc.reflection.v1 and v1alpha (the same messages) for the services, so that grpcurl and its like need no .proto.
 * Written out, because @grpc/reflection reads files beside itself, which a one-file bundle has not. No extensions: proto3 has none.
 */
export function addReflection(server: Server, image: Uint8Array, services: readonly string[]): void {
  const files = readDescriptorSet(image);
  const answer: handleBidiStreamingCall<Question, Buffer> = (call) => {
    call.on('data', (question: Question) => void call.write(respond(question, files, services)));
    call.on('end', () => call.end());
    call.on('error', () => {});
  };
  for (const version of ['v1', 'v1alpha']) {
    const method = {
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      requestStream: true,
      responseStream: true,
      requestSerialize: (question: Question) => question.bytes,
      requestDeserialize: readQuestion,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    server.addService({ serverReflectionInfo: method }, { serverReflectionInfo: answer });
  }
}

function readQuestion(bytes: Buffer): Question {
  const reader = new BinaryReader(bytes);
  const question: Question = { bytes, field: 0, text: '' };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === fileByName || field === fileBySymbol || field === listServices) {
      question.field = field;
      question.text = reader.string();
    } else {
      reader.skip(wireType, field);
    }
  }
  return question;
}

function respond(question: Question, files: readonly DescriptorFile[], services: readonly string[]): Buffer {
  const response = new BinaryWriter().uint32(18).bytes(question.bytes);
  if (question.field === listServices) {
    response.uint32(50).fork();
    for (const name of services) response.uint32(10).fork().uint32(10).string(name).join();
    return Buffer.from(response.join().finish());
  }
  const file = files.find(({ name, symbols }) =>
    question.field === fileByName ? name === question.text : symbols.has(question.text),
  );
  if (!file || question.field === 0) {
    const message = question.field === 0 ? 'not answered by this server' : `${question.text} is not known`;
    const code = question.field === 0 ? status.UNIMPLEMENTED : status.NOT_FOUND;
    return Buffer.from(response.uint32(58).fork().uint32(8).int32(code).uint32(18).string(message).join().finish());
  }
  response.uint32(34).fork();
  for (const { bytes } of withDependencies(file, files)) response.uint32(10).bytes(bytes);
  return Buffer.from(response.join().finish());
}

function withDependencies(file: DescriptorFile, files: readonly DescriptorFile[]): Set<DescriptorFile> {
  const found = new Set([file]);
  // A Set's iteration also visits what is added meanwhile.
  for (const one of found) for (const other of files) if (one.dependencies.includes(other.name)) found.add(other);
  return found;
}
