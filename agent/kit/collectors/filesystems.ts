import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { FilesystemStat, KernelFiles } from '../host/ports.js';
import { type VisibleFilesystems, visibleFilesystems } from './filesystems-visible.js';
import { type Mount, parseMountInfo } from './mount-table.js';
import type { ProcessView } from './process-view.js';
import { Samples } from './sample.js';

/**
 * Sizes of local filesystems, by statfs(2). Of network filesystems, FUSE and automounts only what the mount table says:
 * asking them would hang the agent as soon as their server is dead.
 */
export function makeFilesystemsCollector(view: ProcessView): Collector {
  // The table rarely changes and is parsed only then.
  let parsed: { readonly table: string; readonly visible: VisibleFilesystems } | undefined;
  return {
    name: 'filesystems',
    intervalMs: 60_000, // the mount table is the dearest file of all, and disks fill slowly
    timeoutMs: 10_000,
    collect({ kernel }) {
      const table = view.readText(kernel, 'mountinfo');
      if (table === undefined) return noData('no mountinfo in /proc');
      if (parsed?.table !== table) parsed = { table, visible: visibleFilesystems(parseMountInfo(table)) };
      const { local, untouchable } = parsed.visible;
      const samples = new Samples();
      for (const mount of local) addLocal(samples, mount, kernel);
      for (const mount of untouchable) addMount(samples, mount);
      return samples.list.length === 0 ? noData('no filesystem on storage is mounted') : ok(samples.list);
    },
  };
}

function addLocal(samples: Samples, mount: Mount, kernel: KernelFiles): void {
  const stat = kernel.statFilesystem(mount.mountPoint);
  addMount(samples, mount);
  if (stat === undefined) return; // unmounted since, or not ours to see
  samples.number('filesystem_size_bytes', stat.blocks * stat.blockSizeBytes, mount.mountPoint);
  samples.number('filesystem_available_bytes', availableBytes(stat), mount.mountPoint);
  samples.number('filesystem_inodes_count', stat.inodes, mount.mountPoint);
  samples.number('filesystem_inodes_free_count', stat.inodesFree, mount.mountPoint);
}

function addMount(samples: Samples, mount: Mount): void {
  samples.flag('filesystem_read_only_flag', mount.isReadOnly, mount.mountPoint);
  samples.text('filesystem_type_text', mount.type, mount.mountPoint);
  samples.text('filesystem_device_text', mount.source, mount.mountPoint);
}

/** f_bavail is unsigned on Linux; a filesystem beyond its reserve shows 0. */
function availableBytes(stat: FilesystemStat): number {
  return Math.min(stat.blocksAvailable, stat.blocks) * stat.blockSizeBytes;
}
