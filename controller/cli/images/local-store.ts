import { sha256 } from '../../../proto/chunks/chunk-files.js';
import { ImageFiles } from '../../../proto/chunks/image-files.js';
import { CHUNKS_ASKED_MAX, CHUNKS_PUT_BASE64_MAX } from '../../../proto/contract/api/images.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { ImageDigest } from '../../../proto/contract/images/digest.js';
import type { Chunk, ImageManifest } from '../../../proto/contract/images/manifest.js';
import { parseManifest, renderManifest } from '../../../proto/contract/images/manifest-text.js';
import type { MinisignSecretKey } from '../../../proto/contract/images/secret-key.js';
import type { ImageApi } from '../image-api.js';
import { buildImage, type ImageWords } from './build-image.js';
import { signBytes } from './keys.js';
import type { ImageSource } from './sources.js';

export interface LocalImage {
  readonly image: ImageDigest;
  readonly manifest: ImageManifest;
  readonly signatures: readonly string[];
}

export interface ByteProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Images on the machine of whoever makes them: imported, signed, and pushed from here. */
export class LocalImages {
  readonly #files: ImageFiles;
  readonly #dir: string;

  constructor(dir: string) {
    this.#files = new ImageFiles(dir);
    this.#dir = dir;
  }

  async import(
    { root, boot }: ImageSource,
    words: ImageWords,
    options: { readonly keysAllowed: readonly string[]; readonly onProgress: (progress: ByteProgress) => void },
  ): Promise<LocalImage> {
    const { chunks } = this.#files;
    const sink = {
      digestOf: sha256,
      write: async (of: ImageDigest, bytes: Uint8Array) => {
        if (!(await chunks.has(of, bytes.length))) await chunks.write(of, bytes);
      },
    };
    const manifest = await buildImage({ ...options, words, root, boot, sink });
    const image = await this.#files.put(Buffer.from(renderManifest(manifest)), []);
    return { image, manifest, signatures: [] };
  }

  async list(): Promise<readonly LocalImage[]> {
    return Promise.all((await this.#files.list()).map((image) => this.#read(image)));
  }

  /** By the start of its digest, or by its name. @throws BrambleError `not-found`, `invalid-argument` when there are more than one */
  async find(named: string): Promise<LocalImage> {
    return pickImage(await this.list(), named, `in ${this.#dir}; --store names another folder`);
  }

  /** Beside the signatures that it has; one by the same key takes the place of the one before. */
  async sign(named: string, key: MinisignSecretKey): Promise<LocalImage> {
    const { image, manifest, signatures } = await this.find(named);
    const bytes = Buffer.from(renderManifest(manifest));
    const made = signBytes(key, bytes, `${manifest.imageClass} version ${manifest.version} ${manifest.name}`);
    const others = signatures.filter(
      (text) => !text.startsWith(`untrusted comment: signature from key ${key.keyId}\n`),
    );
    const all = [...others, made];
    await this.#files.writeSignatures(image, all);
    return { image, manifest, signatures: all };
  }

  /** What of it the controller does not have, then the image itself. Begun again, it goes on where it was cut off. */
  async push(
    { image, manifest, signatures }: LocalImage,
    api: ImageApi,
    { reason, onProgress }: { readonly reason: string; readonly onProgress: (progress: ByteProgress) => void },
  ): Promise<{ readonly sentBytes: number }> {
    if (signatures.length === 0) {
      throw new BrambleError('failed-precondition', `image ${image} has no signature: no fileserver would use it`, {
        hint: `bramble image sign ${image.slice(0, 12)} --key FILE`,
      });
    }
    const missing = await this.#missingThere(this.#files.chunksOf(manifest), api);
    const totalBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let doneBytes = 0;
    for (const batch of bodiesOf(missing)) {
      await api.putChunks(batch.map(({ digest }) => this.#files.chunks.read(digest)));
      doneBytes += batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      onProgress({ doneBytes, totalBytes });
    }
    await api.publish({ manifest: renderManifest(manifest), signatures: [...signatures], reason });
    return { sentBytes: doneBytes };
  }

  async #missingThere(chunks: readonly Chunk[], api: ImageApi): Promise<readonly Chunk[]> {
    const once = new Map<string, Chunk>(chunks.map((chunk) => [chunk.digest, chunk]));
    const digests = [...once.keys()];
    const missing: Chunk[] = [];
    for (let at = 0; at < digests.length; at += CHUNKS_ASKED_MAX) {
      for (const digest of await api.missingChunks(digests.slice(at, at + CHUNKS_ASKED_MAX))) {
        const chunk = once.get(digest);
        if (chunk !== undefined) missing.push(chunk);
      }
    }
    return missing;
  }

  async #read(image: ImageDigest): Promise<LocalImage> {
    const bytes = await this.#files.readManifest(image);
    if (bytes === undefined) throw new BrambleError('not-found', `image ${image} has gone meanwhile`);
    const manifest = parseManifest(Buffer.from(bytes).toString('utf8'));
    return { image, manifest, signatures: await this.#files.readSignatures(image) };
  }
}

interface Named {
  readonly image: string;
  readonly name?: string;
  readonly manifest?: ImageManifest;
}

/** @throws BrambleError `not-found`, `invalid-argument` */
export function pickImage<T extends Named>(images: readonly T[], named: string, where: string): T {
  const byDigest = /^[0-9a-f]{6,64}$/.test(named) ? images.filter(({ image }) => image.startsWith(named)) : [];
  const found =
    byDigest.length > 0 ? byDigest : images.filter(({ name, manifest }) => (name ?? manifest?.name) === named);
  const [only] = found;
  if (only === undefined) {
    throw new BrambleError('not-found', `there is no image ${named} ${where}`, {
      hint: 'bramble image list shows what there is',
    });
  }
  if (found.length === 1) return only;
  throw new BrambleError('invalid-argument', `${found.length} images are called ${named}`, {
    hint: 'give the first digits of its digest; bramble image list shows them',
  });
}

/** So many chunks as one request carries. */
function* bodiesOf(chunks: readonly Chunk[]): Generator<readonly Chunk[]> {
  const bytesMax = (CHUNKS_PUT_BASE64_MAX / 4) * 3 - 4_096;
  let body: Chunk[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes + chunk.sizeBytes > bytesMax && body.length > 0) {
      yield body;
      body = [];
      bytes = 0;
    }
    body.push(chunk);
    bytes += chunk.sizeBytes + 8;
  }
  if (body.length > 0) yield body;
}
