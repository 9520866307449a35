import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { meanings } from './arbitrary.js';
import { codec, TYPES } from './codecs.js';
import { generatedBytes } from './meaning.js';

const VARINT = 0;
const LENGTH = 2;
const GROUP_START = 3;

const WIDE_FIELDS = TYPES.flatMap((type) =>
  type.fieldsArray
    .filter((field) => field.type === 'uint64' || field.type === 'sint64')
    .map((field) => [`${type.name}.${field.name}`, type.name, field] as const),
);

/** One field alone, its value as the varint that travels. */
function alone(field: protobuf.Field, varint: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = varint; ; rest >>= 7n) {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    if (!more) break;
  }
  if (!field.repeated)
    return Buffer.concat([
      protobuf.Writer.create()
        .uint32((field.id << 3) | VARINT)
        .finish(),
      Buffer.from(bytes),
    ]);
  return protobuf.Writer.create()
    .uint32((field.id << 3) | LENGTH)
    .bytes(Uint8Array.from(bytes))
    .finish();
}

const zigzag = (value: bigint): bigint => (value >= 0n ? value * 2n : -value * 2n - 1n);
const onWire = (field: protobuf.Field, value: bigint): bigint => (field.type === 'sint64' ? zigzag(value) : value);

function read(type: string, field: protobuf.Field, value: bigint): unknown {
  const got = codec(type).decode(alone(field, onWire(field, value)))[field.name];
  return Array.isArray(got) ? got[0] : got;
}

test.for(WIDE_FIELDS)('%s carries 2^53 - 1 exactly and refuses 2^53', ([, type, field]) => {
  expect(read(type, field, 2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => read(type, field, 2n ** 53n)).toThrow('MAX_SAFE_INTEGER');
});

const SIGNED_FIELDS = WIDE_FIELDS.filter(([, , { type }]) => type === 'sint64');

test.for(SIGNED_FIELDS)('%s carries -(2^53 - 1) exactly and refuses -(2^53)', ([, type, field]) => {
  expect(read(type, field, -(2n ** 53n) + 1n)).toBe(Number.MIN_SAFE_INTEGER);
  expect(() => read(type, field, -(2n ** 53n))).toThrow('MIN_SAFE_INTEGER');
});

/** A decoder may not make much out of little: what comes out is counted in elements of lists. */
function elements(value: unknown): number {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value).reduce((sum: number, part) => sum + elements(part), 0);
  return inside + (Array.isArray(value) ? value.length : 0);
}

/** Decodes what may be garbage: a message, or an Error; anything else fails the test. */
function decodesOrThrows(name: string, bytes: Uint8Array): void {
  try {
    expect(elements(codec(name).decode(bytes))).toBeLessThanOrEqual(bytes.length);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Error);
  }
}

const mutations = fc.array(
  fc.record({ kind: fc.constantFrom('flip', 'insert', 'remove', 'cut'), at: fc.nat(), byte: fc.nat(255) }),
  { minLength: 1, maxLength: 8 },
);

function mutate(bytes: Uint8Array, steps: readonly { kind: string; at: number; byte: number }[]): Uint8Array {
  const out = [...bytes];
  for (const { kind, at, byte } of steps) {
    const where = out.length === 0 ? 0 : at % out.length;
    if (kind === 'flip') out[where] = (out[where] ?? 0) ^ byte;
    else if (kind === 'insert') out.splice(where, 0, byte);
    else if (kind === 'remove') out.splice(where, 1);
    else out.length = where;
  }
  return Uint8Array.from(out);
}

describe.for(TYPES.map((type) => [type.name, type] as const))('%s', ([name, type]) => {
  test('mutated bytes decode or throw', () => {
    fc.assert(
      fc.property(meanings(type), mutations, (meaning, steps) => {
        decodesOrThrows(name, mutate(generatedBytes(type, meaning), steps));
      }),
      { numRuns: 150 },
    );
  });

  test('random bytes decode or throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodesOrThrows(name, bytes);
      }),
      { numRuns: 150 },
    );
  });

  test('groups nested 100,000 deep are refused, not followed', () => {
    const open = protobuf.Writer.create()
      .uint32((1000 << 3) | GROUP_START)
      .finish();
    expect(() => codec(name).decode(Buffer.concat(Array.from({ length: 100_000 }, () => open)))).toThrow(Error);
  });

  test('a length beyond the end is refused, not allocated', () => {
    const bytes = protobuf.Writer.create()
      .uint32((1000 << 3) | LENGTH)
      .uint32(2 ** 31 - 1)
      .finish();
    expect(() => codec(name).decode(bytes)).toThrow(Error);
  });
});
