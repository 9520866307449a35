import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, chunkBytesAt, makeGear } from './chunker.js';

const gear = makeGear();

/** Bytes without a pattern, from a seed. */
function noise(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed | 1;
  for (let at = 0; at < sizeBytes; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = chunkBytesAt(bytes, at, bytes.length, gear);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const name = (chunk: Uint8Array): string => createHash('sha256').update(chunk).digest('hex');

test('chunks are the stream, in order, and within their bounds', () => {
  const bytes = noise(3_000_000, 7);
  const chunks = chunksOf(bytes);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  for (const chunk of chunks.slice(0, -1)) expect(chunk.length).toBeGreaterThan(CHUNK_BYTES_MIN);
  for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
});

test('chunks gather around the wanted size', () => {
  const chunks = chunksOf(noise(32_000_000, 11));
  const mean = 32_000_000 / chunks.length;
  expect(mean).toBeGreaterThan(48 * 1024);
  expect(mean).toBeLessThan(96 * 1024);
});

test('cuts are the same for ever', () => {
  const sizes = chunksOf(noise(400_000, 3)).map((chunk) => chunk.length);
  expect(sizes).toMatchInlineSnapshot(`
    [
      66160,
      98213,
      71232,
      98524,
      65871,
    ]
  `);
});

test('a stream of one byte repeated is cut at the upper bound', () => {
  expect(chunksOf(new Uint8Array(CHUNK_BYTES_MAX * 2 + 5)).map((chunk) => chunk.length)).toEqual([
    CHUNK_BYTES_MAX,
    CHUNK_BYTES_MAX,
    5,
  ]);
});

test('property: bytes that are inserted or removed change the chunks near them and no others', () => {
  const base = noise(2_500_000, 99);
  const before = new Set(chunksOf(base).map(name));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: base.length }),
      fc.uint8Array({ maxLength: 5_000 }),
      fc.integer({ min: 0, max: 5_000 }),
      (at, inserted, removedBytes) => {
        const changed = Buffer.concat([base.subarray(0, at), inserted, base.subarray(at + removedBytes)]);
        const fresh = chunksOf(changed).filter((chunk) => !before.has(name(chunk)));
        const freshBytes = fresh.reduce((sum, chunk) => sum + chunk.length, 0);
        // The chunk that it is in, and those until the cuts meet again: a few, wherever it is.
        expect(freshBytes).toBeLessThan(8 * CHUNK_BYTES_MAX);
      },
    ),
    { numRuns: 60 },
  );
});
