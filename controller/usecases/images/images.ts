import type { ImagePlaceView, ImagePublish, ImageView } from '../../../proto/contract/api/images.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { CHUNK_BYTES_MAX } from '../../../proto/contract/images/chunker.js';
import { type Digest, digest, digestOf, type ImageDigest } from '../../../proto/contract/images/digest.js';
import { FRESHNESS_VALID_MS, renderFreshness } from '../../../proto/contract/images/freshness.js';
import type { ImageManifest } from '../../../proto/contract/images/manifest.js';
import { parseManifest } from '../../../proto/contract/images/manifest-text.js';
import { parseSignature } from '../../../proto/contract/images/minisign.js';
import { visible } from '../../../proto/contract/visible.js';
import { authorise } from '../../domain/access/authorise.js';
import { assertMay, type Caller } from '../access/caller.js';
import type { Store, Trust, World } from '../ports.js';
import type { ImagePlaces } from './image-places.js';

/** Where images are kept. Bytes in and bytes out: what they mean is judged here. */
export interface ImageShelf {
  list(): Promise<readonly ImageDigest[]>;
  readManifest(image: ImageDigest): Promise<string | undefined>;
  readSignatures(image: ImageDigest): Promise<readonly string[]>;
  hasChunk(of: Digest): Promise<boolean>;
  writeChunk(of: Digest, bytes: Uint8Array): Promise<void>;
  /** @throws BrambleError `not-found`, `data-loss` */
  readChunk(of: Digest): Uint8Array;
  /** @throws BrambleError `failed-precondition` when chunks are missing */
  put(manifest: string, signatures: readonly string[]): Promise<ImageDigest>;
  /** @throws BrambleError `not-found` */
  remove(image: ImageDigest): Promise<void>;
}

export interface ImagesDeps {
  readonly shelf: ImageShelf;
  readonly places: ImagePlaces;
  readonly store: Pick<Store, 'transact'>;
  readonly trust: Pick<Trust, 'sha256' | 'signFreshness'>;
  readonly world: Pick<World, 'clock'>;
}

/** What a fileserver is told about an image. */
export interface ImageDescription {
  readonly manifest: string;
  readonly signatures: readonly string[];
  readonly freshness: { readonly text: string; readonly keyId: string; readonly signature: Uint8Array };
}

/** Images on this controller. It keeps and passes on; whose signatures count is the fileservers' own business. */
export class Images {
  readonly #deps: ImagesDeps;

  constructor(deps: ImagesDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `permission-denied` */
  async list(caller: Caller): Promise<readonly ImageView[]> {
    assertMay(caller, 'images.read');
    const { shelf } = this.#deps;
    const views: ImageView[] = [];
    for (const image of await shelf.list()) {
      const manifest = await shelf.readManifest(image);
      if (manifest !== undefined) views.push(await this.#view(image, parseManifest(manifest), caller));
    }
    return views.toSorted((a, b) =>
      a.imageClass < b.imageClass ? -1 : a.imageClass > b.imageClass ? 1 : b.version - a.version,
    );
  }

  /** @throws BrambleError `permission-denied`, `not-found` */
  async places(image: string, caller: Caller): Promise<readonly ImagePlaceView[]> {
    assertMay(caller, 'images.read');
    await this.#manifest(digest(image));
    return this.#placesFor(digest(image), caller);
  }

  /** @throws BrambleError `permission-denied` */
  async missing(chunks: readonly string[], caller: Caller): Promise<readonly Digest[]> {
    assertMay(caller, 'images.manage');
    const missing: Digest[] = [];
    for (const of of new Set(chunks.map(digest))) if (!(await this.#deps.shelf.hasChunk(of))) missing.push(of);
    return missing;
  }

  /** @throws BrambleError `permission-denied`, `invalid-argument`, and of the storage */
  async putChunks(contents: readonly Uint8Array[], caller: Caller): Promise<readonly Digest[]> {
    assertMay(caller, 'images.manage');
    const { shelf, trust } = this.#deps;
    const digests: Digest[] = [];
    for (const bytes of contents) {
      if (bytes.length < 1 || bytes.length > CHUNK_BYTES_MAX) {
        throw new BrambleError('invalid-argument', `a chunk has 1 to ${CHUNK_BYTES_MAX} bytes, not ${bytes.length}`);
      }
      const of = digestOf(trust.sha256(bytes));
      await shelf.writeChunk(of, bytes);
      digests.push(of);
    }
    return digests;
  }

  /** @throws BrambleError `permission-denied`, `data-loss` (no manifest), `invalid-argument` (no signature), `failed-precondition` */
  async publish({ manifest: text, signatures, reason }: ImagePublish, caller: Caller): Promise<ImageView> {
    assertMay(caller, 'images.manage');
    const manifest = parseManifest(text);
    const keyIds = signatures.map((each) => parseSignature(each).keyId);
    const image = await this.#deps.shelf.put(text, signatures);
    await this.#note('image.publish', { image, manifest, keyIds, reason }, caller);
    return this.#view(image, manifest, caller);
  }

  /** @throws BrambleError `permission-denied`, `not-found` */
  async remove(image: string, reason: string, caller: Caller): Promise<ImageView> {
    assertMay(caller, 'images.manage');
    const manifest = await this.#manifest(digest(image));
    const view = await this.#view(digest(image), manifest, caller);
    await this.#deps.shelf.remove(digest(image));
    await this.#note('image.remove', { image: digest(image), manifest, keyIds: view.signedBy, reason }, caller);
    return view;
  }

  /** For fileservers. @throws BrambleError `not-found` */
  async describe(image: ImageDigest): Promise<ImageDescription> {
    const { shelf, trust, world } = this.#deps;
    const manifest = await shelf.readManifest(image);
    if (manifest === undefined) throw unknown(image);
    const { imageClass } = parseManifest(manifest);
    const ofClass = (await this.#manifests()).filter((each) => each.imageClass === imageClass);
    const freshness = trust.signFreshness(
      renderFreshness({
        ...{ image, imageClass, issuedAtMs: world.clock.nowMs(), validForMs: FRESHNESS_VALID_MS },
        floor: Math.max(...ofClass.map(({ floor }) => floor)),
        newestVersion: Math.max(...ofClass.map(({ version }) => version)),
      }),
    );
    return { manifest, signatures: await shelf.readSignatures(image), freshness };
  }

  /** For fileservers. @throws BrambleError `not-found`, `data-loss` */
  chunk(of: Digest): Uint8Array {
    return this.#deps.shelf.readChunk(of);
  }

  async #manifests(): Promise<readonly ImageManifest[]> {
    const { shelf } = this.#deps;
    const texts = await Promise.all((await shelf.list()).map((image) => shelf.readManifest(image)));
    return texts.flatMap((text) => (text === undefined ? [] : [parseManifest(text)]));
  }

  async #manifest(image: ImageDigest): Promise<ImageManifest> {
    const text = await this.#deps.shelf.readManifest(image);
    if (text === undefined) throw unknown(image);
    return parseManifest(text);
  }

  #placesFor(image: ImageDigest, { principal }: Caller): readonly ImagePlaceView[] {
    return this.#deps.places.of(image).filter(({ site }) => authorise(principal, 'images.read', site));
  }

  async #view(image: ImageDigest, manifest: ImageManifest, caller: Caller): Promise<ImageView> {
    const { name, imageClass, version, floor, createdAtMs, expiresAtMs, root, boot } = manifest;
    const signatures = await this.#deps.shelf.readSignatures(image);
    const held = this.#placesFor(image, caller).filter(({ progress }) => progress === 'held');
    return {
      ...{ image, name, imageClass, version, floor, createdAtMs, expiresAtMs },
      signedBy: signatures.map((text) => parseSignature(text).keyId),
      root: { entriesCount: root.entriesCount, contentBytes: root.contentBytes },
      ...(boot === undefined ? {} : { boot: { entriesCount: boot.entriesCount, contentBytes: boot.contentBytes } }),
      heldAt: [...new Set(held.map(({ site }) => site))],
    };
  }

  async #note(
    action: 'image.publish' | 'image.remove',
    about: {
      readonly image: ImageDigest;
      readonly manifest: ImageManifest;
      readonly keyIds: readonly string[];
      readonly reason: string;
    },
    { actor }: Caller,
  ): Promise<void> {
    const { name, imageClass, version } = about.manifest;
    const atMs = this.#deps.world.clock.nowMs();
    await this.#deps.store.transact(async (writer) => {
      const done = { atMs, actor, target: about.image, site: undefined, outcome: 'done' } as const;
      const details = {
        name,
        imageClass,
        version,
        signedBy: about.keyIds.join(', '),
        reason: visible(about.reason, 500),
      };
      await writer.audit.add({ ...done, action, details });
    });
  }
}

function unknown(image: ImageDigest): BrambleError {
  return new BrambleError('not-found', `the controller has no image ${image}`, {
    hint: '`bramble image list` shows those that it has',
  });
}
