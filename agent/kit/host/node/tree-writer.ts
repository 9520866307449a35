import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { CatalogueEntry } from '../../../../proto/contract/images/catalogue.js';
import { storageError } from '../storage-error.js';
import type { FileWriter, TreeWriter, TreeWriters } from '../tree-writer.js';
import { errnoOf } from './errno.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
/** All of the filesystem on a slow disk; longer is a disk that hangs. */
const SYNC_MS_MAX = 600_000;

type Owned = Exclude<CatalogueEntry, { kind: 'hard-link' }>;
type Directory = Extract<CatalogueEntry, { kind: 'directory' }>;

/** File trees of this machine. Needs root's rights for other owners than oneself. */
export function makeNodeTreeWriters(): TreeWriters {
  return {
    open: async (targetDir) => {
      const writer = new NodeTreeWriter(targetDir);
      told(`opening ${targetDir}`, () => {
        writer.open();
      });
      return Promise.resolve(writer);
    },
  };
}

/** Every path begins at one descriptor of the folder: who moves or replaces the folder meanwhile changes nothing. Source: proc(5), /proc/pid/fd. */
class NodeTreeWriter implements TreeWriter {
  readonly #targetDir: string;
  readonly #directories: Directory[] = [];
  readonly #withXattrs: Owned[] = [];
  #descriptor = -1;

  constructor(targetDir: string) {
    this.#targetDir = targetDir;
  }

  open(): void {
    this.#descriptor = openSync(this.#targetDir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const found = readdirSync(this.#path('.')).filter((name) => name !== 'lost+found');
    if (found.length === 0) return;
    this.abandon();
    throw new BrambleError('failed-precondition', `${this.#targetDir} is not empty`, {
      hint: 'an image is only ever written into a folder of its own',
    });
  }

  directory(entry: Directory): void {
    this.#told(entry, (path) => {
      if (entry.path !== '.') mkdirSync(path, 0o700);
    });
    this.#directories.push(entry);
    this.#noteXattrs(entry);
  }

  file(entry: Extract<CatalogueEntry, { kind: 'file' }>): FileWriter {
    const descriptor = this.#told(entry, (path) => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    this.#noteXattrs(entry);
    return {
      write: (bytes) => {
        this.#told(entry, () => {
          for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
        });
      },
      finish: () => {
        this.#told(entry, () => {
          try {
            fchownSync(descriptor, entry.uid, entry.gid);
            fchmodSync(descriptor, entry.mode); // after the owner, whose change takes set-user-id bits away
            futimesSync(descriptor, entry.mtimeS, entry.mtimeS);
          } finally {
            closeSync(descriptor);
          }
        });
      },
    };
  }

  symlink(entry: Extract<CatalogueEntry, { kind: 'symlink' }>): void {
    this.#told(entry, (path) => {
      symlinkSync(entry.target, path);
      lchownSync(path, entry.uid, entry.gid);
      lutimesSync(path, entry.mtimeS, entry.mtimeS);
    });
  }

  hardLink(entry: Extract<CatalogueEntry, { kind: 'hard-link' }>): void {
    this.#told(entry, (path) => {
      linkSync(this.#path(entry.target), path);
    });
  }

  async finish(signal: AbortSignal): Promise<{ readonly xattrsLeftOutCount: number }> {
    for (const entry of this.#directories) {
      this.#told(entry, (path) => {
        chownSync(path, entry.uid, entry.gid);
        chmodSync(path, entry.mode);
      });
    }
    const xattrsLeftOutCount = await this.#writeXattrs(signal);
    for (const entry of this.#directories.toReversed()) {
      this.#told(entry, (path) => {
        utimesSync(path, entry.mtimeS, entry.mtimeS);
      });
    }
    const synced = await run(['sync', '-f', this.#pathForOthers('.')], '', signal);
    if (signal.aborted) throw new BrambleError('cancelled', 'stopped while it was written to storage');
    if (!synced) throw new BrambleError('unavailable', `what was written to ${this.#targetDir} may not be on storage`);
    this.abandon();
    return { xattrsLeftOutCount };
  }

  abandon(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Node has no setxattr(2): setfattr(1) of Debian's package attr takes them all at once. */
  async #writeXattrs(signal: AbortSignal): Promise<number> {
    let leftOut = 0;
    for (let at = 0; at < this.#withXattrs.length; at += XATTR_BATCH) {
      const batch = this.#withXattrs.slice(at, at + XATTR_BATCH);
      const dump = batch.map((entry) => renderXattrs(this.#pathForOthers(entry.path), entry)).join('');
      const done = await run(['setfattr', '-h', '--restore=-'], dump, signal);
      if (!done) leftOut += batch.reduce((sum, { xattrs }) => sum + xattrs.length, 0);
    }
    return leftOut;
  }

  #noteXattrs(entry: Owned): void {
    if (entry.xattrs.length > 0) this.#withXattrs.push(entry);
  }

  #path(path: string): string {
    return `/proc/self/fd/${this.#descriptor}/${path}`;
  }

  #pathForOthers(path: string): string {
    return `/proc/${process.pid}/fd/${this.#descriptor}/${path}`;
  }

  #told<T>({ path }: { readonly path: string }, work: (path: string) => T): T {
    return told(`writing ${path}`, () => work(this.#path(path)));
  }
}

/** What one call of setfattr gets; few files have any. */
const XATTR_BATCH = 500;

/** Source: setfattr(1), --restore; getfattr(1) for how names are written. */
function renderXattrs(path: string, { xattrs }: Owned): string {
  const escaped = Array.from(Buffer.from(path), (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`,
  ).join('');
  return `# file: ${escaped}\n${xattrs.map(({ name, valueBase64 }) => `${name}=0s${valueBase64}\n`).join('')}\n`;
}

/** True when it ended well. A program that is not there has not. */
function run([program, ...args]: readonly [string, ...string[]], input: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { signal, timeout: SYNC_MS_MAX }, (failure) => {
      resolve(failure === null);
    });
    child.stdin?.on('error', () => undefined); // it ended before it read everything: its status says so
    child.stdin?.end(input);
  });
}

function told<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const errno = errnoOf(thrown);
    throw errno === undefined ? thrown : storageError(errno, doing, thrown);
  }
}
