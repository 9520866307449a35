/** What lies between disks and filesystems. Sources: btrfs-device(8), lvmthin(7). */

import { visible } from '../../../proto/contract/visible.js';
import { renderCount, renderPercent } from '../../../proto/contract/words.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { where } from './words.js';

const ERROR_AT_ONE = [{ severity: 'error', at: 1, clearAt: 1 }] as const;
const BTRFS_ERRORS = [
  ['btrfs_write_errors_count', 'write'],
  ['btrfs_read_errors_count', 'read'],
  ['btrfs_flush_errors_count', 'flush'],
  ['btrfs_corruption_errors_count', 'corruption'],
  ['btrfs_generation_errors_count', 'generation'],
] as const;

export const VOLUME_RULES: readonly ConditionRule[] = [
  {
    type: 'BtrfsDiskMissing',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'btrfs_missing_flag', values: [1] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'A btrfs filesystem runs without one of its disks.',
    remedy: 'Bring the disk back, or put another in its place: btrfs replace start ID /dev/NEW MOUNTPOINT.',
    message: (finding) => `${where(finding)} is ${finding.measured === 0 ? 'there' : 'missing'}`,
    dependsOn: [],
  },
  {
    type: 'BtrfsErrors',
    scope: 'instance',
    // Kept by the filesystem until somebody sets them back. Source: btrfs-device(8), stats.
    measure: { kind: 'value', fact: 'btrfs_errors_count' },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'btrfs found errors on a disk.',
    remedy:
      'Scrub it (btrfs scrub start -B MOUNTPOINT), look at the disk, and set the counts back once nothing new comes: ' +
      'btrfs device stats -z MOUNTPOINT.',
    message: (finding) => `${where(finding)} counts ${renderCount(finding.measured, 'error')}${kinds(finding)}`,
    dependsOn: ['SmartFailing', 'StorageErrors', 'RaidMismatch'],
  },
  {
    type: 'ThinPoolFailed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'thin_pool_failed_flag', values: [1] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'LVM says that something is wrong with a thin pool.',
    remedy: 'lvs -o+lv_health_status shows what. A pool without room: extend it; damaged metadata: lvconvert --repair.',
    message: (finding) =>
      finding.measured === 0 ? `${where(finding)} is well` : `LVM says of ${where(finding)}: ${healthOf(finding)}`,
    dependsOn: ['ThinPoolFull', 'ThinPoolMetadataFull'],
  },
  {
    type: 'ThinPoolFull',
    scope: 'instance',
    measure: { kind: 'value', fact: 'thin_pool_data_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 950, clearAt: 930 },
      { severity: 'warning', at: 800, clearAt: 780 },
    ],
    forMs: 0,
    title: 'A thin pool is nearly full: when it is, every volume in it stops.',
    remedy:
      'Remove snapshots and volumes that nobody needs (and fstrim those that stay), or extend it: lvextend -L+SIZE VG/POOL.',
    message: (finding) => `${where(finding)} is ${renderPercent(finding.measured / 1_000)} full`,
    dependsOn: [],
  },
  {
    type: 'ThinPoolMetadataFull',
    scope: 'instance',
    measure: { kind: 'value', fact: 'thin_pool_metadata_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 900, clearAt: 880 },
      { severity: 'warning', at: 750, clearAt: 730 },
    ],
    forMs: 0,
    title: 'The metadata of a thin pool is nearly full: when it is, the pool may be damaged.',
    remedy: 'Extend it now: lvextend --poolmetadatasize +256M VG/POOL. Fewer snapshots need less of it.',
    message: (finding) => `the metadata of ${where(finding)} is ${renderPercent(finding.measured / 1_000)} full`,
    dependsOn: [],
  },
];

function healthOf({ facts, instance }: Finding): string {
  return visible(facts.text('thin_pool_health_text', instance) ?? 'not well', 40);
}

/** ": 2 read, 1 corruption". */
function kinds({ facts, instance }: Finding): string {
  const found = BTRFS_ERRORS.map(([fact, word]) => [facts.number(fact, instance) ?? 0, word] as const);
  const words = found.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}
