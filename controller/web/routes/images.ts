import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { IMAGE_ROUTES } from '../table/images.js';

export function imageHandlers({ images }: WebOptions): Handlers<typeof IMAGE_ROUTES> {
  return {
    listImages: async ({ caller }) => ({ images: [...(await images.list(caller))] }),
    listImagePlaces: async ({ params, caller }) => ({ places: [...(await images.places(params.image, caller))] }),
    findMissingChunks: async ({ body, caller }) => ({ missing: [...(await images.missing(body.chunks, caller))] }),
    putChunks: async ({ body, caller }) => {
      const contents = body.chunks.map((text) => Buffer.from(text, 'base64'));
      return { chunks: [...(await images.putChunks(contents, caller))] };
    },
    publishImage: ({ body, caller }) => images.publish(body, caller),
    removeImage: ({ params, body, caller }) => images.remove(params.image, body.reason, caller),
  };
}
