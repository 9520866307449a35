import { constants, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Files } from '../ports.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';
import { NodeLogFile } from './log-file.js';

const TEXT_LIMIT_BYTES = 4 * 2 ** 20;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

export function makeNodeFiles(): Files {
  // Two writers of one path would share one temporary file: they take turns.
  const turns = new Map<string, Promise<void>>();
  return {
    readText,
    writeAtomic: (path, content, mode = 0o600) => {
      const turn = (turns.get(path) ?? Promise.resolve())
        .catch(() => undefined) // told to the caller before
        .then(() => replaceFile(path, content, mode));
      turns.set(path, turn);
      const forget = (): void => {
        if (turns.get(path) === turn) turns.delete(path);
      };
      turn.then(forget, forget);
      return turn;
    },
    openLog,
    remove: async (path) => {
      await told('removing', path, () => rm(path, { force: true }));
    },
  };
}

function readText(path: string): Promise<string | undefined> {
  return told('reading', path, async () => {
    let handle: FileHandle;
    try {
      handle = await open(path, O_RDONLY | O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
    try {
      if ((await handle.stat()).size > TEXT_LIMIT_BYTES) throw storageError('EFBIG', `reading ${path}`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}

/** The temporary name is always the same: what a crash leaves there is overwritten by the next write. */
function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  return told('writing', path, async () => {
    const temporary = join(dirname(path), `.${basename(path)}.tmp`);
    try {
      const flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
      const handle = await withDirectory(path, () => open(temporary, flags, mode));
      try {
        await handle.chmod(mode); // open() asked the umask, and an old file keeps its mode
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined); // gives its space back; the error before it counts
      throw error;
    }
    await syncDirectory(path);
  });
}

function openLog(path: string): Promise<NodeLogFile> {
  return told('opening', path, async () => {
    let handle: FileHandle;
    try {
      const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW;
      handle = await withDirectory(path, () => open(path, flags, 0o600));
    } catch (error) {
      // A log on a read-only volume can still be read; each append will say why it cannot be written.
      if (errnoOf(error) !== 'EROFS') throw error;
      return new NodeLogFile(path, await open(path, O_RDONLY | O_NOFOLLOW).catch(() => Promise.reject(error)));
    }
    try {
      await syncDirectory(path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new NodeLogFile(path, handle);
  });
}

/** Makes the directory, for the agent alone, when the first attempt finds it absent. */
async function withDirectory<T>(path: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return attempt();
  }
}

/** A rename or a new name is durable only after this. Source: fsync(2), NOTES. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Gives system errors their meaning; others pass as they are. */
async function told<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined ? error : storageError(errno, `${doing} ${path}`, error);
  }
}
