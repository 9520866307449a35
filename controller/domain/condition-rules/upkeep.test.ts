import { describeRules } from '../testing/describe-rules.js';
import { node, on, type RuleRows, WALL_MS } from '../testing/rule-rows.js';
import { UPKEEP_RULES } from './upkeep.js';

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
/** Seconds since 1970 of a time so long ago. */
const ago = (seconds: number): number => WALL_MS / 1_000 - seconds;

const ROWS: RuleRows = {
  'a backup of a week ago is an error': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(7 * DAY_S)),
    want: 'error',
    says: 'backup home last ended well 7 d ago',
  },
  'a backup of 36 hours ago is a warning': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(36 * HOUR_S)),
    want: 'warning',
    says: 'backup home last ended well 1 d 12 h ago',
  },
  'a younger backup is fine': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(36 * HOUR_S - 2)),
    want: 'fine',
  },
  'a backup in the future is not called old': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(-90 * DAY_S)),
    want: 'fine',
  },
  'a security update that waits for days is a warning': {
    type: 'SecurityUpdatesPending',
    told: node('packages_security_count', 1),
    want: 'warning',
    says: '1 security update not installed',
  },
  'no security update is fine': {
    type: 'SecurityUpdatesPending',
    told: node('packages_security_count', 0),
    want: 'fine',
  },
  'lists of two weeks ago are a warning': {
    type: 'PackageListsOld',
    told: node('packages_refreshed_unix_s', ago(14 * DAY_S)),
    want: 'warning',
    says: 'the lists of packages were fetched 14 d ago',
  },
  'younger lists are fine': {
    type: 'PackageListsOld',
    told: node('packages_refreshed_unix_s', ago(14 * DAY_S - 2)),
    want: 'fine',
  },
  'a reboot that is due is worth knowing': {
    type: 'RebootRequired',
    told: node('reboot_required_flag', 1),
    want: 'info',
    says: 'installed updates wait for a reboot',
  },
  'no reboot due is fine': { type: 'RebootRequired', told: node('reboot_required_flag', 0), want: 'fine' },
  'a bootloader of two years ago is worth knowing': {
    type: 'BootloaderOld',
    told: node('board_bootloader_built_unix_s', ago(730 * DAY_S)),
    want: 'info',
    says: 'the bootloader was built 730 d ago',
  },
  'a younger bootloader is fine': {
    type: 'BootloaderOld',
    told: node('board_bootloader_built_unix_s', ago(730 * DAY_S - 2)),
    want: 'fine',
  },
};

describeRules(UPKEEP_RULES, ROWS);
