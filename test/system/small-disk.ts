import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(64 * 1024, 1);

/** A small filesystem of its own, which can be filled up and made read-only. Needs root, for mount(8). */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static mount(path: string, size: string): SmallDisk {
    mkdirSync(path, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path]);
    return new SmallDisk(path);
  }

  /** To the last byte. */
  fill(): void {
    const file = openSync(join(this.path, 'ballast'), 'a');
    try {
      for (let bytes = CHUNK; bytes.length > 0; ) {
        try {
          writeSync(file, bytes);
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
          bytes = bytes.subarray(0, bytes.length / 2);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.path, 'ballast'));
  }

  /** Possible only while nobody has a file open for writing. */
  makeReadOnly(isReadOnly: boolean): void {
    execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.path]);
  }

  unmount(): void {
    execFileSync('umount', [this.path]);
  }
}
