import { type Event, RaidChange } from '../../../proto/gen/bramble/agent/v1/event.js';

/** One thing that is different from what was told last. `before` and `after` are empty where there was, or is, nothing. */
export interface RaidDifference {
  readonly array: string;
  readonly uuid: string;
  readonly change: keyof typeof RAID_CHANGES;
  /** Empty for the array itself. */
  readonly member: string;
  readonly before: string;
  readonly after: string;
}

export const RAID_CHANGES = {
  'array-appeared': RaidChange.ARRAY_APPEARED,
  'array-vanished': RaidChange.ARRAY_VANISHED,
  'array-state': RaidChange.ARRAY_STATE,
  'member-state': RaidChange.MEMBER_STATE,
  'missing-count': RaidChange.MISSING_COUNT,
  'sync-action': RaidChange.SYNC_ACTION,
  mismatches: RaidChange.MISMATCHES,
} as const;

/** As the event that tells of it. */
export function raidChanged(difference: RaidDifference): NonNullable<Event['kind']> {
  return { $case: 'raidChanged', value: { ...difference, change: RAID_CHANGES[difference.change] } };
}
