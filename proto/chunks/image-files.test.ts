import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renderChunks } from '../contract/images/chunk-list.js';
import type { Digest, ImageDigest } from '../contract/images/digest.js';
import type { Chunk } from '../contract/images/manifest.js';
import { renderManifest } from '../contract/images/manifest-text.js';
import { sha256 } from './chunk-files.js';
import { ImageFiles } from './image-files.js';

const LATER_MS = 4_000_000_000_000;
let dir = '';
let files: ImageFiles;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-store-'));
  files = new ImageFiles(dir);
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function write(text: string): Promise<Chunk> {
  const bytes = Buffer.from(text);
  await files.chunks.write(sha256(bytes), bytes);
  return { digest: sha256(bytes), sizeBytes: bytes.length };
}

interface Parts {
  readonly manifest: Buffer;
  readonly chunks: readonly Chunk[];
}

/** An image of these contents; its chunks are written. */
async function prepare(name: string, ...contents: readonly string[]): Promise<Parts> {
  const content = await Promise.all(contents.map(write));
  const catalogue = await write(`catalogue of ${name}`);
  const listBytes = renderChunks([catalogue, ...content]);
  const list = await write('placeholder').then(async () => {
    await files.chunks.write(sha256(listBytes), listBytes);
    return { digest: sha256(listBytes), sizeBytes: listBytes.length };
  });
  const root = {
    ...{ entriesCount: 1, catalogueBytes: catalogue.sizeBytes, catalogueChunks: 1, contentChunks: content.length },
    contentBytes: content.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  const words = { name, imageClass: 'pi-root', version: 1, floor: 1, createdAtMs: 1, expiresAtMs: 2 };
  const manifest = Buffer.from(renderManifest({ ...words, root, boot: undefined, index: [list] }));
  return { manifest, chunks: [catalogue, ...content, list] };
}
const put = async (name: string, ...contents: readonly string[]): Promise<ImageDigest> =>
  files.put((await prepare(name, ...contents)).manifest, ['untrusted comment: x\n']);

/** A store that nothing was put into has no folder. */
const stored = (): ReadonlySet<string> =>
  new Set(
    (existsSync(join(dir, 'chunks')) ? readdirSync(join(dir, 'chunks'), { recursive: true, encoding: 'utf8' }) : [])
      .map((name) => name.slice(3))
      .filter((name) => name.length === 64),
  );

test('an image with a chunk that is not here is none', async () => {
  const { manifest, chunks } = await prepare('a', 'one', 'two');
  await files.chunks.remove(chunks[1]?.digest ?? sha256(Buffer.alloc(0)));
  await expect(files.put(manifest, [])).rejects.toMatchObject({ code: 'failed-precondition' });
  expect(await files.list()).toEqual([]);
});

test('a chunk is written only under its own name, and read only when it is whole', async () => {
  const chunk = await write('content');
  const bytes = Buffer.from('other');
  await expect(files.chunks.write(chunk.digest, bytes)).rejects.toMatchObject({ code: 'data-loss' });
  const path = join(dir, 'chunks', chunk.digest.slice(0, 2), chunk.digest);
  writeFileSync(path, 'c');
  expect(await files.chunks.has(chunk.digest, chunk.sizeBytes)).toBe(false);
  expect(() => files.chunks.read(chunk.digest)).toThrow(/damaged/);
});

test('what a power cut left half written is no image, and is swept', async () => {
  const { manifest, chunks } = await prepare('a', 'one');
  writeFileSync(join(dir, 'chunks', '.partial-x'), 'half');
  utimesSync(join(dir, 'chunks', '.partial-x'), 1, 1);
  await files.put(manifest, []);
  await files.sweep(LATER_MS);
  expect(stored()).toEqual(new Set(chunks.map(({ digest }) => digest)));
  expect(readdirSync(join(dir, 'chunks'))).not.toContain('.partial-x');
});

test('an image that somebody holds is not removed, across restarts', async () => {
  const image = await put('a', 'one');
  await files.hold(image, 'root-n-1.gen-4');
  files = new ImageFiles(dir);
  expect(await files.holders(image)).toEqual(['root-n-1.gen-4']);
  await expect(files.remove(image)).rejects.toMatchObject({ code: 'failed-precondition' });
  await expect(files.hold(image, '../../etc')).rejects.toMatchObject({ code: 'invalid-argument' });
  await files.release(image, 'root-n-1.gen-4');
  await files.remove(image);
  expect(await files.list()).toEqual([]);
});

test('what is younger, or pinned by a pull, is not swept', async () => {
  const young = await write('young');
  await files.sweep(0);
  expect(stored()).toContain(young.digest);
  const letGo = await files.pin([young]);
  await files.sweep(LATER_MS);
  expect(stored()).toContain(young.digest);
  letGo();
  expect(await files.sweep(LATER_MS)).toMatchObject({ removedCount: 1, freedBytes: 5 });
  expect(stored()).not.toContain(young.digest);
});

test('a store with an image whose list cannot be read is not swept', async () => {
  const image = await put('a', 'one');
  const stray = await write('stray');
  const { chunks } = await prepare('a', 'one');
  await files.chunks.remove(chunks.at(-1)?.digest ?? stray.digest);
  await expect(files.sweep(LATER_MS)).rejects.toMatchObject({ code: 'not-found' });
  expect(stored()).toContain(stray.digest);
  expect(await files.list()).toEqual([image]);
});

test('property: after any order of puts, removals and sweeps every image that is listed is whole', async () => {
  const contents = fc.subarray(['red', 'green', 'blue', 'white'], { minLength: 1 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), contents }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(5) }),
    fc.constant({ kind: 'sweep' as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      for (const each of steps) {
        const images = await files.list();
        if (each.kind === 'put') await put(each.contents.join('-'), ...each.contents);
        else if (each.kind === 'sweep') await files.sweep(LATER_MS);
        else if (images.length > 0) await files.remove(images[each.at % images.length] as Digest);
      }
      const used = new Set<string>();
      for (const image of await files.list()) {
        const { index } = JSON.parse(Buffer.from((await files.readManifest(image)) ?? '').toString()) as {
          index: [Digest, number][];
        };
        const manifest = { index: index.map(([of, sizeBytes]) => ({ digest: of, sizeBytes })) };
        for (const { digest } of manifest.index) used.add(digest);
        for (const { digest } of manifest.index.flatMap((piece) => parse(files.chunks.read(piece.digest)))) {
          files.chunks.read(digest);
          used.add(digest);
        }
      }
      await files.sweep(LATER_MS);
      expect(stored()).toEqual(used);
    }),
    { numRuns: 15 },
  );
});

function parse(bytes: Uint8Array): readonly { readonly digest: Digest }[] {
  return Array.from({ length: bytes.length / 36 }, (_, at) => ({
    digest: Buffer.from(bytes.subarray(at * 36, at * 36 + 32)).toString('hex') as Digest,
  }));
}
