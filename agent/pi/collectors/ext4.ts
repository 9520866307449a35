import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { readCount } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';

const EXT4 = '/sys/fs/ext4';
/** Beside the filesystems lies a folder that lists what the driver can do. */
const FEATURES = 'features';
/** Bound on the filesystems of one report. */
const FILESYSTEMS_MAX = 16;
const INTERVAL_MS = 60_000;
const KIB = 1024;

/**
 * What ext4 keeps in its superblock, so that it outlives reboots: writes over its life, and errors until e2fsck(8) clears
 * them. A time of 0 means that it never happened. Sources: Linux Documentation/ABI/testing/sysfs-fs-ext4; fs/ext4/sysfs.c.
 */
export function makeExt4Collector(): Collector {
  return {
    name: 'ext4',
    intervalMs: INTERVAL_MS,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const devices = (kernel.list(EXT4) ?? []).filter((name) => name !== FEATURES).slice(0, FILESYSTEMS_MAX);
      const samples = new Samples();
      for (const device of devices) {
        const count = (file: string): number | undefined => readCount(kernel, `${EXT4}/${device}/${file}`);
        const time = (file: string): number | undefined => count(file) || undefined;
        const writtenKib = count('lifetime_write_kbytes');
        samples.number('ext4_written_bytes', writtenKib === undefined ? undefined : writtenKib * KIB, device);
        samples.number('ext4_errors_count', count('errors_count'), device);
        samples.number('ext4_first_error_unix_s', time('first_error_time'), device);
        samples.number('ext4_last_error_unix_s', time('last_error_time'), device);
      }
      return samples.list.length === 0 ? noData('no ext4 filesystem') : ok(samples.list);
    },
  };
}
