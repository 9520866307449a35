/** Both codecs of the contract: the generated one, and protobufjs reading the .proto files by reflection. */
import path from 'node:path';
import protobuf from 'protobufjs';
import * as bulk from '../../proto/gen/bramble/agent/v1/bulk.js';
import * as command from '../../proto/gen/bramble/agent/v1/command.js';
import * as desired from '../../proto/gen/bramble/agent/v1/desired.js';
import * as enrollment from '../../proto/gen/bramble/agent/v1/enrollment.js';
import * as event from '../../proto/gen/bramble/agent/v1/event.js';
import * as images from '../../proto/gen/bramble/agent/v1/images.js';
import * as link from '../../proto/gen/bramble/agent/v1/link.js';
import * as node from '../../proto/gen/bramble/agent/v1/node.js';
import * as report from '../../proto/gen/bramble/agent/v1/report.js';
import * as tunnel from '../../proto/gen/bramble/agent/v1/tunnel.js';

/** A message in the generated code's shape, its type known only by name. */
export type Message = Readonly<Record<string, unknown>>;

export interface Codec {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
  /** Sets what is left out to its default. */
  fromPartial(message: Message): Message;
}

const MODULES: readonly Readonly<Record<string, unknown>>[] = [
  bulk,
  command,
  desired,
  enrollment,
  event,
  images,
  link,
  node,
  report,
  tunnel,
];
const PACKAGE = 'bramble.agent.v1';

const isCodec = (value: unknown): value is Codec =>
  typeof value === 'object' && value !== null && 'encode' in value && 'decode' in value;

/** The generated codec of every message, by the message's name. */
export const CODECS: ReadonlyMap<string, Codec> = new Map(
  MODULES.flatMap((module) => Object.entries(module))
    .filter((entry): entry is [string, Codec] => isCodec(entry[1]))
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

export function codec(name: string): Codec {
  const found = CODECS.get(name);
  if (found === undefined) throw new Error(`no generated codec for ${name}`);
  return found;
}

function loadReflection(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => path.resolve('proto', target);
  const subjects = ['bulk', 'command', 'desired', 'enrollment', 'event', 'images', 'link', 'node', 'report', 'tunnel'];
  root.loadSync(subjects.map((subject) => `bramble/agent/v1/${subject}.proto`)).resolveAll();
  return root;
}

const ROOT = loadReflection();

/** Every message that the .proto files declare, sorted by name. */
export const TYPES: readonly protobuf.Type[] = (ROOT.lookup(PACKAGE) as protobuf.Namespace).nestedArray
  .filter((declared) => declared instanceof protobuf.Type)
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Every enum that the .proto files declare. */
export const ENUMS: readonly protobuf.Enum[] = (ROOT.lookup(PACKAGE) as protobuf.Namespace).nestedArray.filter(
  (declared) => declared instanceof protobuf.Enum,
);
