import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../contract/errors.js';
import { CHUNK_BYTES_MAX } from '../contract/images/chunker.js';
import { type Digest, digest } from '../contract/images/digest.js';
import { errnoOf, storageFailure } from './storage-failure.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const PARTIAL = '.partial-';

export function sha256(bytes: Uint8Array): Digest {
  return digest(hash('sha256', bytes, 'hex'));
}

/**
 * Chunks as files: <dir>/ab/<SHA-256>, each once. A file is on storage for certain only after sync(); what a power cut left of it until
 * then is found out when it is read, because nothing that is read is believed before its SHA-256 was taken.
 */
export class ChunkFiles {
  readonly #dir: string;
  #partialsCount = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** By name alone. */
  async hasAny(of: Digest): Promise<boolean> {
    return this.has(of, undefined);
  }

  /** By name and size alone. */
  async has(of: Digest, sizeBytes: number | undefined): Promise<boolean> {
    try {
      const found = await stat(this.#path(of));
      return found.isFile() && (sizeBytes === undefined || found.size === sizeBytes);
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return false;
      throw storageFailure(thrown, 'looking for a chunk');
    }
  }

  /** No error when it is there. @throws BrambleError `data-loss` when the bytes are others, and of the storage */
  async write(of: Digest, bytes: Uint8Array): Promise<void> {
    if (sha256(bytes) !== of) throw new BrambleError('data-loss', `chunk ${of} arrived with other bytes`);
    const path = this.#path(of);
    this.#partialsCount += 1;
    const partial = join(this.#dir, `${PARTIAL}${of}-${this.#partialsCount}`);
    try {
      await this.#writePartial(partial, bytes);
      await rename(partial, path).catch(async (thrown: unknown) => {
        if (errnoOf(thrown) !== 'ENOENT') throw thrown;
        await mkdir(join(this.#dir, of.slice(0, 2)), { recursive: true, mode: 0o700 });
        await rename(partial, path);
      });
    } catch (thrown) {
      await rm(partial, { force: true }).catch(() => undefined); // swept with the rest
      throw storageFailure(thrown, 'writing a chunk');
    }
  }

  /**
   * Blocks for one read of at most 192 KiB. What is damaged is treated as absent by has() from then on only when it was cut short: a
   * chunk of the right size with other bytes is for the caller to remove.
   * @throws BrambleError `not-found`, `data-loss`, and of the storage
   */
  read(of: Digest): Uint8Array {
    const bytes = this.readUnchecked(of);
    if (sha256(bytes) === of) return bytes;
    throw new BrambleError('data-loss', `chunk ${of} is damaged on storage`, {
      hint: 'pull the image again: what is damaged is fetched anew',
    });
  }

  /** For whoever takes the SHA-256 of what it gets. @throws BrambleError `not-found`, and of the storage */
  readUnchecked(of: Digest): Uint8Array {
    try {
      return readRegular(this.#path(of));
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') throw new BrambleError('not-found', `chunk ${of} is not here`);
      throw storageFailure(thrown, 'reading a chunk');
    }
  }

  /** No error when it is not there. */
  async remove(of: Digest): Promise<void> {
    await rm(this.#path(of), { force: true });
  }

  /** Removes what `isUsed` does not name, what a crash left half written included, when it is old enough. Answers with what that was. */
  async sweep(
    isUsed: (of: Digest) => boolean,
    olderThanMs: number,
  ): Promise<{ readonly removedCount: number; readonly freedBytes: number }> {
    let removedCount = 0;
    let freedBytes = 0;
    for (const folder of await namesIn(this.#dir)) {
      const isPartial = folder.startsWith(PARTIAL);
      for (const name of isPartial ? [''] : await namesIn(join(this.#dir, folder))) {
        if (!isPartial && (!/^[0-9a-f]{64}$/.test(name) || isUsed(digest(name)))) continue;
        const path = join(this.#dir, folder, name);
        const found = await stat(path).catch(() => undefined); // gone by itself
        if (found === undefined || found.mtimeMs >= olderThanMs) continue;
        await rm(path, { force: true });
        freedBytes += found.size;
        removedCount += 1;
      }
    }
    return { removedCount, freedBytes };
  }

  async #writePartial(partial: string, bytes: Uint8Array): Promise<void> {
    const openPartial = () => open(partial, 'wx', 0o600);
    const file = await openPartial().catch(async (thrown: unknown) => {
      if (errnoOf(thrown) === 'ENOENT') await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      else if (errnoOf(thrown) === 'EEXIST') await rm(partial, { force: true });
      else throw thrown;
      return openPartial();
    });
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  }

  #path(of: Digest): string {
    return join(this.#dir, of.slice(0, 2), of);
  }
}

/** A file and nothing else, of at most one chunk: whoever owns the folder may have put anything there. */
function readRegular(path: string): Uint8Array {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES_MAX));
    let filled = 0;
    while (filled < bytes.length) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, filled);
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return [];
    throw storageFailure(thrown, `reading ${dir}`);
  }
}
