import { closeSync, constants, openSync, readdirSync, readSync, statfsSync } from 'node:fs';
import type { FilesystemStat, KernelFiles } from '../ports.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';
import { resolveInRoot } from './root-path.js';

const TEXT_LIMIT_BYTES = 256 * 1024;
const FIRST_BUFFER_BYTES = 16 * 1024;
const OPEN_FILES_MAX = 64;
/** An open file is opened anew after so many reads: its name may belong to another device by now. */
const READS_PER_OPEN = 128;
/** An open file that was not read for so many reads of others gives its place away. */
const IDLE_READS = 1024;
/** Its files answer once for as long as they are open. Source: fs/nfsd/nfsctl.c transaction_ops, fs/libfs.c simple_transaction_read(). */
const ANSWERS_ONCE = '/proc/fs/nfsd/';
/** Paths whose second read is waited for. */
const SEEN_ONCE_MAX = 512;

/** Out of resources of our own; everything else means that the file does not say. */
const OUR_FAULT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

type Encoding = 'utf8' | 'latin1';

interface OpenFile {
  readonly fd: number;
  readsLeft: number;
  /** Number of the reader's read that was its last. */
  lastRead: number;
}

export interface NodeKernelFiles extends KernelFiles {
  /** Closes what is kept open; reading opens it again. */
  close(): void;
}

/**
 * Reads /proc, /sys and small local files under `root`. Files of /proc and /sys that are read again and again stay
 * open: a read from offset 0 asks the kernel anew and costs a fraction of opening. Links never lead out of `root`.
 */
export function makeKernelFiles(root = '/'): NodeKernelFiles {
  const reader = new KernelReader(root);
  return {
    readText: (path, encoding) => reader.readText(path, encoding),
    list: (path) => reader.list(path),
    statFilesystem: (mountPoint) => reader.statFilesystem(mountPoint),
    close: () => {
      reader.close();
    },
  };
}

class KernelReader {
  readonly #root: string;
  readonly #open = new Map<string, OpenFile>();
  readonly #seenOnce = new Set<string>();
  #reads = 0;
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);

  constructor(root: string) {
    this.#root = root;
  }

  readText(path: string, encoding: Encoding = 'utf8'): string | undefined {
    this.#reads += 1;
    const kept = this.#open.get(path);
    if (kept !== undefined) {
      kept.readsLeft -= 1;
      kept.lastRead = this.#reads;
      const text = kept.readsLeft > 0 ? this.#attempt(() => this.#read(kept.fd, encoding)) : undefined;
      if (text !== undefined) return text;
      this.#forget(path); // gone, replaced, or old: the name decides
    }
    return this.#attempt(() => this.#openAndRead(path, encoding));
  }

  list(path: string): readonly string[] | undefined {
    return this.#attempt(() => {
      const real = this.#resolve(path);
      return real === undefined ? undefined : readdirSync(real).sort();
    });
  }

  statFilesystem(mountPoint: string): FilesystemStat | undefined {
    return this.#attempt(() => {
      const real = this.#resolve(mountPoint);
      if (real === undefined) return undefined;
      const { bsize, blocks, bavail, files, ffree } = statfsSync(real);
      return { blockSizeBytes: bsize, blocks, blocksAvailable: bavail, inodes: files, inodesFree: ffree };
    });
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.#forget(path);
  }

  #resolve(path: string): string | undefined {
    return this.#root === '/' ? path : resolveInRoot(this.#root, path);
  }

  #openAndRead(path: string, encoding: Encoding): string | undefined {
    const real = this.#resolve(path);
    if (real === undefined) return undefined;
    // Without O_NONBLOCK a FIFO that lies there would hold the whole agent.
    const fd = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
    let isKept = false;
    try {
      const text = this.#read(fd, encoding);
      isKept = this.#isWorthKeeping(path);
      if (isKept) this.#open.set(path, { fd, readsLeft: READS_PER_OPEN, lastRead: this.#reads });
      return text;
    } finally {
      if (!isKept) closeSync(fd);
    }
  }

  /** A file of the kernel's own, at its second read, while there is room. Others may be replaced under their name. */
  #isWorthKeeping(path: string): boolean {
    if (!path.startsWith('/proc/') && !path.startsWith('/sys/')) return false;
    if (path.startsWith(ANSWERS_ONCE)) return false;
    if (!this.#seenOnce.has(path)) {
      if (this.#seenOnce.size >= SEEN_ONCE_MAX) this.#seenOnce.clear();
      this.#seenOnce.add(path);
      return false;
    }
    if (this.#open.size >= OPEN_FILES_MAX && !this.#dropIdle()) return false;
    return this.#seenOnce.delete(path);
  }

  #dropIdle(): boolean {
    for (const [path, { lastRead }] of this.#open) {
      if (lastRead >= this.#reads - IDLE_READS) continue;
      this.#forget(path);
      return true;
    }
    return false;
  }

  /** From the start to the end: the kernel may answer in pieces of a page. Source: seq_file, fs/seq_file.c. */
  #read(fd: number, encoding: Encoding): string {
    let filled = 0;
    for (;;) {
      if (filled === this.#buffer.length) {
        if (filled >= TEXT_LIMIT_BYTES) break;
        this.#buffer = Buffer.concat([this.#buffer], Math.min(TEXT_LIMIT_BYTES, filled * 4));
      }
      const count = readSync(fd, this.#buffer, filled, this.#buffer.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return this.#buffer.toString(encoding, 0, filled);
  }

  #forget(path: string): void {
    const kept = this.#open.get(path);
    this.#open.delete(path);
    this.#seenOnce.add(path); // it proved worth keeping once
    if (kept !== undefined) this.#attempt(() => closeSync(kept.fd));
  }

  #attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (OUR_FAULT.has(errno)) throw storageError(errno, 'reading a kernel file', error);
      return undefined;
    }
  }
}
