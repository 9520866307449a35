import type { RootDriver, VolumeId } from '../ports.js';
import type { FolderDriverOptions } from './copy.js';
import { runProgram, syncFilesystem, tryProgram } from './programs.js';

/**
 * Volumes are subvolumes, roots are snapshots: made in milliseconds, whatever is in them. All are one filesystem: a board
 * that guesses a file handle can reach another subvolume of it, so isolation is not promised. Source: btrfs-subvolume(8),
 * btrfs-qgroup(8).
 */
export function makeBtrfsDriver({ exec, files, pool }: FolderDriverOptions): RootDriver {
  const at = (volume: VolumeId): string => `${pool}/${volume}`;
  const isThere = async (volume: VolumeId): Promise<boolean> => {
    const names = await files.list(`${pool}/${parentOf(volume)}`);
    return names.includes(volume.slice(volume.lastIndexOf('/') + 1));
  };
  return {
    name: 'btrfs',
    // A limit holds only while quotas are on, which slow a filesystem with many snapshots down: not ours to decide.
    capabilities: { isolation: false, quota: false, shared: true },
    isMounted: false,
    probe: async (signal) => {
      const { ok, text } = await tryProgram(exec, ['btrfs', 'filesystem', 'usage', '--raw', pool], signal);
      return ok ? undefined : `${pool} is not on btrfs: ${text}`;
    },
    make: async (volume, _sizeBytes, signal) => {
      await files.makeFolder(`${pool}/${parentOf(volume)}`);
      await runProgram(exec, ['btrfs', 'subvolume', 'create', at(volume)], signal);
      await runProgram(exec, ['chmod', '0755', at(volume)], signal); // whatever the umask: dnsmasq is no root
    },
    clone: async (from, to, signal) => {
      await files.makeFolder(`${pool}/${parentOf(to)}`);
      await runProgram(exec, ['btrfs', 'subvolume', 'snapshot', at(from), at(to)], signal);
    },
    attach: () => Promise.resolve(),
    destroy: async (volume, signal) => {
      if (!(await isThere(volume))) return;
      const { ok } = await tryProgram(exec, ['btrfs', 'subvolume', 'delete', at(volume)], signal);
      if (!ok) await files.remove(at(volume)); // a plain folder, or one with subvolumes of a board's own in it
    },
    sync: (volume, signal) => syncFilesystem(exec, at(volume), signal),
  };
}

function parentOf(volume: VolumeId): string {
  return volume.slice(0, Math.max(0, volume.lastIndexOf('/')));
}
