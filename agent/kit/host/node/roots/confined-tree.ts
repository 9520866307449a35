import { constants, type FileHandle, lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import type { ConfinedTree, OwnFile } from '../../../roots/confined-tree.js';
import { storageError } from '../../storage-error.js';
import { errnoOf } from '../errno.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const ROOT = 0;
const FOLDER_MODE = 0o755;
/** As the kernel's own limit of a path. Source: limits.h, PATH_MAX; names of at least one character. */
const DEPTH_MAX = 2_048;
/** Whoever owns the tree may have made the file as long as they like. */
const READ_BYTES_MAX = 64 * 1024;
const HINT = 'an image whose files are not what their names say is not used';

/** A folder that is open, and what its content is reached by. Source: proc(5), /proc/pid/fd. */
interface OpenFolder {
  readonly handle: FileHandle;
  readonly path: string;
}

/**
 * Nothing is durable before the whole volume is synced. Every name is opened below the folder that was opened before it, and none of them is followed when it is a link, as
 * openat2(2) does with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.
 */
export async function openConfinedTree(path: string): Promise<ConfinedTree> {
  const top = await told('opening', path, () => openFolder(path));
  const within = <T>(file: string, make: boolean, work: (folder: OpenFolder, name: string) => Promise<T>) =>
    told('changing', file, () => inFolder(top, partsOf(file), make, work));
  return {
    write: async (file) => {
      await within(file.path, true, (folder, name) => replaceFile(folder, name, file));
    },
    makeFolder: async (file, mode) => {
      await within(`${file}/.`, true, ({ handle }) => handle.chmod(mode));
    },
    list: async (file) =>
      (await within(`${file}/.`, false, async (folder) => (await readdir(folder.path)).sort())) ?? [],
    read: (file) => within(file, false, readPlain),
    remove: async (file) => {
      await within(file, false, async (folder, name) => {
        await rm(`${folder.path}/${name}`, { force: true });
      });
    },
    openUp: () => told('reading', path, () => openUp(top, '', 0)),
    close: () => top.handle.close(),
  };
}

async function openFolder(path: string): Promise<OpenFolder> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return { handle, path: `/proc/self/fd/${handle.fd}` };
}

/** `undefined` when a folder on the way is absent and not to be made. */
async function inFolder<T>(
  folder: OpenFolder,
  parts: readonly string[],
  make: boolean,
  work: (folder: OpenFolder, name: string) => Promise<T>,
): Promise<T | undefined> {
  const [name = '', ...rest] = parts;
  if (rest.length === 0) return work(folder, name);
  const next = await enter(folder, name, make);
  if (next === undefined) return undefined;
  try {
    return await inFolder(next, rest, make, work);
  } finally {
    await next.handle.close();
  }
}

async function enter(folder: OpenFolder, name: string, make: boolean): Promise<OpenFolder | undefined> {
  try {
    return await openFolder(`${folder.path}/${name}`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    if (!make) return undefined;
  }
  await mkdir(`${folder.path}/${name}`, { mode: FOLDER_MODE });
  const made = await openFolder(`${folder.path}/${name}`);
  await made.handle.chmod(FOLDER_MODE); // whatever the umask
  return made;
}

/** A new file in the place of whatever has the name: its content is never written through a second name of it. */
async function replaceFile(folder: OpenFolder, name: string, { path, text, mode }: OwnFile): Promise<void> {
  const temporary = `${folder.path}/.${name}.bramble`;
  await refuseUnlessPlain(folder, name, path);
  // Never a folder with what is in it: whoever lives in the tree could swap one while it is gone through.
  await unlink(temporary).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await handle.chown(ROOT, ROOT);
    await handle.chmod(mode);
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(temporary, `${folder.path}/${name}`);
}

/** Looked at, not opened: opening a device is asking it for something. */
async function refuseUnlessPlain(folder: OpenFolder, name: string, path: string): Promise<void> {
  const kind = await kindOf(folder, name);
  if (kind === 'absent' || kind === 'file') return;
  const what = kind === 'link' ? 'a link is in the way' : 'it is no plain file';
  throw new BrambleError('failed-precondition', `${path}: ${what}`, { hint: HINT });
}

async function kindOf(folder: OpenFolder, name: string): Promise<'absent' | 'file' | 'link' | 'other'> {
  try {
    const stat = await lstat(`${folder.path}/${name}`);
    if (stat.isSymbolicLink()) return 'link';
    return stat.isFile() ? 'file' : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'absent';
    throw error;
  }
}

async function readPlain(folder: OpenFolder, name: string): Promise<string | undefined> {
  if ((await kindOf(folder, name)) !== 'file') return undefined;
  const handle = await open(`${folder.path}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const bytes = new Uint8Array(READ_BYTES_MAX);
    const { bytesRead } = await handle.read(bytes, 0, READ_BYTES_MAX, 0);
    return new TextDecoder().decode(bytes.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

async function openUp(folder: OpenFolder, at: string, depth: number): Promise<string | undefined> {
  await folder.handle.chmod(FOLDER_MODE);
  for (const entry of await readdir(folder.path, { withFileTypes: true })) {
    const path = `${at}${entry.name}`;
    const inner = `${folder.path}/${entry.name}`;
    if (entry.isFile()) await letRead(inner);
    else if (!entry.isDirectory() || depth >= DEPTH_MAX) return path;
    else {
      const next = await openFolder(inner);
      try {
        const strange = await openUp(next, `${path}/`, depth + 1);
        if (strange !== undefined) return strange;
      } finally {
        await next.handle.close();
      }
    }
  }
  return undefined;
}

async function letRead(path: string): Promise<void> {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    await handle.chmod(((await handle.stat()).mode & 0o777) | 0o444);
  } finally {
    await handle.close();
  }
}

function partsOf(path: string): readonly string[] {
  const parts = path.split('/');
  const isFine = parts.every(
    (part, index) => (part !== '' && part !== '.' && part !== '..') || isItself(part, index, parts),
  );
  if (isFine) return parts;
  throw new BrambleError('invalid-argument', `not a path below a tree: ${JSON.stringify(path)}`);
}

/** "a/b/." is the folder b itself. */
function isItself(part: string, index: number, parts: readonly string[]): boolean {
  return part === '.' && index === parts.length - 1 && index > 0;
}

async function told<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ELOOP' || errno === 'ENOTDIR') {
      throw new BrambleError('failed-precondition', `${path}: a link is in the way`, { hint: HINT, cause: error });
    }
    throw errno === undefined ? error : storageError(errno, `${doing} ${path}`, error);
  }
}
