import { z } from 'zod';
import {
  ChunksAsked,
  ChunksMissing,
  ChunksPut,
  ChunksStored,
  DigestText,
  ImageList,
  ImagePlaceList,
  ImagePublish,
  ImageView,
} from '../../../proto/contract/api/images.js';
import { Reason } from '../../../proto/contract/api/requests.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

const DIGEST = '3f6c1d0f5e0e0c5a0f2b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f';
const EXAMPLE = {
  image: DIGEST,
  name: 'raspios-lite-2026.11',
  imageClass: 'pi-root',
  version: 7,
  floor: 5,
  createdAtMs: AT_MS,
  expiresAtMs: AT_MS + 90 * 86_400_000,
  signedBy: ['F2384D37810449D0'],
  root: { entriesCount: 52_113, contentBytes: 1_431_655_765 },
  heldAt: ['barn'],
};
const ByDigest = z.object({ image: DigestText });

export const IMAGE_ROUTES = {
  listImages: declareRoute({
    method: 'GET',
    path: '/api/v1/images',
    summary: 'Images that the controller has, and which sites have them too',
    tag: 'images',
    doors: 'both',
    answer: {
      status: 200,
      description: 'newest version of each class first',
      schema: ImageList,
      example: { images: [EXAMPLE] },
    },
    errors: [],
  }),
  listImagePlaces: declareRoute({
    method: 'GET',
    path: '/api/v1/images/:image/places',
    summary: 'How far an image is at each fileserver',
    tag: 'images',
    doors: 'both',
    params: ByDigest,
    answer: {
      status: 200,
      description: 'in order of their sites',
      schema: ImagePlaceList,
      example: {
        places: [
          {
            ...{ site: 'barn', nodeId: 'n-0123456789abc', progress: 'pulling', detail: '', toldAtMs: AT_MS },
            ...{ doneBytes: 4_194_304, totalBytes: 41_943_040, uplinkBytes: 2_097_152 },
          },
        ],
      },
    },
    errors: ['not-found'],
  }),
  findMissingChunks: declareRoute({
    method: 'POST',
    path: '/api/v1/image-chunks/missing',
    summary: 'Which of these chunks the controller does not have',
    tag: 'images',
    doors: 'both',
    unkeyed: true,
    body: ChunksAsked,
    answer: { status: 200, description: 'each once', schema: ChunksMissing, example: { missing: [DIGEST] } },
    errors: [],
  }),
  putChunks: declareRoute({
    method: 'POST',
    path: '/api/v1/image-chunks',
    summary: 'Store chunks of an image that is about to be published',
    tag: 'images',
    doors: 'both',
    unkeyed: true,
    body: ChunksPut,
    answer: {
      status: 200,
      description: 'their digests, in order',
      schema: ChunksStored,
      example: { chunks: [DIGEST] },
    },
    errors: ['resource-exhausted', 'unavailable'],
  }),
  publishImage: declareRoute({
    method: 'POST',
    path: '/api/v1/images',
    summary: 'Make an image of chunks that are there, or add signatures to one',
    tag: 'images',
    doors: 'both',
    body: ImagePublish,
    answer: { status: 201, description: 'fileservers may pull it', schema: ImageView, example: EXAMPLE },
    errors: ['failed-precondition', 'data-loss', 'unavailable'],
  }),
  removeImage: declareRoute({
    method: 'POST',
    path: '/api/v1/images/:image/remove',
    summary: 'Forget an image; sites that have it may use it until what the controller said about it runs out',
    tag: 'images',
    doors: 'both',
    params: ByDigest,
    body: Reason,
    answer: { status: 200, description: 'what it was', schema: ImageView, example: EXAMPLE },
    errors: ['not-found'],
  }),
} as const;
