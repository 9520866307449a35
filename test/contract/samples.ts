/** The samples that are worth recording of a message: nothing set, everything set, the ends of every range. */
import protobuf from 'protobufjs';
import type { Meaning, MeaningValue } from './meaning.js';

type Choose = (field: protobuf.Field) => MeaningValue;

/** Distinct per field, so that two fields that changed places show. */
const ordinary: Choose = (field) => {
  if (field.resolvedType instanceof protobuf.Type) return filled(field.resolvedType, ordinary, 0);
  if (field.resolvedType instanceof protobuf.Enum) return Object.values(field.resolvedType.values)[1] ?? 0;
  if (field.type === 'string') return `${field.name} ünïcödé`;
  if (field.type === 'bytes') return `hex:00ff${field.id.toString(16).padStart(2, '0')}`;
  if (field.type === 'bool') return true;
  return 1000 + field.id;
};

const largest: Choose = (field) => {
  if (field.resolvedType instanceof protobuf.Type) return filled(field.resolvedType, largest, 0);
  if (field.resolvedType instanceof protobuf.Enum) return 2 ** 31 - 1; // a value of a newer peer
  if (field.type === 'uint32') return 2 ** 32 - 1;
  if (field.type === 'uint64') return Number.MAX_SAFE_INTEGER;
  if (field.type === 'sint64') return Number.MIN_SAFE_INTEGER;
  return ordinary(field);
};

/** All plain fields, and the case numbered `chosen` of each oneof. */
function filled(type: protobuf.Type, choose: Choose, chosen: number): Meaning {
  return Object.fromEntries(
    type.fieldsArray.flatMap((field) => {
      if (field.partOf !== null && field.partOf.fieldsArray.indexOf(field) !== chosen) return [];
      return [[field.name, field.repeated ? [choose(field), choose(field)] : choose(field)]];
    }),
  );
}

export interface Sample {
  readonly name: string;
  readonly means: Meaning;
}

export function samplesOf(type: protobuf.Type): readonly Sample[] {
  if (type.fieldsArray.length === 0) return [{ name: 'empty', means: {} }];
  const cases = type.oneofsArray.flatMap((group) =>
    group.fieldsArray.map((field, i) => ({ name: `full, ${field.name}`, means: filled(type, ordinary, i) })),
  );
  return [
    { name: 'empty', means: {} },
    ...(cases.length > 0 ? cases : [{ name: 'full', means: filled(type, ordinary, 0) }]),
    { name: 'ends of ranges', means: filled(type, largest, 0) },
  ];
}
