import type { FilesystemStat, KernelFiles } from '../kit/host/ports.js';

/** A function is asked at every read, as the kernel is; `undefined` = the file cannot be read. */
export type SimKernelFile = string | (() => string | undefined);

/** Kernel files as a table, for tests and for the demo. Directories exist as far as files lie under them. */
export class SimKernelFiles implements KernelFiles {
  readonly #files = new Map<string, SimKernelFile>();
  readonly #filesystems = new Map<string, FilesystemStat | (() => FilesystemStat)>();

  constructor(files: Readonly<Record<string, SimKernelFile>> = {}) {
    for (const [path, content] of Object.entries(files)) this.#files.set(path, content);
  }

  set(path: string, content: SimKernelFile): void {
    this.#files.set(path, content);
  }

  delete(path: string): void {
    this.#files.delete(path);
  }

  setFilesystem(mountPoint: string, stat: FilesystemStat | (() => FilesystemStat)): void {
    this.#filesystems.set(mountPoint, stat);
  }

  readText(path: string): string | undefined {
    const content = this.#files.get(path);
    return typeof content === 'function' ? content() : content;
  }

  list(path: string): readonly string[] | undefined {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const names = new Set<string>();
    for (const file of this.#files.keys()) {
      if (file.startsWith(prefix)) names.add(file.slice(prefix.length).split('/', 1)[0] ?? '');
    }
    return names.size === 0 ? undefined : [...names].sort();
  }

  statFilesystem(mountPoint: string): FilesystemStat | undefined {
    const stat = this.#filesystems.get(mountPoint);
    return typeof stat === 'function' ? stat() : stat;
  }
}
