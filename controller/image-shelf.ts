import { join } from 'node:path';
import { ImageFiles } from '../proto/chunks/image-files.js';
import type { Clock } from '../proto/contract/clock.js';
import { ImagePlaces } from './usecases/images/image-places.js';
import { type ImageShelf, Images, type ImagesDeps } from './usecases/images/images.js';

/** A chunk that no image has yet may belong to one that is being pushed. */
const UNUSED_KEPT_MS = 86_400_000;

export interface OpenedImages {
  readonly images: Images;
  readonly places: ImagePlaces;
  /** Removes chunks that no image has any more. */
  sweep(): Promise<void>;
}

/** Images in a folder beside the database. */
export function openImages(dataDir: string, deps: Omit<ImagesDeps, 'shelf' | 'places'>, clock: Clock): OpenedImages {
  const files = new ImageFiles(join(dataDir, 'images'));
  const places = new ImagePlaces(clock);
  return {
    places,
    images: new Images({ ...deps, places, shelf: shelfOf(files) }),
    sweep: async () => {
      await files.sweep(clock.nowMs() - UNUSED_KEPT_MS);
    },
  };
}

function shelfOf(files: ImageFiles): ImageShelf {
  return {
    list: () => files.list(),
    readManifest: async (image) => {
      const bytes = await files.readManifest(image);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
    },
    readSignatures: (image) => files.readSignatures(image),
    hasChunk: (of) => files.chunks.hasAny(of),
    writeChunk: (of, bytes) => files.chunks.write(of, bytes),
    readChunk: (of) => files.chunks.read(of),
    put: (manifest, signatures) => files.put(Buffer.from(manifest), signatures),
    remove: (image) => files.remove(image),
  };
}
