import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { UploadOrder, UploadSink, UploadWriter } from './upload-sink.js';

/** What one node may keep here: a hostile one fills its own share and nobody else's. */
const NODE_BYTES_MAX = 64 * 2 ** 20;
const NODE_FILES_MAX = 64;

const PARTIAL = '.partial-';

/** Uploads as files: <dir>/<node>/<command>-<name>, 0600; written aside, synced, then renamed. */
export class UploadFiles implements UploadSink {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(order: UploadOrder): Promise<UploadWriter> {
    const dir = join(this.#dir, order.nodeId); // an id has no slash and no dot
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const name = `${order.commandId}-${order.name}`;
      await this.#makeRoom(dir, name, order);
      const partial = join(dir, PARTIAL + name);
      const file = await open(partial, 'w', 0o600);
      return new FileUpload({ file, partial, path: join(dir, name), dir });
    } catch (thrown) {
      throw storageError(thrown, order.nodeId);
    }
  }

  /** Also takes away what a crash left half written. */
  async #makeRoom(dir: string, name: string, { nodeId, sizeBytes }: UploadOrder): Promise<void> {
    let usedBytes = 0;
    let files = 0;
    for (const entry of await readdir(dir)) {
      if (entry === name) throw new BrambleError('already-exists', `node ${nodeId} has uploaded ${name} before`);
      if (entry.startsWith(PARTIAL)) {
        await rm(join(dir, entry), { force: true });
        continue;
      }
      usedBytes += (await stat(join(dir, entry))).size;
      files += 1;
    }
    if (files < NODE_FILES_MAX && usedBytes + sizeBytes <= NODE_BYTES_MAX) return;
    throw new BrambleError('resource-exhausted', `node ${nodeId} has no room for more uploads`, {
      hint: `delete old ones in ${dir}`,
    });
  }
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
