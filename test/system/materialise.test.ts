import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeTreeWriters } from '../../agent/kit/host/node/tree-writer.js';
import { buildImage } from '../../controller/cli/images/build-image.js';
import { readFolderTree } from '../../controller/cli/images/folder-tree.js';
import { materialise } from '../../fileserver-agent/images/materialise.js';
import type { MaterialiseOptions, MaterialisePorts } from '../../fileserver-agent/images/materialise-options.js';
import { sha256 } from '../../proto/chunks/chunk-files.js';
import { ImageFiles } from '../../proto/chunks/image-files.js';
import type { CatalogueEntry } from '../../proto/contract/images/catalogue.js';
import { renderEntry } from '../../proto/contract/images/catalogue-text.js';
import { renderChunks } from '../../proto/contract/images/chunk-list.js';
import type { ImageDigest } from '../../proto/contract/images/digest.js';
import type { ImageManifest } from '../../proto/contract/images/manifest.js';
import { parseManifest, renderManifest } from '../../proto/contract/images/manifest-text.js';

const WORDS = { name: 'test', imageClass: 'pi-root', version: 1, floor: 1, createdAtMs: 1, expiresAtMs: 2 };
let dir = '';
let files: ImageFiles;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-images-'));
  files = new ImageFiles(join(dir, 'store'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const sink = () => ({ digestOf: sha256, write: (of: ImageDigest, bytes: Uint8Array) => files.chunks.write(of, bytes) });

function makeTree(): string {
  const top = join(dir, 'tree');
  for (const name of ['', 'usr', 'usr/bin', 'etc', 'var']) mkdirSync(join(top, name));
  writeFileSync(join(top, 'usr/bin/sudo'), Buffer.alloc(300_000, 'sudo '));
  chownSync(join(top, 'usr/bin/sudo'), 0, 27);
  chmodSync(join(top, 'usr/bin/sudo'), 0o4755);
  linkSync(join(top, 'usr/bin/sudo'), join(top, 'usr/bin/sudoedit'));
  symlinkSync('usr/bin', join(top, 'bin'));
  symlinkSync('/etc/shadow', join(top, 'etc/abroad'));
  writeFileSync(join(top, 'etc/name with space\nand line'), 'hello');
  writeFileSync(join(top, 'etc/empty'), '');
  writeFileSync(join(top, 'var/café'), 'x');
  chownSync(join(top, 'var/café'), 1_000, 1_001);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(top, 'var/café')]);
  chmodSync(join(top, 'var'), 0o1777);
  for (const name of ['etc/empty', 'var', '']) utimesSync(join(top, name), 1_600_000_000, 1_600_000_000);
  return top;
}

/** Everything about a tree but inode numbers: names, kinds, modes, owners, times, sizes, targets, links, attributes, content. */
function describeTree(top: string): string {
  const find = ['.', '-printf', '%P|%y|%m|%U|%G|%Ts|%l|%n\\0'];
  const names = execFileSync('find', find, { cwd: top }).toString().split('\0').toSorted();
  const xattrs = execFileSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '.'], { cwd: top }).toString();
  const sums = execFileSync('find', ['.', '-type', 'f', '-exec', 'sha256sum', '{}', '+'], { cwd: top }).toString();
  return [...names, xattrs, ...sums.split('\n').toSorted()].join('\n');
}

function ports(over: Partial<MaterialisePorts> = {}): MaterialisePorts {
  return {
    source: {
      readManifest: (image) => files.readManifest(image),
      readSignatures: (image) => files.readSignatures(image),
      readChunk: (of) => Promise.resolve(files.chunks.read(of)),
    },
    trust: { judge: (_, bytes) => Promise.resolve(parseManifest(Buffer.from(bytes).toString())) },
    trees: makeNodeTreeWriters(),
    sha256,
    clock: makeNodeClock(),
    ...over,
  };
}

function into(target: string, over: Partial<MaterialiseOptions> = {}): MaterialiseOptions {
  mkdirSync(join(dir, target), { recursive: true });
  return { part: 'root', targetDir: join(dir, target), signal: new AbortController().signal, ...over };
}

async function importTree(top: string): Promise<ImageDigest> {
  const root = await readFolderTree(top);
  const manifest = await buildImage({ words: WORDS, root, boot: undefined, keysAllowed: [], sink: sink() });
  return files.put(Buffer.from(renderManifest(manifest)), []);
}

const why = process.getuid?.() !== 0 ? 'not root' : inject('debian').missing['attr'];
if (why !== undefined) console.log(`skipped: a tree that goes through an image: ${why}`);

describe.skipIf(why !== undefined)('a tree that goes through an image', () => {
  test('comes out as it went in: owners, modes, times, links, attributes and content', async () => {
    const top = makeTree();
    const image = await importTree(top);
    const told: number[] = [];
    const done = await materialise(image, into('out', { onProgress: ({ percent }) => told.push(percent) }), ports());
    expect(describeTree(join(dir, 'out'))).toBe(describeTree(top));
    expect(done).toEqual({ entriesCount: 12, contentBytes: 300_006, xattrsLeftOutCount: 0 });
    expect(told.at(-1)).toBe(100);
  });

  test('is the same image when it is read again, whatever the order of its folders on storage', async () => {
    const top = makeTree();
    const image = await importTree(top);
    execFileSync('cp', ['-a', top, join(dir, 'copy')]);
    expect(await importTree(join(dir, 'copy'))).toBe(image);
  });

  test('loses set-user-id bits where they are not wanted', async () => {
    await materialise(await importTree(makeTree()), into('out', { setuid: 'strip' }), ports());
    expect(statSync(join(dir, 'out/usr/bin/sudo')).mode & 0o7777).toBe(0o755);
  });

  test('is never written into a folder that has something in it, nor through a link to a folder', async () => {
    const image = await importTree(makeTree());
    const target = into('full');
    writeFileSync(join(dir, 'full/file'), '');
    await expect(materialise(image, target, ports())).rejects.toMatchObject({ code: 'failed-precondition' });
    mkdirSync(join(dir, 'elsewhere'));
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'));
    await expect(materialise(image, { ...target, targetDir: join(dir, 'link') }, ports())).rejects.toThrow(
      /ELOOP|ENOTDIR/,
    );
    expect(readdirSync(join(dir, 'elsewhere'))).toEqual([]);
  });

  test('may be written onto a filesystem just made', async () => {
    const image = await importTree(makeTree());
    const target = into('fresh');
    mkdirSync(join(dir, 'fresh/lost+found'));
    await expect(materialise(image, target, ports())).resolves.toMatchObject({ entriesCount: 12 });
  });

  test('stops when it is told to, and is done again in a fresh folder', async () => {
    const image = await importTree(makeTree());
    const stop = new AbortController();
    const source = {
      ...ports().source,
      readChunk: (of: ImageDigest) => {
        stop.abort();
        return Promise.resolve(files.chunks.read(of));
      },
    };
    await expect(materialise(image, into('cut', { signal: stop.signal }), ports({ source }))).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(materialise(image, into('again'), ports())).resolves.toMatchObject({ entriesCount: 12 });
  });

  test('T-48 is written where the folder was when it began, though somebody puts a link in its place meanwhile', async () => {
    const image = await importTree(makeTree());
    const target = into('place');
    mkdirSync(join(dir, 'victim'));
    const trees = {
      open: async (path: string) => {
        const writer = await makeNodeTreeWriters().open(path);
        renameSync(path, `${path}-moved`);
        symlinkSync(join(dir, 'victim'), path);
        return writer;
      },
    };
    await materialise(image, target, ports({ trees }));
    expect(readdirSync(join(dir, 'victim'))).toEqual([]);
    expect(readdirSync(join(dir, 'place-moved'))).toContain('usr');
  });
});

describe('an image whose bytes changed on storage', () => {
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };

  test('T-48 is refused when a chunk did, before or after it was found whole', async () => {
    const image = await importTree(makeTree());
    const chunks = join(dir, 'store/chunks');
    for (const folder of readdirSync(chunks)) {
      for (const name of readdirSync(join(chunks, folder))) {
        const before = readFileSync(join(chunks, folder, name));
        flip(join(chunks, folder, name));
        await expect(materialise(image, into(`out-${name}`), ports())).rejects.toMatchObject({ code: 'data-loss' });
        writeFileSync(join(chunks, folder, name), before);
      }
    }
    await materialise(image, into('out'), ports());
  });

  test('T-48 is refused when its manifest did', async () => {
    const image = await importTree(makeTree());
    flip(join(dir, 'store/images', image, 'manifest'));
    await expect(materialise(image, into('out'), ports())).rejects.toMatchObject({ code: 'data-loss' });
    expect(readdirSync(join(dir, 'out'))).toEqual([]);
  });
});

/** A signer who means harm, or whose machine was broken into: chunks and manifest fit together, the catalogue is hostile. */
async function hostileImage(catalogue: string, over: Partial<ImageManifest['root']> = {}): Promise<ImageDigest> {
  const write = async (bytes: Uint8Array) => {
    await files.chunks.write(sha256(bytes), bytes);
    return { digest: sha256(bytes), sizeBytes: bytes.length };
  };
  const lines = await write(Buffer.from(catalogue));
  const content = await write(Buffer.from('owned'));
  const list = await write(renderChunks([lines, content]));
  const root = {
    entriesCount: 3,
    catalogueBytes: lines.sizeBytes,
    contentBytes: 5,
    catalogueChunks: 1,
    contentChunks: 1,
  };
  return files.put(
    Buffer.from(renderManifest({ ...WORDS, root: { ...root, ...over }, boot: undefined, index: [list] })),
    [],
  );
}

const owned = { uid: 0, gid: 0, mode: 0o755, mtimeS: 0, xattrs: [] };
const TOP = renderEntry({ kind: 'directory', path: '.', ...owned });
const lines = (...entries: readonly CatalogueEntry[]): string => TOP + entries.map(renderEntry).join('');
const file = (path: string): CatalogueEntry => ({ kind: 'file', path, sizeBytes: 5, ...owned });
const link = (path: string, target: string): CatalogueEntry => ({ kind: 'symlink', path, target, ...owned });

describe('T-44 a hostile image is refused before anything is written', () => {
  test.for<[string, string]>([
    ['a path that goes up', lines(file('../victim/file'))],
    ['an absolute path', lines(file('/etc/cron.d/evil'))],
    ['a link, then a file through it', lines(link('a', '../victim'), file('a/file'))],
    ['a link, then a file of its name', lines(link('a', '../victim/file'), file('a'))],
    ['a device node', `${TOP}c 666 0 0 0 1 8 dev/mem\n`],
    ['more content than there is', lines(file('a'), file('b'))],
    ['no UTF-8', `${TOP}f 644 0 0 0 5 \u{fffd}`.replace('\u{fffd}', '\\')],
  ])('%s', async ([, catalogue]) => {
    mkdirSync(join(dir, 'victim'));
    const image = await hostileImage(catalogue);
    const target = into('out');
    await expect(materialise(image, target, ports())).rejects.toThrow();
    expect(readdirSync(join(dir, 'out'))).toEqual([]);
    expect(readdirSync(join(dir, 'victim'))).toEqual([]);
  });

  test('T-45 sizes that its chunks do not have', async () => {
    await expect(hostileImage(lines(file('a')), { contentBytes: 2 ** 50 })).rejects.toThrow(/belong together/);
  });
});
