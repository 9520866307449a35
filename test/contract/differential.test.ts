import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { meanings } from './arbitrary.js';
import { CODECS, TYPES } from './codecs.js';
import { generatedBytes, generatedMeaning, reflectedBytes, reflectedMeaning } from './meaning.js';

test('every declared message has a generated codec and the other way round', () => {
  expect([...CODECS.keys()]).toEqual(TYPES.map(({ name }) => name));
});

describe.for(TYPES.map((type) => [type.name, type] as const))('%s', ([, type]) => {
  test('what the generated codec writes, protobufjs reads the same', () => {
    fc.assert(
      fc.property(meanings(type), (meaning) => {
        expect(reflectedMeaning(type, generatedBytes(type, meaning))).toEqual(meaning);
      }),
    );
  });

  test('what protobufjs writes, the generated codec reads the same', () => {
    fc.assert(
      fc.property(meanings(type), (meaning) => {
        expect(generatedMeaning(type, reflectedBytes(type, meaning))).toEqual(meaning);
      }),
    );
  });

  test('fields of a newer peer change nothing', () => {
    fc.assert(
      fc.property(meanings(type), unknownField(), fc.boolean(), (meaning, unknown, first) => {
        const known = generatedBytes(type, meaning);
        const bytes = Buffer.concat(first ? [unknown, known] : [known, unknown]);
        expect(generatedMeaning(type, bytes)).toEqual(meaning);
      }),
      { numRuns: 50 },
    );
  });
});

const UINT32_MAX = 2 ** 32 - 1;

/** A field numbered far above ours, of any wire type that protobuf still writes. */
function unknownField(): fc.Arbitrary<Uint8Array> {
  const field = fc.integer({ min: 1000, max: 2 ** 29 - 1 });
  const tagged = (id: number, wireType: number) => protobuf.Writer.create().uint32(((id << 3) | wireType) >>> 0);
  return fc.oneof(
    fc.tuple(field, fc.nat(UINT32_MAX)).map(([id, value]) => tagged(id, 0).uint64(value).finish()),
    fc.tuple(field, fc.double()).map(([id, value]) => tagged(id, 1).double(value).finish()),
    fc.tuple(field, fc.uint8Array({ maxLength: 20 })).map(([id, value]) => tagged(id, 2).bytes(value).finish()),
    fc.tuple(field, fc.nat(UINT32_MAX)).map(([id, value]) => tagged(id, 5).fixed32(value).finish()),
  );
}
