import { reflectionImageBase64 } from './generated/reflection-image.ts';

/** Every proto as an encoded google.protobuf.FileDescriptorSet, without comments: what server reflection serves. */
export const reflectionImage: Uint8Array = new Uint8Array(Buffer.from(reflectionImageBase64, 'base64'));
