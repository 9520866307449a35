/** The meaning of a message, free of either codec's shape: field by field, a oneof as the one field that is set. */
import protobuf from 'protobufjs';
import { codec, type Message } from './codecs.js';

export type Meaning = { readonly [field: string]: MeaningValue };
export type MeaningValue = number | string | boolean | Meaning | readonly MeaningValue[];

/** Array.isArray() makes elements of read-only arrays `any`. */
export const isList = (value: MeaningValue | undefined): value is readonly MeaningValue[] => Array.isArray(value);

interface ChosenCase {
  readonly $case: string;
  readonly value: unknown;
}

const isChosen = (value: unknown): value is ChosenCase =>
  typeof value === 'object' && value !== null && '$case' in value;

function oneMeaning(field: protobuf.Field, value: unknown): MeaningValue {
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`;
  if (field.resolvedType instanceof protobuf.Type) return meaningOf(field.resolvedType, value as Message);
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  throw new Error(`${field.fullName} holds ${String(value)}`);
}

function heldValue(field: protobuf.Field, message: Message): unknown {
  const group = field.partOf === null ? undefined : message[field.partOf.name];
  // The generated shape holds a oneof as {$case, value}; protobufjs holds its fields side by side.
  return isChosen(group) ? (group.$case === field.name ? group.value : undefined) : message[field.name];
}

/** Reads a message as either codec holds it. Every plain field is there, default or not; absent messages are left out. */
function meaningOf(type: protobuf.Type, message: Message): Meaning {
  const meaning: Record<string, MeaningValue> = {};
  for (const field of type.fieldsArray) {
    const value = heldValue(field, message);
    if (value === undefined || value === null) continue;
    meaning[field.name] = Array.isArray(value)
      ? value.map((element) => oneMeaning(field, element))
      : oneMeaning(field, value);
  }
  return meaning;
}

function oneValue(field: protobuf.Field, value: MeaningValue): unknown {
  if (field.resolvedType instanceof protobuf.Type) return messageOf(field.resolvedType, value as Meaning);
  if (field.type === 'bytes') return Uint8Array.from(Buffer.from(String(value).slice('hex:'.length), 'hex'));
  return value;
}

/** The generated code's shape of a meaning. */
function messageOf(type: protobuf.Type, meaning: Meaning): Message {
  const message: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = meaning[field.name];
    if (value === undefined) continue;
    const converted = isList(value) ? value.map((element) => oneValue(field, element)) : oneValue(field, value);
    if (field.partOf === null) message[field.name] = converted;
    else message[field.partOf.name] = { $case: field.name, value: converted };
  }
  return message;
}

/** What the generated codec reads. */
export function generatedMeaning(type: protobuf.Type, bytes: Uint8Array): Meaning {
  return meaningOf(type, codec(type.name).decode(bytes));
}

/** What the generated codec encodes for a meaning. */
export function generatedBytes(type: protobuf.Type, meaning: Meaning): Uint8Array {
  const { encode, fromPartial } = codec(type.name);
  return encode(fromPartial(messageOf(type, meaning))).finish();
}

/** What protobufjs decoded, as a meaning; 64-bit values become numbers. */
export function reflectedMeaning(type: protobuf.Type, bytes: Uint8Array): Meaning {
  return meaningOf(type, type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true }));
}

/** What protobufjs encodes for a meaning. */
export function reflectedBytes(type: protobuf.Type, meaning: Meaning): Uint8Array {
  return type.encode(type.fromObject(plain(type, meaning))).finish();
}

/** protobufjs takes bytes as arrays of numbers, nested messages as plain objects. */
function plain(type: protobuf.Type, meaning: Meaning): Record<string, unknown> {
  const one = (field: protobuf.Field, value: MeaningValue): unknown =>
    field.resolvedType instanceof protobuf.Type ? plain(field.resolvedType, value as Meaning) : oneValue(field, value);
  return Object.fromEntries(
    type.fieldsArray.flatMap((field) => {
      const value = meaning[field.name];
      if (value === undefined) return [];
      return [[field.name, isList(value) ? value.map((v) => one(field, v)) : one(field, value)]];
    }),
  );
}
