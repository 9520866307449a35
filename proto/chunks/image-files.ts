import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../contract/errors.js';
import { divideChunks, parseChunks } from '../contract/images/chunk-list.js';
import { type Digest, digest, type ImageDigest } from '../contract/images/digest.js';
import type { Chunk, ImageManifest } from '../contract/images/manifest.js';
import { MANIFEST_BYTES_MAX, parseManifest } from '../contract/images/manifest-text.js';
import { ChunkFiles, sha256 } from './chunk-files.js';
import { syncFilesystem, syncFolder, writeDurably } from './durable.js';
import { errnoOf, storageFailure } from './storage-failure.js';

const HOLDER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const NEW = '.new-';
const GONE = '.gone-';

/**
 * Images of one store: <dir>/chunks, and for each image that is here whole a folder <dir>/images/<digest> with its manifest, its
 * signatures and the names of those who hold it. An image appears by one rename, after all of its chunks are on storage.
 */
export class ImageFiles {
  readonly chunks: ChunkFiles;
  readonly #dir: string;
  readonly #pinned = new Map<symbol, ReadonlySet<Digest>>();
  #sweeping: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
    this.chunks = new ChunkFiles(join(dir, 'chunks'));
  }

  /** Those that are here whole, in order of their digests. */
  async list(): Promise<readonly ImageDigest[]> {
    const names = await readdir(join(this.#dir, 'images')).catch(noneWhenAbsent);
    return names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .toSorted()
      .map(digest);
  }

  /** Unchecked but for its size. `undefined`: not here. */
  async readManifest(image: ImageDigest): Promise<Uint8Array | undefined> {
    return this.#read(image, 'manifest');
  }

  async readSignatures(image: ImageDigest): Promise<readonly string[]> {
    const text = await this.#read(image, 'signatures');
    return text === undefined ? [] : splitSignatures(Buffer.from(text).toString('utf8'));
  }

  /** What the controller last said about it, as it was written. `undefined`: nothing yet. */
  async readFreshness(image: ImageDigest): Promise<string | undefined> {
    const text = await this.#read(image, 'freshness');
    return text === undefined ? undefined : Buffer.from(text).toString('utf8');
  }

  async writeFreshness(image: ImageDigest, text: string): Promise<void> {
    await writeDurably(join(this.#folder(image), 'freshness'), text);
  }

  /** Replaces all of them. @throws BrambleError `not-found` */
  async writeSignatures(image: ImageDigest, signatures: readonly string[]): Promise<void> {
    if ((await this.readManifest(image)) === undefined)
      throw new BrambleError('not-found', `image ${image} is not here`);
    await writeDurably(join(this.#folder(image), 'signatures'), joinSignatures(signatures));
  }

  /**
   * All chunks that belong to an image, those of its list first. They must be here as far as the list itself.
   * @throws BrambleError `data-loss`, `not-found`
   */
  chunksOf(manifest: ImageManifest): readonly Chunk[] {
    const all = manifest.index.flatMap((piece) => parseChunks(this.chunks.read(piece.digest)));
    divideChunks(manifest, all); // only to see that they fit together
    return [...manifest.index, ...all];
  }

  /** Those of `chunks` that are not here, each once. */
  async missing(chunks: readonly Chunk[]): Promise<readonly Chunk[]> {
    const once = new Map(chunks.map((chunk) => [chunk.digest, chunk] as const));
    const missing: Chunk[] = [];
    for (const chunk of once.values()) if (!(await this.chunks.has(chunk.digest, chunk.sizeBytes))) missing.push(chunk);
    return missing;
  }

  /**
   * Makes an image of chunks that are here. Nothing happens when it is an image already, but for its signatures.
   * @throws BrambleError `failed-precondition` when chunks are missing, `data-loss`
   */
  async put(manifestBytes: Uint8Array, signatures: readonly string[]): Promise<ImageDigest> {
    const image = sha256(manifestBytes);
    const manifest = parseManifest(Buffer.from(manifestBytes).toString('utf8'));
    const missing = await this.missing(this.chunksOf(manifest));
    if (missing.length > 0) {
      throw new BrambleError('failed-precondition', `${missing.length} chunks of image ${image} are not here`);
    }
    if ((await this.readManifest(image)) !== undefined) {
      await this.writeSignatures(image, signatures);
      return image;
    }
    await syncFilesystem(this.#dir);
    const images = join(this.#dir, 'images');
    const fresh = join(images, `${NEW}${image}`);
    await rm(fresh, { recursive: true, force: true });
    await writeDurably(join(fresh, 'manifest'), manifestBytes);
    await writeDurably(join(fresh, 'signatures'), joinSignatures(signatures));
    await rename(fresh, this.#folder(image));
    await syncFolder(images);
    return image;
  }

  /** @throws BrambleError `not-found`, `failed-precondition` when somebody holds it */
  async remove(image: ImageDigest): Promise<void> {
    const holders = await this.holders(image);
    if (holders.length > 0) {
      throw new BrambleError('failed-precondition', `image ${image} is in use by ${holders.join(', ')}`, {
        hint: 'remove the roots that were made of it first',
      });
    }
    const gone = join(this.#dir, 'images', `${GONE}${image}`);
    try {
      await rm(gone, { recursive: true, force: true });
      await rename(this.#folder(image), gone); // one step: it is an image, or none
      await syncFolder(join(this.#dir, 'images'));
      await rm(gone, { recursive: true, force: true });
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') throw new BrambleError('not-found', `image ${image} is not here`);
      throw storageFailure(thrown, `removing image ${image}`);
    }
  }

  async holders(image: ImageDigest): Promise<readonly string[]> {
    const names = await readdir(join(this.#folder(image), 'holders')).catch(noneWhenAbsent);
    return names.filter((name) => HOLDER.test(name)).toSorted();
  }

  /** On storage when it resolves. @throws BrambleError `not-found`, `invalid-argument` for a holder that is no plain name */
  async hold(image: ImageDigest, holder: string): Promise<void> {
    if (!HOLDER.test(holder)) throw new BrambleError('invalid-argument', 'who holds an image has a plain name');
    if ((await this.readManifest(image)) === undefined)
      throw new BrambleError('not-found', `image ${image} is not here`);
    await writeDurably(join(this.#folder(image), 'holders', holder), '');
    await syncFolder(this.#folder(image));
  }

  /** No error when it was not held. */
  async release(image: ImageDigest, holder: string): Promise<void> {
    if (!HOLDER.test(holder)) return;
    await rm(join(this.#folder(image), 'holders', holder), { force: true });
  }

  /** Keeps chunks from being swept while somebody gathers an image. Waits for a sweep that runs. Call the answer to let go. */
  async pin(chunks: readonly Chunk[]): Promise<() => void> {
    await this.#sweeping;
    const key = Symbol('pin');
    this.#pinned.set(key, new Set(chunks.map((chunk) => chunk.digest)));
    return () => {
      this.#pinned.delete(key);
    };
  }

  /**
   * Removes chunks that belong to no image here, are not pinned, and were written before `olderThanMs`: what is newer may belong to an
   * image that arrives, or went on arriving before a restart.
   */
  async sweep(olderThanMs: number): Promise<{ readonly removedCount: number; readonly freedBytes: number }> {
    const run = this.#sweeping.then(() => this.#sweepNow(olderThanMs));
    this.#sweeping = run.catch(() => undefined); // told to this caller; the next begins anew
    return run;
  }

  async #sweepNow(olderThanMs: number): Promise<{ readonly removedCount: number; readonly freedBytes: number }> {
    const used = new Set<Digest>();
    for (const image of await this.list()) {
      const bytes = await this.readManifest(image);
      if (bytes === undefined) continue;
      // A store with an image that cannot be read is not swept: nobody knows what it needs.
      for (const { digest: of } of this.chunksOf(parseManifest(Buffer.from(bytes).toString('utf8')))) used.add(of);
    }
    const pins = [...this.#pinned.values()];
    return this.chunks.sweep((of) => used.has(of) || pins.some((pin) => pin.has(of)), olderThanMs);
  }

  async #read(image: ImageDigest, name: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(join(this.#folder(image), name));
      if (bytes.length > MANIFEST_BYTES_MAX)
        throw new BrambleError('data-loss', `the ${name} of image ${image} is too large`);
      return bytes;
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return undefined;
      throw storageFailure(thrown, `reading the ${name} of image ${image}`);
    }
  }

  #folder(image: ImageDigest): string {
    return join(this.#dir, 'images', image);
  }
}

function joinSignatures(signatures: readonly string[]): string {
  return signatures.map((each) => `${each.trimEnd()}\n`).join('');
}

/** Signatures follow one another, each beginning with its untrusted comment. */
function splitSignatures(text: string): readonly string[] {
  return text.split(/^(?=untrusted comment: )/m).filter((each) => each.trim() !== '');
}

function noneWhenAbsent(thrown: unknown): readonly string[] {
  if (errnoOf(thrown) === 'ENOENT') return [];
  throw storageFailure(thrown, 'reading a store of images');
}
