import type { DescribedImage, ImageLink, Reach } from '../../agent/kit/host/image-link.js';
import type { ImageFiles } from '../../proto/chunks/image-files.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Digest, ImageDigest } from '../../proto/contract/images/digest.js';
import type { Chunk, ImageManifest } from '../../proto/contract/images/manifest.js';
import { renderStamp, type SiteTrust } from './site-trust.js';

export interface PullerPorts {
  readonly files: ImageFiles;
  readonly link: ImageLink;
  readonly trust: Pick<SiteTrust, 'checkSigned' | 'check' | 'verdict'>;
  readonly sha256: (bytes: Uint8Array) => Digest;
  /** Remembers a floor that was signed; a lower one changes nothing. */
  raiseFloor(imageClass: string, floor: number): Promise<void>;
  /** Lets others have their turn. */
  turn(signal: AbortSignal): Promise<void>;
}

export interface PullProgress {
  /** Of what has to be fetched, bytes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface PullOptions {
  readonly reach: Reach;
  /** Read what is here already, and fetch anew what is damaged. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PullProgress) => void;
}

/** In one call. */
const FETCH_CHUNKS_MAX = 256;
const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const CHUNKS_PER_TURN = 16;

/**
 * Brings an image here: signatures first, then what of its chunks is not here. What was fetched before it was cut off is not fetched again.
 * @throws BrambleError `failed-precondition` (it may not be used here, details.reason says why), `data-loss`, `not-found` (the controller
 * has no such image), `unavailable`, `resource-exhausted` (no space), `cancelled`
 */
export async function pullImage(image: ImageDigest, options: PullOptions, ports: PullerPorts): Promise<void> {
  const { reach, signal } = options;
  const { files, link } = ports;
  const described = await link.describe(reach, image, signal);
  const manifest = await checkDescribed(image, described, ports);
  const letGoOfList = await files.pin(manifest.index);
  try {
    const progress = { doneBytes: 0, totalBytes: 0 };
    await fetchMissing(image, manifest.index, { progress, ...options }, ports);
    const chunks = files.chunksOf(manifest);
    const letGo = await files.pin(chunks);
    try {
      await fetchMissing(image, chunks, { progress, ...options }, ports);
      await files.put(described.manifest, described.signatures);
    } finally {
      letGo();
    }
    await keepFreshness(image, described, ports);
  } finally {
    letGoOfList();
  }
}

/** The controller's newest word on an image that is here, and the signatures that it has now. */
export async function refreshImage(
  image: ImageDigest,
  { reach, signal }: Pick<PullOptions, 'reach' | 'signal'>,
  ports: PullerPorts,
): Promise<void> {
  const described = await ports.link.describe(reach, image, signal);
  const manifest = await ports.trust.checkSigned(described.manifest, described.signatures);
  await ports.raiseFloor(manifest.imageClass, manifest.floor);
  if (ports.sha256(described.manifest) !== image)
    throw new BrambleError('data-loss', 'the controller answers with another image');
  await ports.files.writeSignatures(image, described.signatures);
  await keepFreshness(image, described, ports);
}

async function checkDescribed(
  image: ImageDigest,
  described: DescribedImage,
  ports: PullerPorts,
): Promise<ImageManifest> {
  const { manifest: bytes, signatures, freshness } = described;
  if (ports.sha256(bytes) !== image) throw new BrambleError('data-loss', 'the controller answers with another image');
  const manifest = await ports.trust.checkSigned(bytes, signatures);
  await ports.raiseFloor(manifest.imageClass, manifest.floor);
  const stamp = freshness === undefined ? undefined : ports.trust.check(freshness);
  const verdict = await ports.trust.verdict(image, manifest, stamp);
  if (verdict.kind === 'usable') return manifest;
  throw new BrambleError('failed-precondition', `image ${image.slice(0, 12)} may not be used here: ${verdict.detail}`, {
    details: { reason: verdict.reason },
  });
}

async function keepFreshness(
  image: ImageDigest,
  { freshness }: DescribedImage,
  { files, trust }: PullerPorts,
): Promise<void> {
  // What somebody else signed must not take the place of what the controller said before.
  if (freshness !== undefined && trust.check(freshness)?.image === image)
    await files.writeFreshness(image, renderStamp(freshness));
}

interface Fetching extends PullOptions {
  readonly progress: { doneBytes: number; totalBytes: number };
}

async function fetchMissing(
  image: ImageDigest,
  chunks: readonly Chunk[],
  fetching: Fetching,
  ports: PullerPorts,
): Promise<void> {
  const { progress, onProgress, reach, signal } = fetching;
  if (fetching.verify) await removeDamaged(chunks, signal, ports);
  const missing = await ports.files.missing(chunks);
  progress.totalBytes += missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  onProgress({ ...progress });
  for (const batch of batchesOf(missing)) {
    for await (const { digest, bytes } of ports.link.fetch(reach, { image, chunks: batch }, signal)) {
      await ports.files.chunks.write(digest, bytes);
      progress.doneBytes += bytes.length;
      onProgress({ ...progress });
    }
  }
}

async function removeDamaged(
  chunks: readonly Chunk[],
  signal: AbortSignal,
  { files, turn }: PullerPorts,
): Promise<void> {
  for (const [at, { digest }] of chunks.entries()) {
    if (at % CHUNKS_PER_TURN === 0) await turn(signal);
    try {
      files.chunks.read(digest);
    } catch (thrown) {
      const { code } = BrambleError.from(thrown);
      if (code !== 'data-loss' && code !== 'not-found') throw thrown;
      await files.chunks.remove(digest);
    }
  }
}

function* batchesOf(chunks: readonly Chunk[]): Generator<readonly Chunk[]> {
  let batch: Chunk[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (batch.length === FETCH_CHUNKS_MAX || bytes + chunk.sizeBytes > FETCH_BYTES_MAX) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(chunk);
    bytes += chunk.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}
