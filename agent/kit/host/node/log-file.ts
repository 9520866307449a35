import type { FileHandle } from 'node:fs/promises';
import type { LogFile } from '../ports.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';

/** Logs of the agent are bounded far below this; a larger file is not one of ours. */
const READ_LIMIT_BYTES = 64 * 2 ** 20;

/** An open file in append mode. */
export class NodeLogFile implements LogFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  readAll(): Promise<Uint8Array> {
    return this.#told('reading', async () => {
      const { size } = await this.#handle.stat();
      if (size > READ_LIMIT_BYTES) throw storageError('EFBIG', `reading ${this.#path}`);
      const bytes = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await this.#handle.read(bytes, filled, size - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    });
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#told('appending to', async () => {
      for (let written = 0; written < bytes.length; ) {
        written += (await this.#handle.write(bytes, written)).bytesWritten;
      }
    });
  }

  /** fdatasync: the size counts, the times do not. */
  sync(): Promise<void> {
    return this.#told('syncing', () => this.#handle.datasync());
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#told('truncating', () => this.#handle.truncate(sizeBytes));
  }

  close(): Promise<void> {
    return this.#told('closing', () => this.#handle.close());
  }

  async #told<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const errno = errnoOf(error);
      // A descriptor that is read-only says EBADF: its volume was read-only when it was opened.
      const meaning = errno === 'EBADF' || errno === 'EINVAL' ? 'EROFS' : errno;
      throw meaning === undefined ? error : storageError(meaning, `${doing} ${this.#path}`, error);
    }
  }
}
