import type { Exec } from '../../host/ports.js';
import type { PoolFiles, RootDriver, VolumeId } from '../ports.js';
import { runProgram, tryProgram } from './programs.js';

export interface FolderDriverOptions {
  readonly exec: Exec;
  readonly files: PoolFiles;
  /** Absolute path of the pool. */
  readonly pool: string;
}

/**
 * Volumes that are plain folders. `reflink`: files share their blocks with those they were copied from, on XFS and btrfs.
 * `copy`: works everywhere, and takes the time and space of everything. Source: cp(1), ioctl_ficlonerange(2).
 */
export function makeCopyingDriver(name: 'reflink' | 'copy', { exec, files, pool }: FolderDriverOptions): RootDriver {
  const at = (volume: VolumeId): string => `${pool}/${volume}`;
  return {
    name,
    capabilities: { isolation: false, quota: false, shared: name === 'reflink' },
    isMounted: false,
    probe: async (signal) => (name === 'copy' ? undefined : probeReflink(exec, files, pool, signal)),
    make: (volume) => files.makeFolder(at(volume)),
    clone: async (from, to, signal) => {
      const copy = name === 'reflink' ? '--reflink=always' : '--reflink=never';
      await files.makeFolder(at(to));
      await runProgram(exec, ['cp', '--archive', copy, '--', `${at(from)}/.`, at(to)], signal);
    },
    attach: () => Promise.resolve(),
    destroy: (volume) => files.remove(at(volume)),
    sync: (volume, signal) => syncFilesystem(exec, at(volume), signal),
  };
}

/** syncfs(2): one flush for a tree of any size. */
export async function syncFilesystem(exec: Exec, path: string, signal: AbortSignal): Promise<void> {
  await runProgram(exec, ['sync', '--file-system', path], signal);
}

const PROBE = '.reflink-probe';

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
  return ok ? undefined : `the filesystem of ${pool} cannot share blocks between files: ${text}`;
}
