import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reach } from '../../agent/kit/host/image-link.js';
import { makeGrpcImageLink } from '../../agent/kit/host/node/image-link.js';
import { siteId } from '../../proto/contract/ids.js';
import { renderChunks } from '../../proto/contract/images/chunk-list.js';
import { digestOf } from '../../proto/contract/images/digest.js';
import type { Chunk } from '../../proto/contract/images/manifest.js';
import { renderManifest } from '../../proto/contract/images/manifest-text.js';
import { type TestNode, TrustRig } from '../../test/system/trust-rig.js';
import { systemClock, systemTimers } from '../system.js';
import { ImagePlaces } from '../usecases/images/image-places.js';
import { Images } from '../usecases/images/images.js';
import { MemoryShelf } from '../usecases/testing/memory-shelf.js';
import { type RpcServer, startRpcServer } from './server.js';

const link = makeGrpcImageLink();
const never = new AbortController().signal;
/** Bytes that do not shrink; others for each size. */
const noise = (size: number): Buffer => createHash('shake256', { outputLength: size }).update(`${size}`).digest();
let rig: TrustRig;
let server: RpcServer;
let shelf: MemoryShelf;
let places: ImagePlaces;

beforeEach(async () => {
  rig = await TrustRig.start();
  const { identities, authority, core, enrollments, renewals, store } = rig;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  shelf = new MemoryShelf();
  places = new ImagePlaces(systemClock);
  const images = new Images({ shelf, places, store, trust: authority.trust, world: { clock: systemClock } });
  server = await startRpcServer({
    ...{ identity: authority, gate: core.gate, enrollments, renewals, identities },
    uploads: { open: () => Promise.reject(new Error('none')) },
    images: { images, places },
    listen: { linkHost: '127.0.0.1', linkPort: 0, enrolHost: '127.0.0.1', enrolPort: 0 },
    ...{ clock: systemClock, timers: systemTimers, log },
  });
});
afterEach(async () => {
  await server.close(0);
  await rig.stop();
});

const reachOf = ({ identity }: TestNode): Reach => ({ tls: identity, endpoints: [`127.0.0.1:${server.linkPort}`] });

async function store(bytes: Buffer): Promise<Chunk> {
  const digest = digestOf(rig.authority.trust.sha256(bytes));
  await shelf.writeChunk(digest, bytes);
  return { digest, sizeBytes: bytes.length };
}

async function publish(version: number, floor: number) {
  const list = await store(Buffer.from(renderChunks([await store(Buffer.from('x'))])));
  const root = { entriesCount: 1, catalogueBytes: 1, contentBytes: 0, catalogueChunks: 1, contentChunks: 0 };
  const words = { name: 'test', imageClass: 'pi-root', createdAtMs: 1, expiresAtMs: 2 };
  return shelf.put(renderManifest({ ...words, version, floor, root, boot: undefined, index: [list] }), ['a signature']);
}

async function fetchAll(reach: Reach, chunks: readonly Chunk[]): Promise<number> {
  let bytesCount = 0;
  for await (const { bytes } of link.fetch(reach, { image: digestOf(noise(32)), chunks }, never))
    bytesCount += bytes.length;
  return bytesCount;
}

test('images are for fileservers: no Pi and no switch is told, given or believed anything', async () => {
  const image = await publish(1, 1);
  const chunk = await store(noise(100));
  for (const kind of ['pi', 'switch'] as const) {
    const reach = reachOf(await rig.enrolNode(kind));
    const refused = { code: 'permission-denied' };
    await expect(link.describe(reach, image, never)).rejects.toMatchObject(refused);
    await expect(fetchAll(reach, [chunk])).rejects.toMatchObject(refused);
    await expect(link.tell(reach, [], never)).rejects.toMatchObject(refused);
  }
});

test('an image is described with the controller’s word, which knows the highest floor of its class', async () => {
  const image = await publish(3, 1);
  await publish(4, 2);
  const reach = reachOf(await rig.enrolNode('fileserver'));
  const { manifest, signatures, freshness } = await link.describe(reach, image, never);
  expect(digestOf(rig.authority.trust.sha256(manifest))).toBe(image);
  expect(signatures).toEqual(['a signature']);
  expect(JSON.parse(freshness?.text ?? '')).toMatchObject({ image, floor: 2, newestVersion: 4 });
  const key = rig.authority.trust.commandKeys.find(({ keyId }) => keyId === freshness?.keyId);
  const signed = Buffer.from(`bramble-freshness-v1\0${freshness?.text}`);
  expect(rig.authority.trust.verify(key?.spkiDer ?? signed, signed, freshness?.signature ?? signed)).toBe(true);
  await expect(link.describe(reach, digestOf(noise(32)), never)).rejects.toMatchObject({ code: 'not-found' });
});

test('chunks arrive as they are, packed or not, and are charged to the site by what was sent', async () => {
  const reach = reachOf(await rig.enrolNode('fileserver'));
  const chunks = [await store(noise(150_000)), await store(Buffer.alloc(190_000, 'text ')), await store(noise(1))];
  expect(await fetchAll(reach, chunks)).toBe(340_001);
  const sent = places.sentBytes().get(siteId('lab')) ?? 0;
  expect(sent).toBeGreaterThan(150_000);
  expect(sent).toBeLessThan(155_000);
});

test('what is not here, too much at once, and another size than was asked for are refused', async () => {
  const reach = reachOf(await rig.enrolNode('fileserver'));
  const chunk = await store(noise(1_000));
  const absent = { digest: digestOf(noise(32)), sizeBytes: 1 };
  await expect(fetchAll(reach, [absent])).rejects.toMatchObject({ code: 'not-found' });
  await expect(
    fetchAll(
      reach,
      Array.from({ length: 513 }, () => chunk),
    ),
  ).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(fetchAll(reach, [{ ...chunk, sizeBytes: 999 }])).rejects.toMatchObject({ code: 'data-loss' });
  const packed = await store(Buffer.alloc(100_000));
  await expect(fetchAll(reach, [{ ...packed, sizeBytes: 99_999 }])).rejects.toMatchObject({ code: 'data-loss' });
});

test('a fileserver says where images are, and what it said before is forgotten', async () => {
  const node = await rig.enrolNode('fileserver');
  const [one, two] = [digestOf(noise(32)), digestOf(Buffer.alloc(32))];
  const at = { doneBytes: 1, totalBytes: 2, detail: '' };
  await link.tell(reachOf(node), [{ image: one, progress: 'pulling', ...at }], never);
  expect(places.of(one)).toMatchObject([{ site: 'lab', progress: 'pulling', doneBytes: 1, totalBytes: 2 }]);
  await link.tell(reachOf(node), [{ image: two, progress: 'held', ...at }], never);
  expect(places.of(one)).toEqual([]);
  expect(places.of(two)).toMatchObject([{ progress: 'held' }]);
});
