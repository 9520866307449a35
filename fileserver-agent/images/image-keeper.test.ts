import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DescribedImage, ImageLink, ImageStanding } from '../../agent/kit/host/image-link.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeNodeSignatureCheck } from '../../agent/kit/host/node/image-crypto.js';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import { buildImage } from '../../controller/cli/images/build-image.js';
import { signBytes } from '../../controller/cli/images/keys.js';
import type { SourceTree } from '../../controller/cli/images/tree.js';
import { sha256 } from '../../proto/chunks/chunk-files.js';
import { ImageFiles } from '../../proto/chunks/image-files.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ImageDigest } from '../../proto/contract/images/digest.js';
import { FRESHNESS_DOMAIN, renderFreshness } from '../../proto/contract/images/freshness.js';
import { parseManifest, renderManifest } from '../../proto/contract/images/manifest-text.js';
import { renderPublicKey } from '../../proto/contract/images/minisign.js';
import { makeSiteImages, type SiteImages } from './site-images.js';

/** Before any file of this test was written: nothing is old enough to be swept. */
const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const KEY_ID = 'AAAABBBBCCCCDDDD';
const never = new AbortController().signal;

/** Time that only moves when told. */
class Time {
  atMs = 0;
  readonly nowMs = (): number => NOW + this.atMs;
  readonly monotonicMs = (): number => this.atMs;
  readonly sleep = (): Promise<void> => Promise.resolve();
}

const keyOf = (): { readonly seed: Uint8Array; readonly publicKey: Uint8Array } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    seed: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(16),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(12),
  };
};
const maker = keyOf();
const stranger = keyOf();
const controller = generateKeyPairSync('ed25519');

let dir = '';
let origin: ImageFiles;
let here: ImageFiles;
let time: Time;
let link: FakeLink;
let site: SiteImages;

/** The controller, whose answers tests bend. */
class FakeLink implements ImageLink {
  readonly told: ImageStanding[][] = [];
  fetchedCount = 0;
  /** Ends each fetch after so many chunks. */
  chunksPerFetch = Infinity;
  bend: (described: DescribedImage) => DescribedImage = (described) => described;
  bendChunk: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  key: KeyObject = controller.privateKey;
  issuedAtMs = NOW;
  floor = 1;

  async describe(_: unknown, image: ImageDigest): Promise<DescribedImage> {
    const manifest = await origin.readManifest(image);
    if (manifest === undefined) throw new BrambleError('not-found', 'the controller has no such image');
    const { imageClass } = parseManifest(Buffer.from(manifest).toString());
    const word = {
      image,
      imageClass,
      floor: this.floor,
      newestVersion: 9,
      issuedAtMs: this.issuedAtMs,
      validForMs: 7 * DAY_MS,
    };
    const text = renderFreshness(word);
    const signature = sign(null, Buffer.from(FRESHNESS_DOMAIN + text), this.key);
    return this.bend({
      manifest,
      signatures: await origin.readSignatures(image),
      freshness: { text, keyId: 'k1', signature },
    });
  }

  async *fetch(_: unknown, { chunks }: Parameters<ImageLink['fetch']>[1]): ReturnType<ImageLink['fetch']> {
    for (const [at, { digest }] of chunks.entries()) {
      if (at >= this.chunksPerFetch) throw new BrambleError('unavailable', 'the connection broke');
      this.fetchedCount += 1;
      yield { digest, bytes: this.bendChunk(origin.chunks.read(digest)) };
    }
  }

  tell(_: unknown, standings: readonly ImageStanding[]): Promise<void> {
    this.told.push([...standings]);
    return Promise.resolve();
  }
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-keeper-'));
  origin = new ImageFiles(join(dir, 'origin'));
  here = new ImageFiles(join(dir, 'here'));
  time = new Time();
  link = new FakeLink();
  trust({});
  site = open();
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function trust(over: Readonly<Record<string, unknown>>): void {
  const trustedKeys = [renderPublicKey({ keyId: KEY_ID, publicKey: maker.publicKey })];
  writeFileSync(join(dir, 'policy.json'), JSON.stringify({ trustedKeys, ...over }));
}

/** As after a restart. */
function open(): SiteImages {
  const made = makeSiteImages({
    dir: join(dir, 'here'),
    images: here,
    files: makeNodeFiles(),
    link,
    check: makeNodeSignatureCheck(),
    keys: makeNodeKeys(),
    clock: time,
    policyPath: join(dir, 'policy.json'),
  });
  const spkiDer = controller.publicKey.export({ format: 'der', type: 'spki' });
  made.connect({
    controllerOffsetMs: () => 0,
    reach: () => ({
      tls: { certificateChainPem: '', privateKeyPem: '', trustRootsPem: '', clockFloorMs: 0 },
      endpoints: ['controller:1'],
      commandKeys: [{ keyId: 'k1', spkiDer }],
    }),
  });
  return made;
}

interface Made {
  readonly version?: number;
  readonly floor?: number;
  readonly expiresAtMs?: number;
  readonly by?: typeof maker;
}

/** An image of a dozen chunks on the controller. */
async function make({
  version = 1,
  floor = 1,
  expiresAtMs = NOW + DAY_MS,
  by = maker,
}: Made = {}): Promise<ImageDigest> {
  const owned = { uid: 0, gid: 0, mode: 0o755, mtimeS: 0, xattrs: [] };
  const files = Array.from({ length: 12 }, (_, at) => ({
    ...owned,
    kind: 'file' as const,
    path: `f${at}`,
    sizeBytes: 70_000,
  }));
  const root: SourceTree = {
    entries: [{ ...owned, kind: 'directory', path: '.' }, ...files],
    leftOut: [],
    read: async function* ({ path }) {
      yield Buffer.alloc(70_000, `${path} of version ${path === 'f7' ? version : 0} `);
    },
  };
  const words = { name: 'test', imageClass: 'pi-root', version, floor, createdAtMs: NOW, expiresAtMs };
  const sink = { digestOf: sha256, write: (of: ImageDigest, bytes: Uint8Array) => origin.chunks.write(of, bytes) };
  const manifest = Buffer.from(
    renderManifest(await buildImage({ words, root, boot: undefined, keysAllowed: [], sink })),
  );
  return origin.put(manifest, [signBytes({ keyId: KEY_ID, ...by }, manifest, 'test')]);
}

async function pull(image: ImageDigest): Promise<ImageStanding | undefined> {
  await site.keeper.want(image);
  await site.keeper.look(undefined, never);
  return link.told.at(-1)?.find((each) => each.image === image);
}

test('an image comes whole, is told to be held, and may be used', async () => {
  const image = await make();
  expect(await pull(image)).toMatchObject({ progress: 'held' });
  expect(await site.keeper.find(image)).toMatchObject({ verdict: { kind: 'usable' }, holders: [] });
});

test('a pull that was cut off goes on where it was, also in another process', async () => {
  const image = await make();
  link.chunksPerFetch = 5;
  expect(await pull(image)).toMatchObject({ progress: 'failed', detail: 'the connection broke' });
  const before = link.fetchedCount;
  site = open();
  link.chunksPerFetch = Infinity;
  await site.keeper.look(undefined, never);
  expect(link.told.at(-1)).toMatchObject([{ progress: 'held' }]);
  const total = new Set(
    origin
      .chunksOf(parseManifest(Buffer.from((await here.readManifest(image)) ?? '').toString()))
      .map(({ digest }) => digest),
  );
  expect(before).toBe(6);
  expect(link.fetchedCount).toBe(total.size);
});

test('after a failure it waits longer and longer, and tries again by itself', async () => {
  const image = await make();
  link.chunksPerFetch = 0;
  await pull(image);
  const looks = async (ms: number): Promise<number> => {
    time.atMs += ms;
    const before = link.fetchedCount;
    link.chunksPerFetch = 1;
    await site.keeper.look(undefined, never);
    return link.fetchedCount - before;
  };
  expect(await looks(9_999)).toBe(0);
  expect(await looks(1)).toBeGreaterThan(0);
  expect(await looks(19_999)).toBe(0);
  expect(await looks(1)).toBeGreaterThan(0);
});

test('a second version fetches what is other, and no more', async () => {
  await pull(await make());
  const before = link.fetchedCount;
  await pull(await make({ version: 2 }));
  expect(link.fetchedCount - before).toBeLessThanOrEqual(4); // one file of one or two chunks, the catalogue perhaps, the list
});

test.for<[string, Made, () => void, string]>([
  [
    'nobody has signed it',
    {},
    () => {
      link.bend = (told) => ({ ...told, signatures: [] });
    },
    'nobody has signed',
  ],
  ['a stranger has signed it in the name of a trusted key', { by: stranger }, () => undefined, 'has not signed this'],
  ['its key was revoked', {}, () => trust({ revokedKeys: [KEY_ID] }), 'was revoked'],
  ['two keys must sign here', {}, () => trust({ signaturesMin: 2 }), '1 of 2'],
  ['its class is not used here', {}, () => trust({ classes: ['pi-kiosk'] }), 'are not used here'],
  ['it has expired', { expiresAtMs: NOW }, () => undefined, 'expired'],
  [
    'the controller knows a higher floor',
    {},
    () => {
      link.floor = 5;
    },
    'below 5',
  ],
  [
    'the controller’s word is old',
    {},
    () => {
      link.issuedAtMs = NOW - 8 * DAY_MS;
    },
    'old',
  ],
  [
    'somebody else speaks for the controller',
    {},
    () => {
      link.key = generateKeyPairSync('ed25519').privateKey;
    },
    'has not said',
  ],
])('T-47: refused, and nothing of it is fetched: %s', async ([, made, bend, words]) => {
  const image = await make(made);
  bend();
  const standing = await pull(image);
  expect(standing?.progress).toBe('refused');
  expect(standing?.detail).toContain(words);
  expect([link.fetchedCount, await here.list()]).toEqual([0, []]);
});

test('T-47: once a floor was seen nothing below it comes any more, though its manifest knows nothing of that', async () => {
  await pull(await make({ version: 3, floor: 3 }));
  expect(await pull(await make({ version: 2 }))).toMatchObject({
    progress: 'refused',
    detail: expect.stringContaining('below 3'),
  });
});

test('T-47: a manifest of another image is damage, whoever signed it', async () => {
  const [image, other] = [await make(), await make({ version: 2 })];
  const manifest = await origin.readManifest(other);
  link.bend = (told) => ({ ...told, manifest: manifest ?? told.manifest });
  expect(await pull(image)).toMatchObject({ progress: 'failed', detail: expect.stringContaining('another image') });
  expect(link.fetchedCount).toBe(0);
});

test('a chunk that arrives with other bytes is not kept', async () => {
  const image = await make();
  link.bendChunk = (bytes) => Buffer.from(bytes).fill(1, 0, 1);
  expect(await pull(image)).toMatchObject({ progress: 'failed' });
  expect(await here.list()).toEqual([]);
});

test('the controller’s word runs out after a week without it; what is here stays, and is usable again with a new one', async () => {
  const image = await make({ expiresAtMs: NOW + 90 * DAY_MS });
  await pull(image);
  time.atMs = 7 * DAY_MS;
  expect(await site.keeper.find(image)).toMatchObject({ verdict: { kind: 'unusable', reason: 'stale-freshness' } });
  link.issuedAtMs = NOW + 7 * DAY_MS;
  await site.keeper.look(undefined, never);
  expect(await site.keeper.find(image)).toMatchObject({ verdict: { kind: 'usable' } });
});

test('an image is forgotten unless something was made of it', async () => {
  const image = await make();
  await pull(image);
  await site.keeper.hold(image, 'gen-1');
  await expect(site.keeper.forget(image)).rejects.toMatchObject({ code: 'failed-precondition' });
  await site.keeper.release(image, 'gen-1');
  await site.keeper.forget(image);
  await site.keeper.look(undefined, never);
  expect(await here.list()).toEqual([]);
  expect(link.told.at(-1)).toEqual([]);
});
