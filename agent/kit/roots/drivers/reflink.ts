import type { Exec } from '../../host/ports.js';
import type { PoolFiles, RootDriver } from '../ports.js';
import { type BlockStore, type Ext4VolumeOptions, makeExt4Driver } from './ext4-volumes.js';
import { runProgram, tryProgram } from './programs.js';

/** Only root reads it: there are keys of boards in it. */
const FOLDER = 'volumes';
const PROBE = '.reflink-probe';

/**
 * Volumes are files that are mounted by loop devices, roots are files that share all blocks with their image's: one call
 * for a gigabyte, and one more for a root of any number of files. Needs a pool on XFS or btrfs. Source: ioctl_ficlonerange(2),
 * losetup(8).
 */
export function makeReflinkDriver(options: Ext4VolumeOptions): RootDriver {
  const { exec, files, pool } = options;
  const folder = `${pool}/${FOLDER}`;
  const pathOf = (name: string): string => `${folder}/${name}`;
  /** mount(8) flushes what is in a file; the name of the file is the pool's. */
  const settle = (name: string, signal: AbortSignal): Promise<string> =>
    runProgram(exec, ['sync', pathOf(name), folder], signal);
  const blocks: BlockStore = {
    probe: async (signal) => {
      const loop = await tryProgram(exec, ['losetup', '--find'], signal);
      if (!loop.ok) return `there are no loop devices: ${loop.text}`;
      const why = await probeReflink(exec, files, pool, signal);
      return why === undefined ? undefined : `the filesystem of ${pool} cannot share blocks between files: ${why}`;
    },
    pathOf,
    mountOptions: ['loop'],
    has: async (name) => (await files.list(folder)).includes(name),
    make: async (name, sizeBytes, signal) => {
      await runProgram(exec, ['mkdir', '--parents', '--mode=0700', folder], signal);
      await runProgram(exec, ['truncate', `--size=${sizeBytes}`, pathOf(name)], signal);
      await settle(name, signal);
    },
    clone: async (from, to, signal) => {
      await runProgram(exec, ['cp', '--reflink=always', '--', pathOf(from), pathOf(to)], signal);
      await settle(to, signal);
    },
    remove: (name) => files.remove(pathOf(name)),
  };
  return makeExt4Driver('reflink', options, blocks);
}

async function probeReflink(
  exec: Exec,
  files: PoolFiles,
  pool: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `${pool}/${PROBE}`;
  await files.writeText(`${path}/from`, 'x'.repeat(8192));
  const { ok, text } = await tryProgram(exec, ['cp', '--reflink=always', '--', `${path}/from`, `${path}/to`], signal);
  await files.remove(path);
  return ok ? undefined : text;
}
