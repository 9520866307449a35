import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeTreeWriters } from '../../agent/kit/host/node/tree-writer.js';
import { Cutter } from '../../controller/cli/images/cutter.js';
import { readFolderTree } from '../../controller/cli/images/folder-tree.js';
import { LocalImages } from '../../controller/cli/images/local-store.js';
import { materialise } from '../../fileserver-agent/images/materialise.js';
import { sha256 } from '../../proto/chunks/chunk-files.js';
import { ImageFiles } from '../../proto/chunks/image-files.js';
import { parseManifest, renderManifest } from '../../proto/contract/images/manifest-text.js';
import { ChunkEncoding, FetchChunks, ImageChunk } from '../../proto/gen/bramble/agent/v1/images.js';
import { type Figure, median } from './figure.js';

const FOLDERS = 500;
const FILES_PER_FOLDER = 100;
/** Most files of a root are small, most bytes are in few. */
const SIZES_BYTES = [500, 2_000, 6_000, 20_000, 80_000] as const;
const CHANGED_RATIO = 0.1;
const FRAME_BYTES_MAX = 16_384;
const FRAME_HEADER_BYTES = 9;
const GRPC_PREFIX_BYTES = 5;
const HASHED_BYTES = 64 * 2 ** 20;
const ROUNDS = 9;
/** An import is a gigabyte: the compiler is done with all of it soon after its beginning. */
const WARM_ROUNDS = 4;

/** A root of a gigabyte and 50,000 files: how fast it is cut, what a second version moves, how fast it is written. */
export async function measureImages(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'bramble-bench-images-'));
  try {
    const speed = await cuttingSpeed();
    const { totalBytes } = writeRoot(join(dir, 'root'), 0);
    const local = new LocalImages(join(dir, 'store'));
    const options = { keysAllowed: [], onProgress: () => undefined };
    const words = { name: 'bench', imageClass: 'bench', floor: 1, createdAtMs: 1, expiresAtMs: 2 };
    const first = await local.import(
      { root: await readFolderTree(join(dir, 'root')), boot: undefined },
      { ...words, version: 1 },
      options,
    );
    const files = new ImageFiles(join(dir, 'store'));
    const before = new Set(files.chunksOf(first.manifest).map(({ digest }) => digest));
    const { totalBytes: changedBytes } = writeRoot(join(dir, 'root'), FOLDERS * CHANGED_RATIO);
    const second = await local.import(
      { root: await readFolderTree(join(dir, 'root')), boot: undefined },
      { ...words, version: 2 },
      options,
    );
    const fresh = new Map(
      files
        .chunksOf(second.manifest)
        .filter(({ digest }) => !before.has(digest))
        .map(({ digest, sizeBytes }) => [digest, sizeBytes]),
    );
    const movedBytes = [...fresh.values()].reduce((sum, bytes) => sum + bytes, 0);
    const uplinkBytes = [...fresh.keys()].reduce((sum, of) => sum + wireBytes(files.chunks.read(of)), 0);
    const { writtenS, tarS } = await writingTime(dir, files, Buffer.from(renderManifest(second.manifest)));
    return [
      {
        figure: 'images.cut_and_hash_speed',
        value: speed.cutMbPerS,
        unit: 'MB/s',
        baseline: speed.hashMbPerS,
        baselineName: 'sha256 alone',
        goal: 0.4,
        goalOn: 'ratio',
        better: 'higher',
      },
      {
        figure: 'images.second_version_moves',
        value: movedBytes / 1e6,
        unit: 'MB',
        baseline: totalBytes / 1e6,
        baselineName: `whole root; ${((changedBytes / totalBytes) * 100).toFixed(1)} % of it changed`,
        goal: 0.13,
        goalOn: 'ratio',
      },
      {
        // Once for the site, whether one board or a shelf of them is made of it.
        figure: 'images.uplink_per_release',
        value: uplinkBytes / 1e6,
        unit: 'MB',
        baseline: movedBytes / 1e6,
        baselineName: 'new chunks, each once; noise, which does not shrink',
        goal: 1.1,
        goalOn: 'ratio',
      },
      {
        figure: 'images.materialise',
        value: writtenS,
        unit: 's',
        baseline: tarS,
        baselineName: 'tar -x of the same root, synced',
      },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What asking for a chunk and answering with it takes, with the frames of gRPC. Source: HTTP/2, RFC 9113, 4.1; gRPC over HTTP/2. */
function wireBytes(content: Uint8Array): number {
  const data = Buffer.from(content);
  const answer = ImageChunk.encode({ data, encoding: ChunkEncoding.UNSPECIFIED }).finish().length;
  const asked = FetchChunks.encode({ image: Buffer.alloc(32), chunks: [Buffer.alloc(32)] }).finish().length;
  const frames = Math.ceil(answer / FRAME_BYTES_MAX) * FRAME_HEADER_BYTES;
  return answer + asked + frames + 2 * GRPC_PREFIX_BYTES;
}

/** Writes so many folders, all of them when it is 0, with other content each time. */
function writeRoot(top: string, changedFolders: number): { readonly totalBytes: number } {
  const seed = changedFolders === 0 ? 1 : 2;
  let totalBytes = 0;
  for (let folder = 0; folder < (changedFolders === 0 ? FOLDERS : changedFolders); folder++) {
    // Changes come by packages: some folders change whole, spread over the root.
    const number = changedFolders === 0 ? folder : Math.floor((folder * FOLDERS) / changedFolders);
    const path = join(top, `usr/lib/package-${number}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < FILES_PER_FOLDER; file++) {
      const size = SIZES_BYTES[file % SIZES_BYTES.length] ?? 0;
      writeFileSync(join(path, `file-${file}`), noise(size, seed * 1e8 + number * 1_000 + file));
      totalBytes += size;
    }
  }
  return { totalBytes };
}

/** In turns, so that what else the machine does meets both. */
async function cuttingSpeed(): Promise<{ readonly cutMbPerS: number; readonly hashMbPerS: number }> {
  const bytes = noise(HASHED_BYTES, 42);
  const clock = makeNodeClock();
  const cut = async (): Promise<void> => {
    const cutter = new Cutter({ digestOf: sha256, write: () => Promise.resolve() });
    await cutter.write(bytes);
    await cutter.flush();
  };
  for (let round = 0; round < WARM_ROUNDS; round++) await cut();
  const rounds: { readonly hashMs: number; readonly cutMs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const hashStartMs = clock.monotonicMs();
    createHash('sha256').update(bytes).digest();
    const cutStartMs = clock.monotonicMs();
    await cut();
    rounds.push({ hashMs: cutStartMs - hashStartMs, cutMs: clock.monotonicMs() - cutStartMs });
  }
  const speed = (ms: readonly number[]): number => HASHED_BYTES / 1e3 / median(ms);
  return { hashMbPerS: speed(rounds.map(({ hashMs }) => hashMs)), cutMbPerS: speed(rounds.map(({ cutMs }) => cutMs)) };
}

async function writingTime(
  dir: string,
  files: ImageFiles,
  manifestBytes: Buffer,
): Promise<{ readonly writtenS: number; readonly tarS: number }> {
  const clock = makeNodeClock();
  const image = await files.put(manifestBytes, []);
  mkdirSync(join(dir, 'out'));
  const ports = {
    source: {
      readManifest: async () => manifestBytes,
      readSignatures: async () => [],
      readChunk: async (of: typeof image) => files.chunks.readUnchecked(of),
    },
    trust: { judge: async () => parseManifest(manifestBytes.toString()) },
    trees: makeNodeTreeWriters(),
    ...{ clock, sha256 },
  };
  const startMs = clock.monotonicMs();
  await materialise(image, { part: 'root', targetDir: join(dir, 'out'), signal: new AbortController().signal }, ports);
  const writtenS = (clock.monotonicMs() - startMs) / 1_000;
  execFileSync('tar', ['-C', join(dir, 'root'), '-cf', join(dir, 'root.tar'), '.']);
  mkdirSync(join(dir, 'tar'));
  execFileSync('sync', ['-f', dir]);
  const tarStartMs = clock.monotonicMs();
  execFileSync('tar', ['-C', join(dir, 'tar'), '-xpf', join(dir, 'root.tar')]);
  execFileSync('sync', ['-f', dir]);
  return { writtenS, tarS: (clock.monotonicMs() - tarStartMs) / 1_000 };
}

function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.ceil(sizeBytes / 4) * 4);
  let state = Math.imul(seed + 1, 0x9e37_79b9) | 1;
  for (let at = 0; at < bytes.length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, at);
  }
  return bytes.subarray(0, sizeBytes);
}
