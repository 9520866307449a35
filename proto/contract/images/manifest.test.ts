import { expect, test } from 'vitest';
import { divideChunks, parseChunks, renderChunks } from './chunk-list.js';
import { digest } from './digest.js';
import type { ImageManifest } from './manifest.js';
import { parseManifest, renderManifest } from './manifest-text.js';

const of = (letter: string) => digest(letter.repeat(64));
const part = { entriesCount: 2, catalogueBytes: 30, contentBytes: 100, catalogueChunks: 1, contentChunks: 2 };
const manifest: ImageManifest = {
  ...{ name: 'lite-2026.11', imageClass: 'pi-root', version: 7, floor: 5, createdAtMs: 1, expiresAtMs: 2 },
  ...{ root: part, boot: undefined, index: [{ digest: of('a'), sizeBytes: 108 }] },
};
const chunks = [
  { digest: of('b'), sizeBytes: 30 },
  { digest: of('c'), sizeBytes: 60 },
  { digest: of('d'), sizeBytes: 40 },
];

test('a manifest and a list of chunks are read as they were written', () => {
  expect(parseManifest(renderManifest(manifest))).toEqual(manifest);
  expect(parseManifest(renderManifest({ ...manifest, boot: part }))).toEqual({ ...manifest, boot: part });
  expect(parseChunks(renderChunks(chunks))).toEqual(chunks);
});

test('one manifest has one text: what is written in another way is refused', () => {
  const text = renderManifest(manifest);
  for (const other of [
    ` ${text}`,
    text.trimEnd(),
    text.replace('"floor":5', '"floor":5.0'),
    text.replace('{', '{"x":1,'),
  ]) {
    expect(() => parseManifest(other)).toThrow(/damaged/);
  }
  expect(() => parseManifest(text.replace('bramble-image-1', 'bramble-image-2'))).toThrow(/does not know/);
  expect(() => parseManifest(text.replace('"floor":5', '"floor":8'))).toThrow(/below its own floor/);
});

test('property: every prefix of a manifest is refused', () => {
  const text = renderManifest(manifest);
  for (let end = 0; end < text.length; end++) expect(() => parseManifest(text.slice(0, end))).toThrow();
});

test('a list of chunks belongs to its manifest by counts and sizes', () => {
  const divided = divideChunks(manifest, chunks);
  expect(divided.root).toEqual({ catalogue: chunks.slice(0, 1), content: chunks.slice(1) });
  expect(divided.boot).toEqual({ catalogue: [], content: [] });
  expect(() => divideChunks(manifest, chunks.slice(0, 2))).toThrow(/belong together/);
  expect(() => divideChunks(manifest, [...chunks, ...chunks])).toThrow(/belong together/);
  expect(() => divideChunks(manifest, chunks.toReversed())).toThrow(/belong together/);
});

test('sizes that no chunk has are refused before anything is reserved for them', () => {
  const bytes = renderChunks(chunks);
  bytes.fill(0xff, 32, 36);
  expect(() => parseChunks(bytes)).toThrow(/no chunk has/);
  expect(() => parseChunks(bytes.subarray(1))).toThrow(/cut short/);
});
