import { BrambleError } from '../../../proto/contract/errors.js';
import { CatalogueCheck } from '../../../proto/contract/images/catalogue-check.js';
import { renderEntry } from '../../../proto/contract/images/catalogue-text.js';
import { LIST_PIECE_CHUNKS_MAX, renderChunks } from '../../../proto/contract/images/chunk-list.js';
import { OWN_CHUNK_BYTES_MIN } from '../../../proto/contract/images/chunker.js';
import type { Chunk, ImageManifest, ImagePart, PartSize } from '../../../proto/contract/images/manifest.js';
import { isPrivateKey, KEY_SEARCH_BYTES_MAX } from '../../../proto/contract/images/private-key.js';
import { type ChunkSink, Cutter } from './cutter.js';
import type { FileEntry, SourceTree } from './tree.js';

export interface ImageWords {
  readonly name: string;
  readonly imageClass: string;
  readonly version: number;
  readonly floor: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface BuildOptions {
  readonly words: ImageWords;
  readonly root: SourceTree;
  readonly boot: SourceTree | undefined;
  /** Paths in the root that look like private keys and are known not to be secret. */
  readonly keysAllowed: readonly string[];
  readonly sink: ChunkSink;
  readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
}

/**
 * Cuts file trees into chunks. What comes out depends on the trees and the words alone.
 * @throws BrambleError `failed-precondition` (a name that no image carries, a private key), and of the sources
 */
export async function buildImage(options: BuildOptions): Promise<ImageManifest> {
  const { words, root, boot, sink, onProgress } = options;
  const totalBytes = [root, boot].reduce((sum, tree) => sum + (tree === undefined ? 0 : contentBytes(tree)), 0);
  let doneBytes = 0;
  const progress = (bytes: number): void => {
    doneBytes += bytes;
    onProgress?.({ doneBytes, totalBytes });
  };
  const rootPart = await buildPart('root', root, options, progress);
  const bootPart = boot === undefined ? undefined : await buildPart('boot', boot, options, progress);
  const all = [...rootPart.chunks, ...(bootPart?.chunks ?? [])];
  const index: Chunk[] = [];
  for (let at = 0; at < all.length; at += LIST_PIECE_CHUNKS_MAX) {
    const bytes = renderChunks(all.slice(at, at + LIST_PIECE_CHUNKS_MAX));
    const digest = sink.digestOf(bytes);
    await sink.write(digest, bytes);
    index.push({ digest, sizeBytes: bytes.length });
  }
  return { ...words, root: rootPart.size, boot: bootPart?.size, index };
}

interface BuiltPart {
  readonly size: PartSize;
  readonly chunks: readonly Chunk[];
}

async function buildPart(
  part: ImagePart,
  tree: SourceTree,
  { sink, keysAllowed }: BuildOptions,
  progress: (bytes: number) => void,
): Promise<BuiltPart> {
  const check = new CatalogueCheck(part);
  for (const entry of tree.entries) check.take(entry);
  const catalogue = new Cutter(sink);
  let catalogueBytes = 0;
  for (const entry of tree.entries) {
    const line = Buffer.from(renderEntry(entry));
    catalogueBytes += line.length;
    await catalogue.write(line);
  }
  await catalogue.flush();
  const content = new Cutter(sink);
  for (const entry of tree.entries) {
    if (entry.kind === 'file') await addFile(entry, tree, content, { keysAllowed, progress });
  }
  await content.flush();
  const size: PartSize = {
    ...{ entriesCount: check.entriesCount, catalogueBytes, contentBytes: check.contentBytes },
    ...{ catalogueChunks: catalogue.chunks.length, contentChunks: content.chunks.length },
  };
  return { size, chunks: [...catalogue.chunks, ...content.chunks] };
}

interface FileRules {
  readonly keysAllowed: readonly string[];
  readonly progress: (bytes: number) => void;
}

async function addFile(file: FileEntry, tree: SourceTree, content: Cutter, rules: FileRules): Promise<void> {
  const { path, sizeBytes } = file;
  const isLarge = sizeBytes >= OWN_CHUNK_BYTES_MIN;
  if (isLarge) await content.flush();
  let readBytes = 0;
  let searched: Uint8Array[] | undefined = rules.keysAllowed.includes(path) ? undefined : [];
  for await (const bytes of tree.read(file)) {
    if (searched !== undefined && readBytes < KEY_SEARCH_BYTES_MAX) searched.push(bytes);
    readBytes += bytes.length;
    if (readBytes >= KEY_SEARCH_BYTES_MAX) searched = refuseKey(path, searched);
    await content.write(bytes);
    rules.progress(bytes.length);
  }
  refuseKey(path, searched);
  if (readBytes !== sizeBytes) throw new BrambleError('aborted', `${path} has changed while it was read`);
  if (isLarge) await content.flush();
}

/** @throws BrambleError `failed-precondition` */
function refuseKey(path: string, parts: readonly Uint8Array[] | undefined): undefined {
  if (parts === undefined || !isPrivateKey(path, Buffer.concat(parts).toString('latin1'))) return undefined;
  throw new BrambleError('failed-precondition', `${path} is a private key: every board of this image would have it`, {
    hint: 'remove it from the source, or name it with --allow-key when it is known not to be secret',
  });
}

function contentBytes({ entries }: SourceTree): number {
  return entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.sizeBytes : 0), 0);
}
