import type { KernelFiles } from '../host/ports.js';

/**
 * Whose mounts and interfaces are the node's. Under "/" those of this process: its sandbox shares them. Under another root
 * (--host-root) /proc/self would be the observer's own container, so that init is asked first; what was copied from some
 * machine as a tree of files may have neither.
 */
export class ProcessView {
  readonly isOtherRoot: boolean;
  readonly #directories: readonly string[];

  constructor(isOtherRoot: boolean) {
    this.isOtherRoot = isOtherRoot;
    this.#directories = isOtherRoot ? ['/proc/1', '/proc/self', '/proc'] : ['/proc/self'];
  }

  /** A file below /proc/PID; `undefined` when no process shows it. */
  readText(kernel: KernelFiles, name: string): string | undefined {
    for (const directory of this.#directories) {
      const text = kernel.readText(`${directory}/${name}`);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}
