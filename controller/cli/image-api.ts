import type { z } from 'zod';
import {
  ChunksMissing,
  ChunksStored,
  ImageList,
  ImagePlaceList,
  type ImagePlaceView,
  type ImagePublish,
  ImageView,
} from '../../proto/contract/api/images.js';
import type { HttpMethod } from './transport.js';

/** One request; every refusal is the BrambleError that the controller meant. */
export type Ask = <Schema extends z.ZodType>(
  method: HttpMethod,
  path: string,
  schema: Schema,
  body?: unknown,
) => Promise<z.output<Schema>>;

/** What of the controller's HTTP API is about images. */
export class ImageApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async list(): Promise<readonly ImageView[]> {
    return (await this.#ask('GET', '/api/v1/images', ImageList)).images;
  }

  async places(image: string): Promise<readonly ImagePlaceView[]> {
    return (await this.#ask('GET', `/api/v1/images/${encodeURIComponent(image)}/places`, ImagePlaceList)).places;
  }

  async missingChunks(chunks: readonly string[]): Promise<readonly string[]> {
    return (await this.#ask('POST', '/api/v1/image-chunks/missing', ChunksMissing, { chunks })).missing;
  }

  putChunks(contents: readonly Uint8Array[]): Promise<ChunksStored> {
    const chunks = contents.map((bytes) => Buffer.from(bytes).toString('base64'));
    return this.#ask('POST', '/api/v1/image-chunks', ChunksStored, { chunks });
  }

  publish(wish: ImagePublish): Promise<ImageView> {
    return this.#ask('POST', '/api/v1/images', ImageView, wish);
  }

  remove(image: string, reason: string): Promise<ImageView> {
    return this.#ask('POST', `/api/v1/images/${encodeURIComponent(image)}/remove`, ImageView, { reason });
  }
}
