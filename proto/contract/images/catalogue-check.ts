import { BrambleError } from '../errors.js';
import { visible } from '../visible.js';
import type { CatalogueEntry } from './catalogue.js';
import type { ImagePart } from './manifest.js';

/** A root of a large Debian desktop has 400,000 names. */
export const ENTRIES_MAX = 2_000_000;
/** Of one file. A root is far smaller; a sparse file of exbibytes is an attack. */
const FILE_BYTES_MAX = 2 ** 38;
/** Source: limits.h of Linux, NAME_MAX; PATH_MAX less what may be in front of it. */
const NAME_BYTES_MAX = 255;
const PATH_BYTES_MAX = 3_072;
const TARGET_BYTES_MAX = 4_095;
/** Source: uid_t of 32 bits, whose last value means "unchanged" to chown(2). */
const OWNER_MAX = 0xffff_fffe;
const SETUID_BITS = 0o6000;
const XATTRS_MAX = 32;
const XATTR_BASE64_MAX = 64 * 1024;
/** What a root may carry: capabilities of programs, access lists, and what users keep there. Nothing that another kernel part trusts. */
const XATTR_NAME = /^(?:user\.[\x21-\x7e]{1,200}|security\.capability|system\.posix_acl_(?:access|default))$/;

/** Half of a character: no file on storage has such a name, and it would be written as another one. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Judges the entries of one file tree, one after the other, before any of them is written. What passes can be written into an empty
 * folder name by name without ever leaving it: every parent is a directory that was named before, and no name comes twice.
 */
export class CatalogueCheck {
  readonly #part: ImagePart;
  readonly #directories = new Set<string>();
  readonly #files = new Set<string>();
  readonly #folded = new Set<string>();
  #contentBytes = 0;
  #entriesCount = 0;

  constructor(part: ImagePart) {
    this.#part = part;
  }

  get contentBytes(): number {
    return this.#contentBytes;
  }

  get entriesCount(): number {
    return this.#entriesCount;
  }

  /** @throws BrambleError `failed-precondition` */
  take(entry: CatalogueEntry): void {
    this.#entriesCount += 1;
    if (this.#entriesCount > ENTRIES_MAX) throw refused(entry.path, `there are more than ${ENTRIES_MAX} names`);
    this.#checkPath(entry);
    switch (entry.kind) {
      case 'directory':
        this.#directories.add(entry.path);
        break;
      case 'file':
        if (entry.sizeBytes > FILE_BYTES_MAX) throw refused(entry.path, 'no file is that large');
        this.#contentBytes += entry.sizeBytes;
        this.#files.add(entry.path);
        break;
      case 'symlink':
        if (this.#part === 'boot')
          throw refused(entry.path, 'boot files have no links: a TFTP server would follow them');
        if (utf8Bytes(entry.target) > TARGET_BYTES_MAX || entry.target.includes('\0') || entry.target === '') {
          throw refused(entry.path, 'what it points to is no path');
        }
        break;
      case 'hard-link':
        if (!this.#files.has(entry.target)) throw refused(entry.path, 'it is another name of a file that is not there');
        return;
    }
    this.#checkRights(entry);
  }

  #checkPath({ path, kind }: CatalogueEntry): void {
    if (this.#entriesCount === 1) {
      if (path !== '.' || kind !== 'directory') throw refused(path, 'the first entry is the top folder');
      return;
    }
    if (!isNormalPath(path)) throw refused(path, 'it is not a path below the top folder in normal form');
    const slash = path.lastIndexOf('/');
    if (!this.#directories.has(slash < 0 ? '.' : path.slice(0, slash))) {
      throw refused(path, 'its folder is not a directory that comes before it');
    }
    // One name in two spellings is one file to whoever folds them: FAT does so with cases, people do so with forms of Unicode.
    const folded = this.#part === 'boot' ? path.normalize('NFC').toLowerCase() : path.normalize('NFC');
    if (this.#folded.has(folded)) throw refused(path, 'the name comes twice');
    this.#folded.add(folded);
  }

  #checkRights(entry: Exclude<CatalogueEntry, { kind: 'hard-link' }>): void {
    const { path, mode, uid, gid, xattrs } = entry;
    if (mode > 0o7777 || uid > OWNER_MAX || gid > OWNER_MAX) throw refused(path, 'no such mode or owner');
    if (this.#part === 'boot' && (mode & SETUID_BITS) !== 0) throw refused(path, 'boot files run as nobody');
    if (xattrs.length > XATTRS_MAX) throw refused(path, 'it has too many extended attributes');
    let before = '';
    for (const { name, valueBase64 } of xattrs) {
      if (!XATTR_NAME.test(name)) throw refused(path, `no image carries the attribute ${visible(name, 60)}`);
      if (valueBase64.length > XATTR_BASE64_MAX) throw refused(path, `its attribute ${name} is too large`);
      if (name <= before) throw refused(path, 'its extended attributes are not in order');
      before = name;
    }
  }
}

/** Whether an extended attribute has a place in images. */
export function isImageXattr(name: string): boolean {
  return XATTR_NAME.test(name);
}

/** "a/b", never "/a", "a//b", "a/../b", "a/", "" or ".". */
export function isNormalPath(path: string): boolean {
  if (path === '' || path.includes('\0') || LONE_SURROGATE.test(path) || utf8Bytes(path) > PATH_BYTES_MAX) return false;
  return path
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..' && utf8Bytes(name) <= NAME_BYTES_MAX);
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

function refused(path: string, why: string): BrambleError {
  return new BrambleError('failed-precondition', `the image’s ${visible(path, 120)}: ${why}`);
}
