import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type handleBidiStreamingCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Descriptors } from './descriptors.js';

/**
 * gRPC server reflection, for grpcurl and its like. Only the introspection listener has it. Both names of it are served:
 * tools moved from v1alpha to v1, with the same messages.
 * Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/reflection/v1/reflection.proto
 */

export const REFLECTION_SERVICE_NAMES = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
] as const;

const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;

export function reflectionDefinition(name: (typeof REFLECTION_SERVICE_NAMES)[number]) {
  return {
    serverReflectionInfo: {
      path: `/${name}/ServerReflectionInfo`,
      requestStream: true,
      responseStream: true,
      requestSerialize: bytesAsTheyAre,
      requestDeserialize: bytesAsTheyAre,
      responseSerialize: bytesAsTheyAre,
      responseDeserialize: bytesAsTheyAre,
    },
  } satisfies ServiceDefinition;
}

/** ServerReflectionRequest: what is asked is one of these. */
const ASK = { fileByFilename: 3, fileContainingSymbol: 4, listServices: 7 } as const;
/** ServerReflectionResponse. */
const ANSWER = { originalRequest: 2, files: 4, services: 6, error: 7 } as const;

/** @param services names that are listed, whether or not their schema is known */
export function reflectionService(descriptors: Descriptors, services: readonly string[]): UntypedServiceImplementation {
  const serverReflectionInfo: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (request: Buffer) => {
      call.write(answer(request, descriptors, services));
    });
    call.on('end', () => {
      call.end();
    });
    call.on('error', () => undefined); // the client is gone
  };
  return { serverReflectionInfo };
}

function answer(request: Buffer, descriptors: Descriptors, services: readonly string[]): Buffer {
  const writer = new BinaryWriter();
  writer.tag(ANSWER.originalRequest, WireType.LengthDelimited).bytes(request);
  const ask = readAsk(request);
  switch (ask?.field) {
    case ASK.listServices: {
      const list = new BinaryWriter();
      for (const name of services) {
        const service = new BinaryWriter();
        service.tag(1, WireType.LengthDelimited).string(name);
        list.tag(1, WireType.LengthDelimited).bytes(service.finish());
      }
      writer.tag(ANSWER.services, WireType.LengthDelimited).bytes(list.finish());
      break;
    }
    case ASK.fileByFilename:
      writeFiles(writer, descriptors.fileAndDependencies(ask.text), ask.text);
      break;
    case ASK.fileContainingSymbol: {
      const file = descriptors.fileOfSymbol(ask.text);
      writeFiles(writer, file === undefined ? undefined : descriptors.fileAndDependencies(file), ask.text);
      break;
    }
    default: // there are no extensions in the contract
      writeError(writer, status.UNIMPLEMENTED, 'asked for what this server does not reflect');
  }
  return Buffer.from(writer.finish());
}

function readAsk(request: Buffer): { readonly field: number; readonly text: string } | undefined {
  try {
    const reader = new BinaryReader(request);
    let ask: { field: number; text: string } | undefined;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited && field !== 1) ask = { field, text: reader.string() };
      else reader.skip(wireType, field);
    }
    return ask;
  } catch {
    return undefined; // no such message: answered like a question that nobody knows
  }
}

function writeFiles(writer: BinaryWriter, files: readonly Uint8Array[] | undefined, asked: string): void {
  if (files === undefined) {
    writeError(writer, status.NOT_FOUND, `not known: ${asked.slice(0, 200)}`);
    return;
  }
  const message = new BinaryWriter();
  for (const bytes of files) message.tag(1, WireType.LengthDelimited).bytes(bytes);
  writer.tag(ANSWER.files, WireType.LengthDelimited).bytes(message.finish());
}

function writeError(writer: BinaryWriter, code: number, text: string): void {
  const error = new BinaryWriter();
  error.tag(1, WireType.Varint).int32(code);
  error.tag(2, WireType.LengthDelimited).string(text);
  writer.tag(ANSWER.error, WireType.LengthDelimited).bytes(error.finish());
}
