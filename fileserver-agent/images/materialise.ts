import type { TreeWriter } from '../../agent/kit/host/tree-writer.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { CatalogueEntry } from '../../proto/contract/images/catalogue.js';
import { CatalogueCheck } from '../../proto/contract/images/catalogue-check.js';
import { parseCatalogue } from '../../proto/contract/images/catalogue-text.js';
import { divideChunks, parseChunks } from '../../proto/contract/images/chunk-list.js';
import type { ImageDigest } from '../../proto/contract/images/digest.js';
import type { Chunk, ImageManifest, PartSize } from '../../proto/contract/images/manifest.js';
import { ContentReader } from './content-reader.js';
import type { Materialise, Materialised, MaterialiseOptions, MaterialisePorts } from './materialise-options.js';

/** Names between two looks at the clock. */
const ENTRIES_PER_LOOK = 100;
/** Longest time without a turn for others; also the least between two words of progress, ms. */
const TURN_MS = 100;
const SETUID_BITS = 0o6000;

interface CheckedPart {
  readonly size: PartSize;
  readonly entries: readonly CatalogueEntry[];
  readonly content: readonly Chunk[];
}

export const materialise: Materialise = async (image, options, ports) => {
  const { targetDir, part, signal } = options;
  const manifest = await openManifest(image, ports);
  const size = part === 'root' ? manifest.root : manifest.boot;
  if (size === undefined) throw new BrambleError('not-found', `image ${image} carries no boot files`);
  const chunks = divideChunks(manifest, (await readAll(manifest.index, ports, signal)).flatMap(parseChunks))[part];
  const catalogue = Buffer.concat(await readAll(chunks.catalogue, ports, signal));
  const checked = { size, entries: checkCatalogue(catalogue, size, options), content: chunks.content };
  const tree = await ports.trees.open(targetDir);
  try {
    return await writeTree(checked, tree, options, ports);
  } finally {
    tree.abandon();
  }
};

/** Read once: what was judged is what is used, whoever replaces the file meanwhile. */
async function openManifest(image: ImageDigest, { source, trust, sha256 }: MaterialisePorts): Promise<ImageManifest> {
  const bytes = await source.readManifest(image);
  if (bytes === undefined) throw new BrambleError('not-found', `image ${image} is not here`);
  if (sha256(bytes) !== image) throw new BrambleError('data-loss', `the manifest of image ${image} is damaged`);
  return trust.judge(image, bytes, await source.readSignatures(image));
}

async function readAll(chunks: readonly Chunk[], ports: MaterialisePorts, signal: AbortSignal): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  const reader = new ContentReader(chunks, ports);
  for (let bytes = await reader.nextChunk(); bytes !== undefined; bytes = await reader.nextChunk()) {
    if (signal.aborted) throw new BrambleError('cancelled', 'stopped');
    all.push(bytes);
  }
  return all;
}

/** All of it, before anything is written. */
function checkCatalogue(bytes: Uint8Array, size: PartSize, { part, setuid }: MaterialiseOptions): CatalogueEntry[] {
  const check = new CatalogueCheck(part);
  const entries: CatalogueEntry[] = [];
  for (const entry of parseCatalogue(new TextDecoder('utf-8', { fatal: true }).decode(bytes))) {
    check.take(entry);
    entries.push(setuid === 'strip' ? withoutSetuid(entry) : entry);
  }
  if (check.entriesCount !== size.entriesCount || check.contentBytes !== size.contentBytes) {
    throw new BrambleError('data-loss', 'the image’s manifest and its catalogue do not belong together');
  }
  return entries;
}

function withoutSetuid(entry: CatalogueEntry): CatalogueEntry {
  return entry.kind === 'file' ? { ...entry, mode: entry.mode & ~SETUID_BITS } : entry;
}

async function writeTree(
  { size, entries, content }: CheckedPart,
  tree: TreeWriter,
  { signal, onProgress }: MaterialiseOptions,
  ports: MaterialisePorts,
): Promise<Materialised> {
  const reader = new ContentReader(content, ports);
  const totalBytes = size.contentBytes;
  let doneBytes = 0;
  let turnMs = ports.clock.monotonicMs();
  /** Also gives others their turn: everything that writes blocks. */
  const look = async (): Promise<void> => {
    if (ports.clock.monotonicMs() - turnMs >= TURN_MS) {
      onProgress?.({ percent: percentOf(doneBytes, totalBytes), doneBytes, totalBytes });
      await ports.clock.sleep(0, signal).catch(() => undefined); // told in its own words
      turnMs = ports.clock.monotonicMs();
    }
    if (signal.aborted) throw new BrambleError('cancelled', 'stopped before all of the image was written');
  };
  for (const [at, entry] of entries.entries()) {
    if (at % ENTRIES_PER_LOOK === 0) await look();
    if (entry.kind !== 'file') {
      writeOther(tree, entry);
      continue;
    }
    const file = tree.file(entry);
    try {
      for (let left = entry.sizeBytes; left > 0; ) {
        const bytes = await reader.read(left);
        file.write(bytes);
        left -= bytes.length;
        doneBytes += bytes.length;
        await look();
      }
    } finally {
      file.finish();
    }
  }
  const { xattrsLeftOutCount } = await tree.finish(signal);
  onProgress?.({ percent: 100, doneBytes, totalBytes });
  return { entriesCount: entries.length, contentBytes: doneBytes, xattrsLeftOutCount };
}

function writeOther(tree: TreeWriter, entry: Exclude<CatalogueEntry, { kind: 'file' }>): void {
  if (entry.kind === 'directory') tree.directory(entry);
  else if (entry.kind === 'symlink') tree.symlink(entry);
  else tree.hardLink(entry);
}

/** 100 is said when it is on storage, not before. */
function percentOf(doneBytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 0 : Math.min(99, Math.floor((doneBytes / totalBytes) * 100));
}
