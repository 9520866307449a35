import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';

const BACKUPS = '/run/bramble/backups';

/** Bound on the backups of one report. */
export const BACKUPS_MAX = 16;

/** Letters, digits, dots, dashes and underscores: names are shown to people and stored for years. */
const BACKUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * When a backup ended well: one line with seconds since 1970-01-01 UTC, as `date +%s` prints it. `undefined` for anything
 * else, an empty or half-written file included: a wrong age is worse than none.
 */
export function parseBackupTime(text: string): number | undefined {
  return /^\d{9,11}\n$/.test(text) ? Number(text) : undefined;
}

interface BackupMark {
  readonly name: string;
  readonly finishedUnixS: number;
}

/** What those who make backups left behind, by name. */
function readBackups(kernel: KernelFiles): readonly BackupMark[] {
  const names = (kernel.list(BACKUPS) ?? []).filter((name) => BACKUP_NAME.test(name)).slice(0, BACKUPS_MAX);
  return names.flatMap((name) => {
    const finishedUnixS = parseBackupTime(kernel.readText(`${BACKUPS}/${name}`) ?? '');
    return finishedUnixS === undefined ? [] : [{ name, finishedUnixS }];
  });
}

/** Those who write /run/reboot-required. Where none is installed, its absence says nothing. */
const REBOOT_ASKERS = ['/etc/kernel/postinst.d/unattended-upgrades', '/etc/kernel/postinst.d/update-notifier'] as const;

/** What the administrator has to see to: a reboot that packages wait for, and the age of backups. */
export function makeUpkeepCollector(): Collector {
  // Looked up once: on a netbooted Pi it lies on NFS, and there the agent dares to look only when it starts.
  let canAsk: boolean | undefined;
  return {
    name: 'upkeep',
    intervalMs: 60_000,
    timeoutMs: 5_000,
    collect({ kernel }) {
      canAsk ??= REBOOT_ASKERS.some((path) => kernel.readText(path) !== undefined);
      const asks = kernel.readText('/run/reboot-required') !== undefined;
      const samples = new Samples();
      samples.flag('reboot_required_flag', asks || canAsk ? asks : undefined);
      for (const { name, finishedUnixS } of readBackups(kernel)) {
        samples.number('backup_finished_unix_s', finishedUnixS, name);
      }
      return samples.list.length === 0 ? noData('nobody asks for a reboot or marks backups') : ok(samples.list);
    },
  };
}
