import type { FileHandle } from 'node:fs/promises';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CatalogueEntry, Xattr } from '../../../proto/contract/images/catalogue.js';
import { ENTRIES_MAX, isImageXattr } from '../../../proto/contract/images/catalogue-check.js';
import { parsePax, parseTarHeader, TAR_BLOCK_BYTES, type TarHeader, text } from './tar-header.js';
import { comparePaths, type FileEntry, type SourceTree } from './tree.js';

const READ_BYTES = 256 * 1024;
/** Of one header about a header: names and attributes. */
const EXTENSION_BYTES_MAX = 1024 * 1024;
const XATTR_PREFIX = 'SCHILY.xattr.';
/** Device nodes and pipes there are made anew by the kernel at each boot. */
const MADE_AT_BOOT = /^(?:dev|run)\//;

interface Found {
  readonly entries: Map<string, CatalogueEntry>;
  /** Where a file's content begins in the archive. */
  readonly offsets: Map<string, number>;
  readonly leftOut: string[];
}

/**
 * A tar archive that is not compressed. All headers are read before anything else, so that files are taken in the order of their names:
 * two archives of one tree in another order are one image.
 * @throws BrambleError `data-loss`, `unsupported` (sparse files), `failed-precondition` (device nodes, one name twice)
 */
export async function readTarTree(archive: FileHandle): Promise<SourceTree> {
  const found: Found = { entries: new Map(), offsets: new Map(), leftOut: [] };
  const { size: archiveBytes } = await archive.stat();
  let extension: ReadonlyMap<string, Buffer> = new Map();
  for (let at = 0, headersCount = 0; at + TAR_BLOCK_BYTES <= archiveBytes; headersCount++) {
    if (headersCount > ENTRIES_MAX * 2) throw new BrambleError('failed-precondition', 'the archive has too many names');
    const header = parseTarHeader(await readAt(archive, at, TAR_BLOCK_BYTES));
    at += TAR_BLOCK_BYTES;
    if (header === undefined) break;
    if (isExtension(header)) {
      extension = new Map([...extension, ...(await readExtension(archive, header, at))]);
      at += blocks(header.sizeBytes);
      continue;
    }
    const sizeBytes = contentBytes(header, extension);
    if (at + sizeBytes > archiveBytes) throw new BrambleError('data-loss', 'the archive is cut short');
    addEntry(found, { header, extension, sizeBytes, offset: at });
    extension = new Map();
    at += blocks(sizeBytes);
  }
  addParents(found.entries);
  const { offsets, leftOut } = found;
  const entries = [...found.entries.values()].toSorted((a, b) => comparePaths(a.path, b.path));
  return {
    entries: hardLinksLast(entries),
    leftOut,
    read: (file) => readContent(archive, file, offsets.get(file.path)),
  };
}

const isExtension = ({ type }: TarHeader): boolean => ['x', 'g', 'L', 'K'].includes(type);

async function readExtension(archive: FileHandle, header: TarHeader, at: number): Promise<ReadonlyMap<string, Buffer>> {
  if (header.sizeBytes > EXTENSION_BYTES_MAX)
    throw new BrambleError('data-loss', 'the archive has a header of many megabytes');
  const bytes = await readAt(archive, at, header.sizeBytes);
  if (header.type === 'L') return new Map([['path', withoutEnd(bytes)]]);
  if (header.type === 'K') return new Map([['linkpath', withoutEnd(bytes)]]);
  const records = parsePax(bytes);
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw sparse();
  // What is said of all files would be wrong for most: times of a commit, say. Nothing of it is needed.
  return header.type === 'g' ? new Map() : records;
}

function contentBytes({ type, sizeBytes }: TarHeader, extension: ReadonlyMap<string, Buffer>): number {
  if (type === 'S') throw sparse();
  if (!['0', '7'].includes(type)) return 0;
  const size = extension.get('size')?.toString('latin1');
  if (size === undefined) return sizeBytes;
  if (!/^[0-9]{1,15}$/.test(size)) throw new BrambleError('data-loss', 'the archive is damaged: a size is none');
  return Number(size);
}

interface TarEntry {
  readonly header: TarHeader;
  readonly extension: ReadonlyMap<string, Buffer>;
  readonly sizeBytes: number;
  readonly offset: number;
}

function addEntry({ entries, offsets, leftOut }: Found, { header, extension, sizeBytes, offset }: TarEntry): void {
  const pathBytes = extension.get('path');
  const path = plain(pathBytes === undefined ? header.name : text(pathBytes));
  const linkBytes = extension.get('linkpath');
  const target = linkBytes === undefined ? header.linkName : text(linkBytes);
  const base = { path, ...ownedBy(header, extension), xattrs: xattrsOf(extension) };
  const add = (entry: CatalogueEntry): void => {
    if (entries.has(path))
      throw new BrambleError('failed-precondition', `the archive has ${JSON.stringify(path)} twice`);
    entries.set(path, entry);
  };
  switch (header.type) {
    case '0':
    case '7':
      offsets.set(path, offset);
      add({ ...base, kind: 'file', sizeBytes });
      return;
    case '1':
      add({ kind: 'hard-link', path, target: plain(target) });
      return;
    case '2':
      add({ ...base, kind: 'symlink', target });
      return;
    case '5':
      add({ ...base, kind: 'directory' });
      return;
  }
  if (!MADE_AT_BOOT.test(path)) {
    throw new BrambleError(
      'failed-precondition',
      `${JSON.stringify(path)} is a device node, a pipe or of an unknown kind`,
      {
        hint: 'an image has directories, files and links; leave the rest out of the archive',
      },
    );
  }
  leftOut.push(path);
}

function ownedBy({ uid, gid, mode, mtimeS }: TarHeader, extension: ReadonlyMap<string, Buffer>) {
  const number = (key: string, otherwise: number): number => {
    const found = extension.get(key)?.toString('latin1');
    return found !== undefined && /^[0-9]{1,15}(?:\.[0-9]*)?$/.test(found) ? Math.floor(Number(found)) : otherwise;
  };
  return { mode, uid: number('uid', uid), gid: number('gid', gid), mtimeS: number('mtime', mtimeS) };
}

function xattrsOf(extension: ReadonlyMap<string, Buffer>): readonly Xattr[] {
  return [...extension]
    .filter(([key]) => key.startsWith(XATTR_PREFIX) && isImageXattr(key.slice(XATTR_PREFIX.length)))
    .map(([key, value]) => ({ name: key.slice(XATTR_PREFIX.length), valueBase64: value.toString('base64') }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** "./a/" is "a". What is not in normal form otherwise stays as it is, and is refused by whoever judges. */
function plain(path: string): string {
  const relative = path.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  return relative === '' ? '.' : relative;
}

/** Folders that the archive does not speak of belong to root and are open to all. */
function addParents(entries: Map<string, CatalogueEntry>): void {
  const add = (path: string): void => {
    if (entries.has(path)) return;
    entries.set(path, { kind: 'directory', path, uid: 0, gid: 0, mode: 0o755, mtimeS: 0, xattrs: [] });
  };
  add('.');
  for (const path of [...entries.keys()]) {
    for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) add(path.slice(0, slash));
  }
}

/** A name that points to a file must come after it, wherever its own place would be. */
export function hardLinksLast(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  return [...entries.filter(({ kind }) => kind !== 'hard-link'), ...entries.filter(({ kind }) => kind === 'hard-link')];
}

async function* readContent(
  archive: FileHandle,
  { path, sizeBytes }: FileEntry,
  offset: number | undefined,
): AsyncGenerator<Uint8Array> {
  if (offset === undefined) throw new BrambleError('internal', `${path} has no content`);
  for (let at = 0; at < sizeBytes; at += READ_BYTES) {
    yield await readAt(archive, offset + at, Math.min(READ_BYTES, sizeBytes - at));
  }
}

async function readAt(archive: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await archive.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new BrambleError('data-loss', 'the archive is cut short');
    filled += bytesRead;
  }
  return bytes;
}

const blocks = (bytes: number): number => Math.ceil(bytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
const withoutEnd = (bytes: Buffer): Buffer => (bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);

function sparse(): BrambleError {
  return new BrambleError('unsupported', 'the archive has sparse files', { hint: 'make it without --sparse' });
}
