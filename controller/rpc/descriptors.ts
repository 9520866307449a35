import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/**
 * What reflection knows of .proto files: their bytes as the compiler made them, by file and by every name in them.
 * Source: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
export class Descriptors {
  readonly #bytesByFile = new Map<string, Uint8Array>();
  readonly #dependenciesByFile = new Map<string, readonly string[]>();
  readonly #fileBySymbol = new Map<string, string>();
  readonly services: readonly string[];

  /** @param files FileDescriptorProto of each, base64 */
  constructor(files: readonly string[]) {
    const services: string[] = [];
    for (const text of files) {
      const bytes = Buffer.from(text, 'base64');
      const file = readFile(bytes);
      this.#bytesByFile.set(file.name, bytes);
      this.#dependenciesByFile.set(file.name, file.dependencies);
      for (const symbol of file.symbols) this.#fileBySymbol.set(symbol, file.name);
      services.push(...file.services);
    }
    this.services = services.sort();
  }

  /** The file and all that it leans on, itself first; `undefined` when it is not known. */
  fileAndDependencies(name: string): readonly Uint8Array[] | undefined {
    if (!this.#bytesByFile.has(name)) return undefined;
    const names = new Set([name]);
    for (const one of names) for (const next of this.#dependenciesByFile.get(one) ?? []) names.add(next);
    return [...names].flatMap((one) => this.#bytesByFile.get(one) ?? []);
  }

  /** The file that declares a message, an enum, a service or a method. */
  fileOfSymbol(symbol: string): string | undefined {
    return this.#fileBySymbol.get(symbol);
  }
}

interface ProtoFile {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly symbols: readonly string[];
  readonly services: readonly string[];
}

/** Numbers of fields in FileDescriptorProto, DescriptorProto, ServiceDescriptorProto; the name is 1 in all of them. */
const FILE = { name: 1, package: 2, dependency: 3, message: 4, enum: 5, service: 6 } as const;
const MESSAGE = { nested: 3, enum: 4 } as const;
const SERVICE = { method: 2 } as const;

function readFile(bytes: Uint8Array): ProtoFile {
  const fields = fieldsOf(bytes);
  const scope = textsOf(fields, FILE.package)[0] ?? '';
  const inScope = (name: string): string => (scope === '' ? name : `${scope}.${name}`);
  const services = bytesOf(fields, FILE.service).map((service) => ({
    name: inScope(nameOf(service)),
    methods: bytesOf(fieldsOf(service), SERVICE.method).map(nameOf),
  }));
  return {
    name: textsOf(fields, FILE.name)[0] ?? '',
    dependencies: textsOf(fields, FILE.dependency),
    services: services.map(({ name }) => name),
    symbols: [
      ...bytesOf(fields, FILE.message).flatMap((message) => symbolsOfMessage(message, inScope(nameOf(message)))),
      ...bytesOf(fields, FILE.enum).map((one) => inScope(nameOf(one))),
      ...services.flatMap(({ name, methods }) => [name, ...methods.map((method) => `${name}.${method}`)]),
    ],
  };
}

function symbolsOfMessage(message: Uint8Array, name: string): readonly string[] {
  const fields = fieldsOf(message);
  return [
    name,
    ...bytesOf(fields, MESSAGE.nested).flatMap((nested) => symbolsOfMessage(nested, `${name}.${nameOf(nested)}`)),
    ...bytesOf(fields, MESSAGE.enum).map((one) => `${name}.${nameOf(one)}`),
  ];
}

type Fields = readonly { readonly field: number; readonly bytes: Uint8Array }[];

/** Only fields with a length: names, messages, texts. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields: { field: number; bytes: Uint8Array }[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) fields.push({ field, bytes: reader.bytes() });
    else reader.skip(wireType, field);
  }
  return fields;
}

function bytesOf(fields: Fields, wanted: number): readonly Uint8Array[] {
  return fields.filter(({ field }) => field === wanted).map(({ bytes }) => bytes);
}

function textsOf(fields: Fields, wanted: number): readonly string[] {
  return bytesOf(fields, wanted).map((bytes) => Buffer.from(bytes).toString('utf8'));
}

function nameOf(bytes: Uint8Array): string {
  return textsOf(fieldsOf(bytes), 1)[0] ?? '';
}
