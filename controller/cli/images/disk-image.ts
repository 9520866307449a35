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
 * Boot files and root of a disk image, below `dir`. The root is mounted to be read and for nothing else: no write, no program, no device,
 * no journal that would be played back. Takes root's rights.
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
  const [root, boot] = [join(dir, 'root'), join(dir, 'boot')];
  for (const at of [root, boot]) await mkdir(at, { mode: 0o700 });
  // By mtools: no driver of the kernel parses a FAT that came from elsewhere, and not every kernel has one.
  await run('mcopy', ['-s', '-m', '-n', '-i', `${path}@@${partitions.boot.offsetBytes}`, '::*', boot]);
  await run('mount', ['-t', 'ext4', '-o', mountOptions(partitions.root), path, root]);
  return { boot, root, unmount: () => run('umount', [root]) };
}

/** Source: mount(8); ext4(5), noload. */
function mountOptions({ offsetBytes, sizeBytes }: Partition): string {
  return `ro,nodev,nosuid,noexec,noload,loop,offset=${offsetBytes},sizelimit=${sizeBytes}`;
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env: { ...process.env, TZ: 'UTC' } }, (failure, _, complaint) => {
      if (failure === null) resolve();
      else {
        const why = failure.code === 'ENOENT' ? 'it is not installed' : complaint.trim();
        const hint = 'the packages mtools and mount of Debian have what it takes to look into a disk image';
        reject(new BrambleError('failed-precondition', `${program}: ${why}`, { cause: failure, hint }));
      }
    });
  });
}
