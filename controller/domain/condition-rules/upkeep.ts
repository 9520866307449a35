import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { DAY_MS, HOUR_MS, where } from './words.js';

const YEAR_MS = 365 * DAY_MS;

export const UPKEEP_RULES: readonly ConditionRule[] = [
  {
    type: 'BackupOld',
    scope: 'instance',
    measure: { kind: 'age', fact: 'backup_finished_unix_s' },
    when: 'at-least',
    // Backups are nightly: one that was missed shows after a night and the morning, and a week is a habit.
    levels: [
      { severity: 'error', at: 7 * DAY_MS, clearAt: 7 * DAY_MS },
      { severity: 'warning', at: 36 * HOUR_MS, clearAt: 36 * HOUR_MS },
    ],
    forMs: 0,
    title: 'The last backup that ended well is old.',
    remedy: 'See the log of what makes the backup: its target may be full, unreachable or refuse the key.',
    message: (finding) => `backup ${where(finding)} last ended well ${renderDuration(finding.measured)} ago`,
    dependsOn: ['FilesystemReadOnly', 'NfsStalled', 'TunnelDown', 'DiskSpaceLow'],
  },
  {
    type: 'SecurityUpdatesPending',
    scope: 'instance',
    measure: { kind: 'value', fact: 'packages_security_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 3 * DAY_MS, // unattended-upgrades(8) installs every day: this long means that nothing does
    title: 'Security updates wait to be installed.',
    remedy: 'apt-get upgrade; or let unattended-upgrades do it every day.',
    message: ({ measured }) => `${renderCount(measured, 'security update')} not installed`,
    dependsOn: ['FilesystemReadOnly', 'DiskSpaceLow'],
  },
  {
    type: 'PackageListsOld',
    scope: 'instance',
    measure: { kind: 'age', fact: 'packages_refreshed_unix_s' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 14 * DAY_MS, clearAt: 14 * DAY_MS }], // apt-daily.timer fetches them every day
    forMs: 0,
    title: 'The lists of packages are old: nobody knows which updates are missing.',
    remedy: 'apt-get update, and see why it is not done every day (systemctl status apt-daily.timer).',
    message: ({ measured }) => `the lists of packages were fetched ${renderDuration(measured)} ago`,
    dependsOn: ['FilesystemReadOnly', 'DiskSpaceLow'],
  },
  {
    type: 'RebootRequired',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'reboot_required_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'Installed updates take effect with the next reboot.',
    remedy: 'Reboot it when it suits (bramble node reboot NAME).',
    message: ({ measured }) => (measured === 0 ? 'no reboot is due' : 'installed updates wait for a reboot'),
    dependsOn: [],
  },
  {
    type: 'BootloaderOld',
    scope: 'instance',
    // Stable ones for a board come several times a year: chosen because two years miss all fixes for network boot.
    // Source: github.com/raspberrypi/rpi-eeprom, release notes.
    measure: { kind: 'age', fact: 'board_bootloader_built_unix_s' },
    when: 'at-least',
    levels: [{ severity: 'info', at: 2 * YEAR_MS, clearAt: 2 * YEAR_MS }],
    forMs: 0,
    title: 'The bootloader in EEPROM is old.',
    remedy: 'See what there is (rpi-eeprom-update) and install it with the next reboot (rpi-eeprom-update -a).',
    message: ({ measured }) => `the bootloader was built ${renderDuration(measured)} ago`,
    dependsOn: [],
  },
];
