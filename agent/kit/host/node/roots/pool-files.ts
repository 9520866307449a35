import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PoolFiles } from '../../../roots/ports.js';
import { storageError } from '../../storage-error.js';
import { errnoOf } from '../errno.js';
import { openConfinedTree } from './confined-tree.js';

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

export function makePoolFiles(): PoolFiles {
  return {
    list: (path) => absentAs([], 'listing', path, async () => (await readdir(path)).sort()),
    readText: (path) => absentAs(undefined, 'reading', path, () => readFile(path, 'utf8')),
    readLink: (path) => absentAs(undefined, 'reading', path, () => readlink(path), ['EINVAL']),
    makeFolder: (path) => told('making', path, () => makeFolder(path)),
    writeText: (path, text) => told('writing', path, () => writeText(path, text)),
    link: (path, target) => told('linking', path, () => replaced(path, (temporary) => symlink(target, temporary))),
    remove: (path) => told('removing', path, () => remove(path)),
    openTree: openConfinedTree,
  };
}

/** Each folder that is new is on storage before anything in it. */
async function makeFolder(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) return;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await makeFolder(dirname(path));
  await mkdir(path, { mode: FOLDER_MODE }).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  const folder = await open(path, O_RDONLY | constants.O_DIRECTORY | O_NOFOLLOW);
  try {
    await folder.chmod(FOLDER_MODE); // whatever the umask
  } finally {
    await folder.close();
  }
  await syncFolder(dirname(path));
}

async function writeText(path: string, text: string): Promise<void> {
  await replaced(path, async (temporary) => {
    const handle = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
    try {
      await handle.chmod(FILE_MODE);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** The temporary name is always the same: what a crash leaves there is in nobody's way. */
async function replaced(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  await makeFolder(dirname(path));
  await rm(temporary, { force: true });
  await make(temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await syncFolder(dirname(path)).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error; // the folder itself is gone: so is what was in it
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function absentAs<T>(
  absent: T,
  doing: string,
  path: string,
  work: () => Promise<T>,
  more: readonly string[] = [],
): Promise<T> {
  return told(doing, path, async () => {
    try {
      return await work();
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', ...more].includes(errnoOf(error) ?? '')) return absent;
      throw error;
    }
  });
}

async function told<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined ? error : storageError(errno, `${doing} ${path}`, error);
  }
}
