import type { Random } from '../../../proto/contract/random.js';
import { SimInode } from './sim-inode.js';

export type SimFileOperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'append'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'sync-directory'
  | 'remove';

export interface SimFileOperation {
  /** Counts from 0 over the life of the disk. */
  readonly index: number;
  readonly kind: SimFileOperationKind;
  readonly path: string;
}

/** Decides per operation: the errno to fail with, such as "EIO", or `undefined`. May also crash the machine first. */
export type SimFault = (operation: SimFileOperation) => string | undefined;

/** One simulated volume. It outlives the processes that use it. */
export class SimDisk {
  /** Space for file contents, bytes; filled beyond = ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  readOnly = false;
  fault: SimFault = () => undefined;
  /** Virtual duration of every operation on a path, ms. */
  latencyMs: (path: string) => number = () => 0;
  readonly #random: Random;
  /** Names as a reader sees them, and as a power cut leaves those that were synced. */
  #names = new Map<string, SimInode>();
  #syncedNames = new Map<string, SimInode>();
  #operations = 0;
  #writtenBytes = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Operations so far: the index that the next one gets. */
  get operations(): number {
    return this.#operations;
  }

  /** Bytes written since the disk was made: what a write budget is held against. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get usedBytes(): number {
    let used = 0;
    for (const inode of new Set(this.#names.values())) used += inode.sizeBytes;
    return used;
  }

  get paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  find(path: string): SimInode | undefined {
    return this.#names.get(path);
  }

  /** Content as a reader sees it now. */
  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.read();
  }

  /** Puts durable content in place, whatever was there: a test's hand, such as bit rot. */
  plant(path: string, content: Uint8Array): void {
    const inode = new SimInode();
    inode.append(content);
    inode.sync();
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  /** Counts an operation; answers with the errno that it fails with. */
  begin(kind: SimFileOperationKind, path: string): string | undefined {
    const errno = this.fault({ index: this.#operations++, kind, path });
    if (errno !== undefined) return errno;
    return this.readOnly && !['read', 'sync', 'sync-directory'].includes(kind) ? 'EROFS' : undefined;
  }

  create(path: string): SimInode {
    const inode = new SimInode();
    this.#names.set(path, inode);
    return inode;
  }

  /** Appends what fits; `false` when something did not. */
  append(inode: SimInode, content: Uint8Array): boolean {
    const room = Math.max(0, this.capacityBytes - this.usedBytes);
    const fits = content.subarray(0, Math.min(content.length, room));
    inode.append(fits);
    this.#writtenBytes += fits.length;
    return fits.length === content.length;
  }

  rename(from: string, to: string): void {
    const inode = this.#names.get(from);
    this.#names.delete(from);
    if (inode !== undefined) this.#names.set(to, inode);
  }

  remove(path: string): void {
    this.#names.delete(path);
  }

  syncDirectory(path: string): void {
    const directory = path.slice(0, path.lastIndexOf('/') + 1);
    const isInside = (name: string): boolean => name.slice(0, name.lastIndexOf('/') + 1) === directory;
    for (const name of this.#syncedNames.keys()) {
      if (isInside(name) && !this.#names.has(name)) this.#syncedNames.delete(name);
    }
    for (const [name, inode] of this.#names) if (isInside(name)) this.#syncedNames.set(name, inode);
  }

  /** Power is gone. What was synced stays; of the rest a random part does, name by name and byte by byte. */
  crash(): void {
    for (const name of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      const from = this.#random.unit() < 0.5 ? this.#names : this.#syncedNames;
      const inode = from.get(name);
      if (inode === undefined) this.#syncedNames.delete(name);
      else this.#syncedNames.set(name, inode);
    }
    for (const inode of new Set(this.#syncedNames.values())) inode.crash(this.#random);
    this.#names = new Map(this.#syncedNames);
  }
}

/** Fails exactly one operation. */
export function failOnce(index: number, errno: string): SimFault {
  return (operation) => (operation.index === index ? errno : undefined);
}
