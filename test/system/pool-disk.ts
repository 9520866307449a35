import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type PoolKind = 'btrfs' | 'xfs' | 'folder';

/** A pool for roots, on a filesystem of its own in a file. As on a fileserver nothing in it is a device or gains rights. */
export interface PoolDisk {
  readonly pool: string;
  close(): Promise<void>;
}

export async function openPoolDisk(kind: PoolKind, sizeBytes = 2 ** 30): Promise<PoolDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'bramble-pool-'));
  const pool = join(directory, 'pool');
  await mkdir(pool);
  if (kind === 'folder') return { pool, close: () => rm(directory, { recursive: true, force: true }) };
  const file = join(directory, 'disk');
  await writeFile(file, '');
  await truncate(file, sizeBytes);
  const make = kind === 'btrfs' ? ['mkfs.btrfs', '-q'] : ['mkfs.xfs', '-q', '-m', 'reflink=1'];
  const [program = '', ...words] = make;
  await run(program, [...words, file]);
  await run('mount', ['-o', 'loop,nosuid,nodev,noatime', file, pool]);
  return {
    pool,
    close: async () => {
      await run('umount', ['--recursive', pool]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
