import { BrambleError } from '../../../proto/contract/errors.js';
import { type Random, randomBelow } from '../../../proto/contract/random.js';
import type { Files, LogFile } from '../host/ports.js';
import { storageError } from '../host/storage-error.js';
import type { Lifetime } from './lifetime.js';
import type { SimDisk, SimFileOperationKind } from './sim-disk.js';
import type { SimInode } from './sim-inode.js';
import type { SimWorld } from './sim-world.js';

const TEXT_LIMIT_BYTES = 4 * 2 ** 20;

/** The files port of one process on a simulated volume. */
export class SimFiles implements Files {
  readonly #world: SimWorld;
  readonly #disk: SimDisk;
  readonly #life: Lifetime;
  readonly #random: Random;

  constructor(world: SimWorld, disk: SimDisk, life: Lifetime, random: Random) {
    this.#world = world;
    this.#disk = disk;
    this.#life = life;
    this.#random = random;
  }

  readText(path: string): Promise<string | undefined> {
    return this.#do('read', path, 'reading', () => {
      const content = this.#disk.read(path);
      if (content === undefined) return undefined;
      if (content.length > TEXT_LIMIT_BYTES) throw storageError('EFBIG', `reading ${path}`);
      return new TextDecoder().decode(content);
    });
  }

  writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const temporary = `${path}.tmp`;
    return this.#life.guard(async () => {
      try {
        const inode = await this.#do('write', temporary, 'writing', () => this.#write(temporary, bytes));
        await this.#do('sync', temporary, 'syncing', () => {
          inode.sync();
        });
        await this.#do('rename', path, 'renaming', () => {
          this.#disk.rename(temporary, path);
        });
      } catch (error) {
        this.#disk.remove(temporary);
        throw error;
      }
      await this.#syncDirectory(path);
    });
  }

  openLog(path: string): Promise<LogFile> {
    return this.#life.guard(async () => {
      await this.#pause(path);
      const errno = this.#life.dead ? undefined : this.#disk.begin('open', path);
      if (this.#life.dead) return new Promise<LogFile>(() => {});
      const found = this.#disk.find(path);
      // As the real adapter: a log on a read-only volume can still be read.
      if (found !== undefined && errno === 'EROFS') return this.#log(path, found);
      if (errno !== undefined) throw storageError(errno, `opening ${path}`);
      if (found === undefined && this.#disk.usedBytes >= this.#disk.capacityBytes) {
        throw storageError('ENOSPC', `opening ${path}`);
      }
      const inode = found ?? this.#disk.create(path);
      await this.#syncDirectory(path);
      return this.#log(path, inode);
    });
  }

  remove(path: string): Promise<void> {
    return this.#do('remove', path, 'removing', () => {
      this.#disk.remove(path);
    });
  }

  #log(path: string, inode: SimInode): LogFile {
    return {
      readAll: () => this.#do('read', path, 'reading', () => inode.read()),
      append: (bytes) => this.#append(path, inode, bytes),
      sync: () =>
        this.#do('sync', path, 'syncing', () => inode.sync()).catch((error: unknown) => {
          inode.failSync(this.#random);
          throw error;
        }),
      truncate: (sizeBytes) =>
        this.#do('truncate', path, 'truncating', () => {
          inode.truncate(sizeBytes);
        }),
      close: () => this.#life.guard(() => Promise.resolve()),
    };
  }

  #append(path: string, inode: SimInode, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    return this.#do('append', path, 'appending to', () => {
      if (!this.#disk.append(inode, copy)) throw storageError('ENOSPC', `appending to ${path}`);
    }).catch((error: unknown) => {
      // An I/O error says nothing about how much was written before it.
      const isPartial = error instanceof BrambleError && error.context['errno'] === 'EIO';
      if (isPartial) this.#disk.append(inode, copy.subarray(0, randomBelow(this.#random, copy.length + 1)));
      throw error;
    });
  }

  #write(temporary: string, bytes: Uint8Array): SimInode {
    const inode = this.#disk.create(temporary);
    if (!this.#disk.append(inode, bytes)) throw storageError('ENOSPC', `writing ${temporary}`);
    return inode;
  }

  #syncDirectory(path: string): Promise<void> {
    return this.#do('sync-directory', path, 'syncing the directory of', () => {
      this.#disk.syncDirectory(path);
    });
  }

  #do<T>(kind: SimFileOperationKind, path: string, doing: string, effect: () => T): Promise<T> {
    return this.#life.guard(async () => {
      await this.#pause(path);
      if (this.#life.dead) return new Promise<T>(() => {});
      const errno = this.#disk.begin(kind, path);
      if (this.#life.dead) return new Promise<T>(() => {}); // the fault was a crash: the operation never happened
      if (errno !== undefined) throw storageError(errno, `${doing} ${path}`);
      return effect();
    });
  }

  async #pause(path: string): Promise<void> {
    const latencyMs = this.#disk.latencyMs(path);
    if (latencyMs > 0) await new Promise<void>((resolve) => void this.#world.after(latencyMs, resolve));
  }
}
