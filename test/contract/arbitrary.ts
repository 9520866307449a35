/** Random meanings of any message of the contract, made from its declaration. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { Meaning, MeaningValue } from './meaning.js';

const UINT32_MAX = 2 ** 32 - 1;

const scalars: Readonly<Record<string, fc.Arbitrary<MeaningValue>>> = {
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => `hex:${Buffer.from(bytes).toString('hex')}`),
  sint64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)),
  // Every code point but halves of surrogate pairs, which UTF-8 cannot carry.
  string: fc.string({ unit: 'binary', maxLength: 40 }),
  uint32: fc.oneof(fc.nat(UINT32_MAX), fc.constantFrom(0, 127, 128, UINT32_MAX)),
  uint64: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, UINT32_MAX + 1, Number.MAX_SAFE_INTEGER)),
};

function ofField(field: protobuf.Field): fc.Arbitrary<MeaningValue> {
  const declared = field.resolvedType;
  if (declared instanceof protobuf.Type) return meanings(declared);
  // A newer peer's values too: they must come out as the numbers that they are.
  if (declared instanceof protobuf.Enum)
    return fc.oneof(
      fc.constantFrom(...Object.values(declared.values)),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    );
  const scalar = scalars[field.type];
  if (scalar === undefined) throw new Error(`no arbitrary for ${field.type}: add one`);
  return scalar;
}

/** A oneof is one of its fields or none; a message field may be absent; everything else is always there. */
export function meanings(type: protobuf.Type): fc.Arbitrary<Meaning> {
  const plainFields = type.fieldsArray.filter((field) => field.partOf === null);
  const required = plainFields.filter((field) => field.repeated || !(field.resolvedType instanceof protobuf.Type));
  const model = Object.fromEntries(
    plainFields.map((field) => [
      field.name,
      field.repeated ? fc.array(ofField(field), { maxLength: 6 }) : ofField(field),
    ]),
  );
  const groups = type.oneofsArray.map((group) =>
    fc.oneof(fc.constant({}), ...group.fieldsArray.map((field) => fc.record({ [field.name]: ofField(field) }))),
  );
  return fc
    .tuple(fc.record(model, { requiredKeys: required.map(({ name }) => name) }), ...groups)
    .map((parts) => Object.assign({}, ...parts) as Meaning);
}
