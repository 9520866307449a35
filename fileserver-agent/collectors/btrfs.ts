import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { readLine } from '../../agent/kit/collectors/kernel-line.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';

const BTRFS = '/sys/fs/btrfs';
/** Beside them lie folders of the driver. */
const FILESYSTEM_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FILESYSTEMS_MAX = 16;
const DISKS_MAX = 32;

const FACTS = {
  write_errs: 'btrfs_write_errors_count',
  read_errs: 'btrfs_read_errors_count',
  flush_errs: 'btrfs_flush_errors_count',
  corruption_errs: 'btrfs_corruption_errors_count',
  generation_errs: 'btrfs_generation_errors_count',
} as const;

/** Errors that btrfs counted on each of its disks, since somebody set the counts back. Source: Linux fs/btrfs/sysfs.c (5.14). */
export function makeBtrfsCollector(): Collector {
  return {
    name: 'btrfs',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const samples = new Samples();
      const uuids = (kernel.list(BTRFS) ?? []).filter((name) => FILESYSTEM_UUID.test(name)).slice(0, FILESYSTEMS_MAX);
      for (const uuid of uuids) addFilesystem(samples, kernel, uuid);
      return samples.list.length === 0 ? noData('no btrfs filesystem') : ok(samples.list);
    },
  };
}

/** It goes by its label, and by the beginning of its uuid where it has none. */
function addFilesystem(samples: Samples, kernel: KernelFiles, uuid: string): void {
  const label = readLine(kernel, `${BTRFS}/${uuid}/label`) ?? '';
  const name = /^[\w.-]{1,32}$/.test(label) ? label : uuid.slice(0, 8);
  for (const id of (kernel.list(`${BTRFS}/${uuid}/devinfo`) ?? []).slice(0, DISKS_MAX)) {
    const instance = `${name}/${id}`;
    const missing = readLine(kernel, `${BTRFS}/${uuid}/devinfo/${id}/missing`);
    samples.flag('btrfs_missing_flag', missing === undefined ? undefined : missing === '1', instance);
    addErrors(samples, kernel.readText(`${BTRFS}/${uuid}/devinfo/${id}/error_stats`), instance);
  }
}

/** "write_errs 0" line by line; a file that is cut short tells nothing. */
function addErrors(samples: Samples, text: string | undefined, instance: string): void {
  const lines = text?.endsWith('\n') === true ? text.slice(0, -1).split('\n') : [];
  const counts = new Map(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
  const found = Object.keys(FACTS).map((key) => counts.get(key) ?? Number.NaN);
  if (!found.every((count) => Number.isSafeInteger(count) && count >= 0)) return;
  for (const [key, fact] of Object.entries(FACTS)) samples.number(fact, counts.get(key), instance);
  samples.number(
    'btrfs_errors_count',
    found.reduce((sum, count) => sum + count, 0),
    instance,
  );
}
