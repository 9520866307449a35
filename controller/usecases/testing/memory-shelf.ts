import { createHash } from 'node:crypto';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type Digest, digestOf, type ImageDigest } from '../../../proto/contract/images/digest.js';
import { parseManifest } from '../../../proto/contract/images/manifest-text.js';
import type { ImageShelf } from '../images/images.js';

/** Images in memory. Of a published image only the pieces of its list must be there. */
export class MemoryShelf implements ImageShelf {
  readonly #chunks = new Map<Digest, Uint8Array>();
  readonly #images = new Map<ImageDigest, { readonly manifest: string; readonly signatures: readonly string[] }>();

  async list(): Promise<readonly ImageDigest[]> {
    return [...this.#images.keys()].toSorted();
  }

  async readManifest(image: ImageDigest): Promise<string | undefined> {
    return this.#images.get(image)?.manifest;
  }

  async readSignatures(image: ImageDigest): Promise<readonly string[]> {
    return this.#images.get(image)?.signatures ?? [];
  }

  async hasChunk(of: Digest): Promise<boolean> {
    return this.#chunks.has(of);
  }

  async writeChunk(of: Digest, bytes: Uint8Array): Promise<void> {
    this.#chunks.set(of, bytes);
  }

  readChunk(of: Digest): Uint8Array {
    const bytes = this.#chunks.get(of);
    if (bytes === undefined) throw new BrambleError('not-found', `chunk ${of} is not here`);
    return bytes;
  }

  async put(manifest: string, signatures: readonly string[]): Promise<ImageDigest> {
    for (const { digest } of parseManifest(manifest).index) {
      if (!this.#chunks.has(digest)) throw new BrambleError('failed-precondition', 'chunks are missing');
    }
    const image = digestOf(createHash('sha256').update(manifest).digest());
    this.#images.set(image, { manifest, signatures });
    return image;
  }

  async remove(image: ImageDigest): Promise<void> {
    if (!this.#images.delete(image)) throw new BrambleError('not-found', `image ${image} is not here`);
  }
}
