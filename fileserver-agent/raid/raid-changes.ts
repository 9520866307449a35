import type { RaidDifference } from '../../agent/kit/report/raid-changed.js';
import { renderCount } from '../../proto/contract/words.js';
import type { RaidSeen, SeenArray } from './raid-seen.js';

/**
 * What has to be told to whom knows `before`, in an order that reads well: members first, then what follows for the array. Another
 * uuid under the same name is another array.
 */
export function compareRaid(before: RaidSeen, after: RaidSeen): readonly RaidDifference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (old !== undefined && now !== undefined && isSame(old, now)) return compareArray(name, old, now);
    return [
      ...(old === undefined ? [] : [told(name, old, 'array-vanished', summaryOf(old), '')]),
      ...(now === undefined ? [] : [told(name, now, 'array-appeared', '', summaryOf(now))]),
    ];
  });
}

/** An inactive array may not tell its uuid yet. */
function isSame(old: SeenArray, now: SeenArray): boolean {
  return old.uuid === now.uuid || old.uuid === '' || now.uuid === '';
}

function compareArray(name: string, old: SeenArray, now: SeenArray): readonly RaidDifference[] {
  const differences: RaidDifference[] = [];
  const compare = (change: RaidDifference['change'], before: string, after: string, member = ''): void => {
    if (before !== after) differences.push({ ...told(name, now, change, before, after), member });
  };
  const members = [...new Set([...Object.keys(old.members), ...Object.keys(now.members)])].sort();
  compare('array-state', old.state, now.state);
  for (const member of members) compare('member-state', old.members[member] ?? '', now.members[member] ?? '', member);
  compare('missing-count', String(old.missingCount), String(now.missingCount));
  compare('sync-action', old.sync, now.sync);
  compare('mismatches', String(old.mismatchesCount), String(now.mismatchesCount));
  return differences;
}

function told(
  array: string,
  { uuid }: SeenArray,
  change: RaidDifference['change'],
  before: string,
  after: string,
): RaidDifference {
  return { array, uuid, change, member: '', before, after };
}

/** "raid1, running, 1 of 2 members, recover". */
function summaryOf({ level, state, membersCount, missingCount, sync }: SeenArray): string {
  const members = membersCount === 0 ? '' : `${membersCount - missingCount} of ${renderCount(membersCount, 'member')}`;
  return [level, state, members, sync === 'idle' ? '' : sync].filter((word) => word !== '').join(', ');
}
