import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrambleError } from '../../../proto/contract/errors.js';
import { mountDiskImage } from './disk-image.js';
import { readFolderTree } from './folder-tree.js';
import { readTarTree } from './tar-tree.js';
import type { SourceTree } from './tree.js';
import { unpackFile } from './unpack-file.js';

export interface ImageSource {
  readonly root: SourceTree;
  readonly boot: SourceTree | undefined;
}

/** Where Raspberry Pi OS and Debian keep what the boot ROM loads, newest first. */
const BOOT_FOLDERS = ['boot/firmware', 'boot'] as const;
/** One of these is among the boot files of every Pi. */
const BOOT_MARKS = ['config.txt', 'bootcode.bin', 'start4.elf', 'start.elf'] as const;
const TAR_MAGIC_AT = 257;

/**
 * Opens a folder, a tar archive or a disk image, packed or not, and closes it again when the work is done.
 * @throws BrambleError `invalid-argument`, `failed-precondition`, `data-loss`, `permission-denied`
 */
export async function withImageSource<T>(
  path: string,
  bootDir: string | undefined,
  work: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const withBoot = async (root: SourceTree, boot = bootFilesOf(root)): Promise<T> =>
    work({ root, boot: bootDir === undefined ? boot : await readFolderTree(bootDir) });
  const found = await stat(path).catch((cause: unknown) => {
    throw new BrambleError('invalid-argument', `${path} cannot be read`, { cause });
  });
  if (found.isDirectory()) return withBoot(await readFolderTree(path));
  const scratch = await mkdtemp(join(process.env['TMPDIR'] ?? tmpdir(), 'bramble-import-'));
  const packed = await open(path, 'r');
  const unpackedPath = join(scratch, 'unpacked');
  let unpacked: Awaited<ReturnType<typeof unpackFile>>;
  try {
    unpacked = await unpackFile(path, packed, unpackedPath);
    const file = unpacked ?? packed;
    const magic = Buffer.alloc(5);
    await file.read(magic, 0, magic.length, TAR_MAGIC_AT);
    if (magic.toString('latin1') === 'ustar') return await withBoot(await readTarTree(file));
    const mounted = await mountDiskImage(unpacked === undefined ? path : unpackedPath, file, scratch);
    try {
      return await withBoot(await readFolderTree(mounted.root), asFat(await readFolderTree(mounted.boot)));
    } finally {
      await mounted.unmount();
    }
  } finally {
    await unpacked?.close();
    await packed.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** FAT knows no owners and no modes: every import of one image is the same. */
function asFat(tree: SourceTree): SourceTree {
  const entries = tree.entries.map((entry) =>
    entry.kind === 'hard-link' ? entry : { ...entry, uid: 0, gid: 0, mode: entry.kind === 'directory' ? 0o755 : 0o644 },
  );
  // When its top folder was made is when it was copied.
  return { ...tree, entries: entries.map((entry) => (entry.path === '.' ? { ...entry, mtimeS: 0 } : entry)) };
}

/** The boot files that lie inside of a root. */
function bootFilesOf(root: SourceTree): SourceTree | undefined {
  const folder = BOOT_FOLDERS.find((each) =>
    root.entries.some(({ kind, path }) => kind === 'file' && BOOT_MARKS.some((mark) => path === `${each}/${mark}`)),
  );
  if (folder === undefined) return undefined;
  const below = (path: string): string => (path === folder ? '.' : path.slice(folder.length + 1));
  const entries = root.entries
    .filter(({ path }) => path === folder || path.startsWith(`${folder}/`))
    .map((entry) =>
      entry.kind === 'hard-link'
        ? { ...entry, path: below(entry.path), target: below(entry.target) }
        : { ...entry, path: below(entry.path) },
    );
  return {
    entries,
    leftOut: [],
    read: (file) => root.read({ ...file, path: file.path === '.' ? folder : `${folder}/${file.path}` }),
  };
}
