import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../../../proto/contract/errors.js';
import { bootAndRoot, type Partition, parsePartitions, TABLE_BYTES } from './partition-table.js';

export interface MountedImage {
  readonly boot: string;
  readonly root: string;
  unmount(): Promise<void>;
}

/**
 * Boot files and root of a disk image, mounted below `dir` to be read and for nothing else: no write, no program, no device, no journal
 * that would be played back. Takes root's rights.
 * @throws BrambleError `invalid-argument`, `failed-precondition`, `data-loss`, `permission-denied`
 */
export async function mountDiskImage(path: string, image: FileHandle, dir: string): Promise<MountedImage> {
  const table = Buffer.alloc(TABLE_BYTES);
  const { bytesRead } = await image.read(table, 0, TABLE_BYTES, 0);
  const partitions = bootAndRoot(parsePartitions(table.subarray(0, bytesRead), (await image.stat()).size));
  if (process.getuid?.() !== 0) {
    throw new BrambleError('permission-denied', 'only root can look into a disk image', {
      hint: 'run this with sudo, or import a tar archive of the root',
    });
  }
  const mounted: string[] = [];
  const unmount = async (): Promise<void> => {
    for (const at of mounted.toReversed()) await run('umount', [at]);
    mounted.length = 0;
  };
  try {
    for (const [name, type] of [
      ['root', 'ext4'],
      ['boot', 'vfat'],
    ] as const) {
      const at = join(dir, name);
      await mkdir(at, { mode: 0o700 });
      await run('mount', ['-t', type, '-o', optionsFor(type, partitions[name]), path, at]);
      mounted.push(at);
    }
  } catch (thrown) {
    await unmount();
    throw thrown;
  }
  return { boot: join(dir, 'boot'), root: join(dir, 'root'), unmount };
}

/** Source: mount(8), ext4(5). */
function optionsFor(type: 'ext4' | 'vfat', { offsetBytes, sizeBytes }: Partition): string {
  const own = type === 'ext4' ? 'noload' : 'umask=0022,iocharset=utf8';
  return `ro,nodev,nosuid,noexec,loop,offset=${offsetBytes},sizelimit=${sizeBytes},${own}`;
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (failure, _, complaint) => {
      if (failure === null) resolve();
      else reject(new BrambleError('failed-precondition', `${program}: ${complaint.trim()}`, { cause: failure }));
    });
  });
}
