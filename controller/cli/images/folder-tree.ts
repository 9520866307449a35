import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CatalogueEntry, Xattr } from '../../../proto/contract/images/catalogue.js';
import { ENTRIES_MAX, isImageXattr } from '../../../proto/contract/images/catalogue-check.js';
import { hardLinksLast } from './tar-tree.js';
import { comparePaths, type FileEntry, type SourceTree } from './tree.js';

const { O_NOFOLLOW, O_RDONLY } = constants;
const READ_BYTES = 256 * 1024;
const XATTRS_BYTES_MAX = 64 * 1024 * 1024;
const MADE_AT_BOOT = /^(?:dev|run)\//;

interface Walk {
  readonly dir: string;
  readonly entries: CatalogueEntry[];
  readonly leftOut: string[];
  /** Device and inode of files with more names than one. */
  readonly firstNames: Map<string, string>;
  readonly xattrs: ReadonlyMap<string, readonly Xattr[]>;
}

/**
 * A folder as it is; other filesystems mounted in it included.
 * @throws BrambleError `failed-precondition` (device nodes, pipes), `unsupported` (a name that is not UTF-8)
 */
export async function readFolderTree(dir: string): Promise<SourceTree> {
  const xattrs = await readXattrs(dir);
  const leftOut = xattrs === undefined ? ['extended attributes: getfattr is not installed'] : [];
  const walk: Walk = { dir, entries: [], leftOut, firstNames: new Map(), xattrs: xattrs ?? new Map() };
  await visit(walk, '.');
  walk.entries.sort((a, b) => comparePaths(a.path, b.path));
  return { entries: hardLinksLast(walk.entries), leftOut, read: (file) => readContent(dir, file) };
}

async function visit(walk: Walk, path: string): Promise<void> {
  const found = await lstat(join(walk.dir, path));
  if (walk.entries.length > ENTRIES_MAX) throw new BrambleError('failed-precondition', 'the folder has too many names');
  const { uid, gid } = found;
  const mtimeS = Math.max(0, Math.floor(found.mtimeMs / 1_000));
  const base = { path, uid, gid, mode: found.mode & 0o7777, mtimeS, xattrs: walk.xattrs.get(path) ?? [] };
  if (found.isDirectory()) {
    walk.entries.push({ ...base, kind: 'directory' });
    for (const name of await namesIn(join(walk.dir, path))) {
      // Every filesystem of ext4 has one of its own.
      if (path === '.' && name === 'lost+found') continue;
      await visit(walk, path === '.' ? name : `${path}/${name}`);
    }
  } else if (found.isSymbolicLink()) {
    walk.entries.push({ ...base, kind: 'symlink', target: await readlink(join(walk.dir, path)), xattrs: [] });
  } else if (found.isFile()) {
    const inode = `${found.dev}:${found.ino}`;
    const first = found.nlink > 1 ? walk.firstNames.get(inode) : undefined;
    if (first !== undefined) {
      walk.entries.push({ kind: 'hard-link', path, target: first });
      return;
    }
    if (found.nlink > 1) walk.firstNames.set(inode, path);
    walk.entries.push({ ...base, kind: 'file', sizeBytes: found.size });
  } else if (MADE_AT_BOOT.test(path) || found.isSocket()) {
    walk.leftOut.push(path);
  } else {
    throw new BrambleError('failed-precondition', `${JSON.stringify(path)} is a device node or a pipe`, {
      hint: 'an image has directories, files and links; remove the rest, or leave it out',
    });
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { encoding: 'buffer' });
  return names
    .map((bytes) => {
      const name = bytes.toString('utf8');
      if (Buffer.from(name).equals(bytes)) return name;
      throw new BrambleError(
        'unsupported',
        `a name that is not UTF-8: ${JSON.stringify(join(dir, bytes.toString('latin1')))}`,
      );
    })
    .toSorted();
}

async function* readContent(dir: string, { path, sizeBytes }: FileEntry): AsyncGenerator<Uint8Array> {
  const file = await open(join(dir, path), O_RDONLY | O_NOFOLLOW);
  try {
    for (let at = 0; at < sizeBytes; ) {
      const bytes = Buffer.allocUnsafe(Math.min(READ_BYTES, sizeBytes - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      yield bytes.subarray(0, bytesRead);
    }
    if ((await file.stat()).size !== sizeBytes) {
      throw new BrambleError('aborted', `${path} has changed while it was read`, {
        hint: 'import a folder that rests',
      });
    }
  } finally {
    await file.close();
  }
}

/** `undefined` without the program. Source: getfattr(1), --dump. */
async function readXattrs(dir: string): Promise<ReadonlyMap<string, readonly Xattr[]> | undefined> {
  const argv = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=base64', '.'];
  const output = await new Promise<string | undefined>((resolve, reject) => {
    execFile('getfattr', argv, { cwd: dir, maxBuffer: XATTRS_BYTES_MAX, encoding: 'latin1' }, (failure, stdout) => {
      if (failure === null) resolve(stdout);
      else if (failure.code === 'ENOENT') resolve(undefined);
      else
        reject(
          new BrambleError('failed-precondition', `extended attributes of ${dir} cannot be read`, { cause: failure }),
        );
    });
  });
  return output === undefined ? undefined : parseXattrs(output);
}

function parseXattrs(output: string): ReadonlyMap<string, readonly Xattr[]> {
  const all = new Map<string, Xattr[]>();
  let own: Xattr[] = [];
  for (const line of output.split('\n')) {
    if (line.startsWith('# file: ')) {
      own = [];
      all.set(fromOctal(line.slice('# file: '.length)).replace(/^\.\//, ''), own);
      continue;
    }
    const [, name, valueBase64] = /^([^=]+)=0s([A-Za-z0-9+/=]*)$/.exec(line) ?? [];
    if (name !== undefined && valueBase64 !== undefined && isImageXattr(name)) own.push({ name, valueBase64 });
  }
  for (const xattrs of all.values()) xattrs.sort((a, b) => (a.name < b.name ? -1 : 1));
  return all;
}

/** Bytes as \\ooo. */
function fromOctal(name: string): string {
  const bytes = name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
