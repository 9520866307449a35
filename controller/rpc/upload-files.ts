import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BrambleError } from '../../proto/contract/errors.js';
import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { UploadOrder, UploadSink, UploadWriter } from './upload-sink.js';

/** What one node may keep here: a hostile one fills its own share and nobody else's. */
const NODE_BYTES_MAX = 64 * 2 ** 20;
const NODE_FILES_MAX = 16;

/** What is kept of all nodes together, and for how long. */
export interface UploadRetention {
  readonly bytesMax: number;
  readonly ageMaxMs: number;
}
export const UPLOAD_RETENTION: UploadRetention = { bytesMax: 2 ** 30, ageMaxMs: 14 * 86_400_000 };

const PARTIAL = '.partial-';

/** An upload that is there, whole. */
export interface StoredUpload {
  readonly sizeBytes: number;
  read(): Readable;
}

interface Stored {
  readonly path: string;
  readonly sizeBytes: number;
  /** When it was finished, by the clock of this machine. */
  readonly storedAtMs: number;
}

/**
 * Uploads as files: <dir>/<node>/<command>, 0600; written aside, synced, then renamed. Both names are ids of the controller's
 * own making: what a node calls its upload names nothing here.
 */
export class UploadFiles implements UploadSink {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(order: UploadOrder): Promise<UploadWriter> {
    const dir = join(this.#dir, order.nodeId); // an id has no slash and no dot
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await this.#makeRoom(dir, order);
      const partial = join(dir, `${PARTIAL}${order.commandId}`);
      const file = await open(partial, 'w', 0o600);
      return new FileUpload({ file, partial, path: join(dir, order.commandId), dir });
    } catch (thrown) {
      throw storageError(thrown, order.nodeId);
    }
  }

  /** What a node has uploaded under a command; `undefined` = nothing, not all of it yet, or no longer. */
  async find(nodeId: NodeId, commandId: CommandId): Promise<StoredUpload | undefined> {
    const path = join(this.#dir, nodeId, commandId);
    const sizeBytes = await sizeOf(path);
    return sizeBytes === undefined ? undefined : { sizeBytes, read: () => createReadStream(path) };
  }

  /** Removes what is too old, then the oldest of what is too much. Answers with how many files that were. */
  async prune({ bytesMax, ageMaxMs }: UploadRetention, nowMs: number): Promise<number> {
    const nodes = await namesIn(this.#dir);
    const stored = (await Promise.all(nodes.map((node) => storedIn(join(this.#dir, node))))).flat();
    const newestFirst = stored.toSorted((a, b) => b.storedAtMs - a.storedAtMs);
    let keptBytes = 0;
    let removed = 0;
    for (const { path, sizeBytes, storedAtMs } of newestFirst) {
      keptBytes += sizeBytes;
      if (keptBytes <= bytesMax && nowMs - storedAtMs <= ageMaxMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }

  /** The oldest give way. Also takes away what a crash left half written. */
  async #makeRoom(dir: string, { nodeId, commandId, sizeBytes }: UploadOrder): Promise<void> {
    for (const entry of await readdir(dir)) {
      if (entry === commandId) throw new BrambleError('already-exists', `node ${nodeId} has uploaded ${entry} before`);
      if (entry.startsWith(PARTIAL)) await rm(join(dir, entry), { force: true });
    }
    if (sizeBytes > NODE_BYTES_MAX) {
      throw new BrambleError('resource-exhausted', `an upload of ${sizeBytes} bytes is more than a node may keep`);
    }
    const stored = (await storedIn(dir)).toSorted((a, b) => a.storedAtMs - b.storedAtMs);
    let usedBytes = stored.reduce((sum, each) => sum + each.sizeBytes, sizeBytes);
    for (let files = stored.length + 1; usedBytes > NODE_BYTES_MAX || files > NODE_FILES_MAX; files--) {
      const oldest = stored.shift();
      if (oldest === undefined) return;
      await rm(oldest.path, { force: true });
      usedBytes -= oldest.sizeBytes;
    }
  }
}

async function storedIn(dir: string): Promise<readonly Stored[]> {
  const stored: Stored[] = [];
  for (const name of await namesIn(dir)) {
    if (name.startsWith(PARTIAL)) continue;
    const path = join(dir, name);
    const file = await stat(path);
    if (file.isFile()) stored.push({ path, sizeBytes: file.size, storedAtMs: file.mtimeMs });
  }
  return stored;
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (thrown) {
    if (isAbsent(thrown)) return []; // nobody has uploaded anything yet
    throw thrown;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

class FileUpload implements UploadWriter {
  readonly #file: FileHandle;
  readonly #partial: string;
  readonly #path: string;
  readonly #dir: string;

  constructor(at: {
    readonly file: FileHandle;
    readonly partial: string;
    readonly path: string;
    readonly dir: string;
  }) {
    this.#file = at.file;
    this.#partial = at.partial;
    this.#path = at.path;
    this.#dir = at.dir;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.appendFile(bytes);
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#partial, this.#path);
    const dir = await open(this.#dir, 'r');
    await dir.sync().finally(() => dir.close());
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined); // closed already, or the disk is gone: both end here
    await rm(this.#partial, { force: true }).catch(() => undefined); // the next upload of this node tries again
  }
}

function storageError(thrown: unknown, nodeId: NodeId): BrambleError {
  if (thrown instanceof BrambleError) return thrown;
  return new BrambleError('unavailable', `an upload of node ${nodeId} cannot be stored`, {
    cause: thrown,
    hint: 'look for a full or read-only disk on the controller',
  });
}
