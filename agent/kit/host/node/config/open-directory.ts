import { constants, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import { storageError } from '../../storage-error.js';
import { errnoOf } from '../errno.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const SIZE_LIMIT_BYTES = 256 * 1024;

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * A directory that was opened once, and files in it. What a name leads to can then not be exchanged under our feet: every
 * path goes through the open descriptor, as openat(2) would. Source: proc(5), /proc/pid/fd.
 */
export class OpenDirectory {
  readonly #handle: FileHandle;
  readonly #owners: readonly number[];

  private constructor(handle: FileHandle, owners: readonly number[]) {
    this.#handle = handle;
    this.#owners = owners;
  }

  /**
   * `undefined` when there is none. Its last name is no link, and one of the `owners` owns it, and the files in it.
   * @throws BrambleError `failed-precondition` for somebody else's
   */
  static async open(path: string, owners: readonly number[], called = path): Promise<OpenDirectory | undefined> {
    try {
      const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      const directory = new OpenDirectory(handle, owners);
      try {
        directory.#checkOwner((await handle.stat()).uid, called);
        return directory;
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      if (errnoOf(error) === 'ENOTDIR') throw notOurs(called, 'is no directory');
      throw told('opening', called, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** A directory in this one; made, for `owner` alone, when it is wanted and absent. */
  async within(name: string, owners: readonly number[], make?: FileOwner): Promise<OpenDirectory | undefined> {
    const path = this.#path(name);
    const found = await OpenDirectory.open(path, owners, name);
    if (found !== undefined || make === undefined) return found;
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      throw told('making', name, error);
    });
    const made = await OpenDirectory.open(path, [0, ...owners], name);
    if (made === undefined) return undefined; // taken away again at once, by its owner
    await made.#handle.chown(make.uid, make.gid);
    await this.#handle.sync();
    return made;
  }

  /** As latin1; `undefined` when absent. @throws BrambleError `failed-precondition` for what is no plain file */
  async read(name: string): Promise<string | undefined> {
    const handle = await this.#openFile(name);
    if (handle === undefined) return undefined;
    try {
      return await handle.readFile('latin1');
    } finally {
      await handle.close();
    }
  }

  /** Atomic and durable. A file that is there keeps its owner and mode; `fresh` is for a new one. */
  async replace(name: string, text: string, fresh: FileOwner & { readonly mode: number }): Promise<void> {
    const { uid, gid, mode } = (await this.#look(name)) ?? fresh;
    const temporary = this.#path(`.${name}.bramble`);
    try {
      await rm(temporary, { force: true }); // of a crash, or laid there: it is never followed
      const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        await handle.chown(uid, gid);
        await handle.chmod(mode);
        await handle.writeFile(text, 'latin1');
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#path(name));
      await this.#handle.sync();
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined); // the error before it counts
      throw told('writing', name, error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await rm(this.#path(name), { force: true });
      await this.#handle.sync();
    } catch (error) {
      throw told('removing', name, error);
    }
  }

  async #look(name: string): Promise<(FileOwner & { readonly mode: number }) | undefined> {
    const handle = await this.#openFile(name);
    if (handle === undefined) return undefined;
    try {
      const { uid, gid, mode } = await handle.stat();
      return { uid, gid, mode: mode & 0o7777 };
    } finally {
      await handle.close();
    }
  }

  async #openFile(name: string): Promise<FileHandle | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.#path(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw told('reading', name, error);
    }
    try {
      const stat = await handle.stat();
      this.#checkOwner(stat.uid, name);
      // A second name of a file would let its owner read somebody else's through us.
      if (!stat.isFile() || stat.nlink !== 1) throw notOurs(name, 'is no plain file with one name');
      if (stat.size > SIZE_LIMIT_BYTES) throw notOurs(name, `is larger than ${SIZE_LIMIT_BYTES} bytes`);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  #checkOwner(uid: number, name: string): void {
    if (!this.#owners.includes(uid)) throw notOurs(name, `belongs to uid ${uid}`);
  }

  #path(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}

function notOurs(name: string, why: string): BrambleError {
  return new BrambleError('failed-precondition', `${name} ${why}: it is left alone`);
}

function told(doing: string, what: string, error: unknown): unknown {
  const errno = errnoOf(error);
  return errno === undefined ? error : storageError(errno, `${doing} ${what}`, error);
}
