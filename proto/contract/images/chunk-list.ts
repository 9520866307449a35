/** The chunks of an image in order, as bytes: SHA-256 and size of each. An image of 10 GB has a list of 6 MB. */
import { BrambleError } from '../errors.js';
import { CHUNK_BYTES_MAX } from './chunker.js';
import { DIGEST_BYTES, digestBytes, digestOf } from './digest.js';
import type { Chunk, ImageManifest, ImagePart, PartSize } from './manifest.js';

const RECORD_BYTES = DIGEST_BYTES + 4;
/** Chunks in one piece of the list; pieces are chunks themselves. */
export const LIST_PIECE_CHUNKS_MAX = Math.floor(CHUNK_BYTES_MAX / RECORD_BYTES);

export function renderChunks(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.length * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [at, { digest, sizeBytes }] of chunks.entries()) {
    bytes.set(digestBytes(digest), at * RECORD_BYTES);
    view.setUint32(at * RECORD_BYTES + DIGEST_BYTES, sizeBytes);
  }
  return bytes;
}

/** @throws BrambleError `data-loss` */
export function parseChunks(bytes: Uint8Array): readonly Chunk[] {
  if (bytes.length % RECORD_BYTES !== 0) throw new BrambleError('data-loss', 'a list of chunks is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / RECORD_BYTES }, (_, at) => {
    const from = at * RECORD_BYTES;
    const sizeBytes = view.getUint32(from + DIGEST_BYTES);
    if (sizeBytes < 1 || sizeBytes > CHUNK_BYTES_MAX)
      throw new BrambleError('data-loss', `no chunk has ${sizeBytes} bytes`);
    return { digest: digestOf(bytes.subarray(from, from + DIGEST_BYTES)), sizeBytes };
  });
}

export interface PartChunks {
  readonly catalogue: readonly Chunk[];
  readonly content: readonly Chunk[];
}

/** Which chunks are whose. @throws BrambleError `data-loss` when manifest and list do not fit together */
export function divideChunks(manifest: ImageManifest, all: readonly Chunk[]): Readonly<Record<ImagePart, PartChunks>> {
  let at = 0;
  const take = (count: number, bytes: number): readonly Chunk[] => {
    const taken = all.slice(at, at + count);
    at += count;
    const sum = taken.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    if (taken.length !== count || sum !== bytes) throw unfit();
    return taken;
  };
  const part = (size: PartSize | undefined): PartChunks => ({
    catalogue: take(size?.catalogueChunks ?? 0, size?.catalogueBytes ?? 0),
    content: take(size?.contentChunks ?? 0, size?.contentBytes ?? 0),
  });
  const [root, boot] = [part(manifest.root), part(manifest.boot)];
  if (at !== all.length) throw unfit();
  return { root, boot };
}

function unfit(): BrambleError {
  return new BrambleError('data-loss', 'the image’s manifest and its list of chunks do not belong together');
}
