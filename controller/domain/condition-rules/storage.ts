import { renderCount, renderPercent } from '../../../proto/contract/words.js';
import type { ConditionRule, KernelLogRules } from '../condition-rule.js';
import { bytesOf, HOUR_MS, logLinesWords, MINUTE_MS, renderMicroseconds, where } from './words.js';

/** Filesystems that are read-only, and full, by nature. */
const READ_ONLY_TYPES = {
  fact: 'filesystem_type_text',
  values: ['squashfs', 'iso9660', 'udf', 'erofs', 'cramfs', 'romfs'],
} as const;

const FILESYSTEM_ERRORS: KernelLogRules = ['ext4-error', 'journal-aborted'];
const FAILING = ['StorageSaturated', 'CardFailing', 'StorageErrors', 'Undervoltage', 'UndervoltageRecently'] as const;
const WRITE_LESS =
  'Find who writes (iotop -ao, pidstat -d) and move it off the card: logs, databases and swap to memory, a USB disk or NFS. ' +
  'Replace the card only when it still fails with less to write.';
const CHECK =
  'Save what is on it, check it while it is not mounted (fsck.repair=yes in cmdline.txt and a reboot for the root filesystem), ' +
  'and replace the card or disk when it comes back.';

/** Devices, from what breaks them to what breaks on them. */
const DEVICE_RULES: readonly ConditionRule[] = [
  {
    type: 'StorageSaturated',
    scope: 'instance',
    // A tenth of the window is one minute on end: chosen because the queue that grows in it makes requests wait longer than the
    // 10 s after which the driver gives a card up (Linux drivers/mmc/host/sdhci.c, sdhci_send_command()).
    measure: { kind: 'value', fact: 'disk_saturated_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 500, clearAt: 300 },
      { severity: 'warning', at: 100, clearAt: 50 },
    ],
    forMs: 0,
    title: 'More is written than the card or disk can take: it answers so late that the kernel takes it for dead.',
    remedy: WRITE_LESS,
    message: (finding) =>
      `${where(finding)} was given more to write than it can take for ${renderPercent(finding.measured / 1_000)} of the last 10 min` +
      (finding.measured === 0 ? '' : '; it may look like a dead card'),
    dependsOn: [],
  },
  {
    type: 'StorageErrors',
    scope: 'instance',
    measure: { kind: 'log-lines', log: ['disk-error'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A card or disk failed to read or write.',
    remedy:
      'See in the kernel’s log which device it was (journalctl -k -g "I/O error"); save what is on it, then replace it.',
    message: (finding) => logLinesWords(finding, ['disk-error'], HOUR_MS),
    dependsOn: ['StorageSaturated', 'CardFailing', 'Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'StorageWritesSlow',
    scope: 'instance',
    // A card may be busy for 250 ms with a write, and need 100 ms for a read: means of some times that, over and over, are a queue.
    // Longer than the 10 min for which a figure stands when nothing is written. Source: SD Physical Layer Simplified
    // Specification, 4.6.2.
    measure: { kind: 'value', fact: 'disk_write_latency_us' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1_000_000, clearAt: 500_000 }],
    forMs: 15 * MINUTE_MS,
    title: 'Writes to a card or disk take very long.',
    remedy: WRITE_LESS,
    message: (finding) => `a write to ${where(finding)} takes ${renderMicroseconds(finding.measured)} on average`,
    dependsOn: FAILING,
  },
  {
    type: 'StorageReadsSlow',
    scope: 'instance',
    measure: { kind: 'value', fact: 'disk_read_latency_us' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 500_000, clearAt: 250_000 }],
    forMs: 15 * MINUTE_MS,
    title: 'Reads from a card or disk take very long.',
    remedy: 'See who reads and writes (iotop -ao); a device that is slow with little to do is usually dying.',
    message: (finding) => `a read from ${where(finding)} takes ${renderMicroseconds(finding.measured)} on average`,
    dependsOn: [...FAILING, 'StorageWritesSlow'],
  },
];

const FILESYSTEM_RULES: readonly ConditionRule[] = [
  {
    type: 'FilesystemTurnedReadOnly',
    scope: 'instance',
    measure: { kind: 'signs', flags: [], log: ['read-only-remount'] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel made a filesystem read-only because of an error: nothing can be saved on it.',
    remedy: CHECK,
    message: ({ measured }) =>
      measured === 0 ? 'every filesystem is as it was mounted' : 'a filesystem turned read-only because of an error',
    dependsOn: [...FAILING, 'FilesystemErrors'],
  },
  {
    type: 'FilesystemErrors',
    scope: 'instance',
    measure: { kind: 'log-lines', log: FILESYSTEM_ERRORS, withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel finds errors in a filesystem.',
    remedy: CHECK,
    message: (finding) => logLinesWords(finding, FILESYSTEM_ERRORS, HOUR_MS),
    dependsOn: FAILING,
  },
  {
    type: 'FilesystemReadOnly',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'filesystem_read_only_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    notWhere: READ_ONLY_TYPES,
    title: 'A filesystem is read-only: nothing can be saved on it.',
    remedy: 'Look for I/O errors in the kernel log; a card or disk that turned read-only by itself is usually dying.',
    message: (finding) => `${where(finding)} is mounted ${finding.measured === 0 ? 'writable' : 'read-only'}`,
    dependsOn: [...FAILING, 'FilesystemErrors', 'FilesystemTurnedReadOnly'],
  },
  {
    type: 'FilesystemDamaged',
    scope: 'instance',
    // Kept in the superblock until e2fsck(8) has mended it. Source: Linux Documentation/ABI/testing/sysfs-fs-ext4, errors_count.
    measure: { kind: 'value', fact: 'ext4_errors_count' },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A filesystem is damaged and was not checked since.',
    remedy: CHECK,
    message: (finding) => {
      const { facts, instance, measured } = finding;
      const last = facts.number('ext4_last_error_unix_s', instance);
      const when = measured === 0 || last === undefined ? '' : `, the last at ${renderUtc(last)}`;
      return `${where(finding)} counts ${renderCount(measured, 'error')} since its last check${when}`;
    },
    dependsOn: [...FAILING, 'FilesystemErrors'],
  },
  {
    type: 'DiskSpaceLow',
    scope: 'instance',
    measure: { kind: 'ratio', fact: 'filesystem_available_bytes', of: 'filesystem_size_bytes' },
    when: 'below',
    levels: [
      { severity: 'error', at: 0.03, clearAt: 0.04 },
      { severity: 'warning', at: 0.1, clearAt: 0.12 },
    ],
    forMs: 0,
    notWhere: READ_ONLY_TYPES,
    title: 'A filesystem is nearly full.',
    remedy:
      'Free space on it: old logs and packages first (journalctl --vacuum-size=100M, apt-get clean), or give it more.',
    message: (finding) =>
      `${where(finding)} has ${bytesOf(finding, 'filesystem_available_bytes')} free of ` +
      `${bytesOf(finding, 'filesystem_size_bytes')} (${renderPercent(finding.measured)})`,
    dependsOn: [],
  },
  {
    type: 'InodesLow',
    scope: 'instance',
    measure: { kind: 'ratio', fact: 'filesystem_inodes_free_count', of: 'filesystem_inodes_count' },
    when: 'below',
    levels: [
      { severity: 'error', at: 0.01, clearAt: 0.02 },
      { severity: 'warning', at: 0.05, clearAt: 0.07 },
    ],
    forMs: 0,
    notWhere: READ_ONLY_TYPES,
    title: 'A filesystem is running out of inodes: soon it can hold no more files, however small.',
    remedy: 'Find the folder with the many small files (du --inodes -x) and remove what is not needed.',
    message: (finding) => `${where(finding)} has ${renderPercent(finding.measured)} of its inodes free`,
    dependsOn: [],
  },
];

/** The last second that a Date can show. Source: ECMA-262, time values and time range. */
const LAST_SECOND = 8_640_000_000_000;

function renderUtc(unixS: number): string {
  if (Math.abs(unixS) > LAST_SECOND) return 'an impossible time';
  return `${new Date(unixS * 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export const STORAGE_RULES: readonly ConditionRule[] = [...DEVICE_RULES, ...FILESYSTEM_RULES];
