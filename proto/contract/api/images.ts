import { z } from 'zod';
import { Reason } from './requests.js';

/** Images on the controller and where they are. Times are ms since 1970-01-01 UTC. */

/** SHA-256, lower-case hexadecimal. */
export const DigestText = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

const PartView = z.object({
  entriesCount: z.number().describe('directories, files and links'),
  contentBytes: z.number(),
});

export const ImageView = z.object({
  image: DigestText.describe('digest of its manifest; its name everywhere'),
  name: z.string(),
  imageClass: z.string(),
  version: z.number(),
  floor: z.number().describe('lowest version of its class that may be used from then on'),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
  signedBy: z.array(z.string()).describe('ids of keys, as minisign prints them; fileservers check the signatures'),
  root: PartView,
  boot: PartView.optional(),
  heldAt: z.array(z.string()).describe('sites that have it whole'),
});
export type ImageView = z.infer<typeof ImageView>;

export const ImageList = z.object({ images: z.array(ImageView) });
export type ImageList = z.infer<typeof ImageList>;

export const ImagePlaceView = z.object({
  site: z.string(),
  nodeId: z.string(),
  progress: z.enum(['pulling', 'held', 'failed', 'refused']),
  doneBytes: z.number().describe('of what had to be fetched'),
  totalBytes: z.number(),
  uplinkBytes: z.number().describe('sent to it for this image since the controller started'),
  detail: z.string().describe('why it failed'),
  toldAtMs: z.number(),
});
export type ImagePlaceView = z.infer<typeof ImagePlaceView>;

export const ImagePlaceList = z.object({ places: z.array(ImagePlaceView) });
export type ImagePlaceList = z.infer<typeof ImagePlaceList>;

/** In one question. */
export const CHUNKS_ASKED_MAX = 5_000;
/** A body has at most 1 MiB. */
export const CHUNKS_PUT_BASE64_MAX = 960 * 1024;

export const ChunksAsked = z.strictObject({ chunks: z.array(DigestText).max(CHUNKS_ASKED_MAX) });
export const ChunksMissing = z.object({ missing: z.array(DigestText) });
export type ChunksMissing = z.infer<typeof ChunksMissing>;

export const ChunksPut = z.strictObject({
  chunks: z.array(z.base64().max(CHUNKS_PUT_BASE64_MAX)).max(1_000).describe('content of each, base64'),
});
export const ChunksStored = z.object({ chunks: z.array(DigestText) });
export type ChunksStored = z.infer<typeof ChunksStored>;

export const ImagePublish = z.strictObject({
  manifest: z
    .string()
    .max(128 * 1024)
    .describe('the text that was signed'),
  signatures: z.array(z.string().max(4_096)).min(1).max(8).describe('as minisign writes them'),
  reason: Reason.shape.reason,
});
export type ImagePublish = z.infer<typeof ImagePublish>;
