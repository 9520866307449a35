import type { Exec } from '../../host/ports.js';
import type { PoolFiles, RootDriver, VolumeId } from '../ports.js';
import { runProgram, syncFilesystem } from './programs.js';

export interface FolderDriverOptions {
  readonly exec: Exec;
  readonly files: PoolFiles;
  /** Absolute path of the pool. */
  readonly pool: string;
}

/** Volumes are plain folders. Works everywhere, and takes the time and space of everything. Source: cp(1). */
export function makeCopyDriver({ exec, files, pool }: FolderDriverOptions): RootDriver {
  const at = (volume: VolumeId): string => `${pool}/${volume}`;
  return {
    name: 'copy',
    capabilities: { isolation: false, quota: false, shared: false },
    isMounted: false,
    probe: () => Promise.resolve(undefined),
    make: (volume) => files.makeFolder(at(volume)),
    clone: async (from, to, signal) => {
      await files.makeFolder(at(to));
      await runProgram(exec, ['cp', '--archive', '--reflink=never', '--', `${at(from)}/.`, at(to)], signal);
    },
    attach: () => Promise.resolve(),
    destroy: (volume) => files.remove(at(volume)),
    sync: (volume, signal) => syncFilesystem(exec, at(volume), signal),
  };
}
