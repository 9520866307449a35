/** Words of the kernel for md arrays, and the numbers that facts carry for them. */

/** What an md array is, as `raid_array_state` carries it. Source: Linux Documentation/admin-guide/md.rst, array_state. */
export const RAID_ARRAY_STATES = {
  clear: 1,
  inactive: 2,
  suspended: 3,
  readonly: 4,
  'read-auto': 5,
  clean: 6,
  active: 7,
  'write-pending': 8,
  'active-idle': 9,
  broken: 10,
} as const;

/** What the kernel does to an md array, as `raid_sync_state` carries it. Source: the same, sync_action. */
export const RAID_SYNC_STATES = {
  idle: 1,
  frozen: 2,
  resync: 3,
  recover: 4,
  check: 5,
  repair: 6,
  reshape: 7,
} as const;

/** What a member is to its array, as `raid_member_state` carries it. */
export const RAID_MEMBER_STATES = {
  'in-sync': 1,
  rebuilding: 2,
  spare: 3,
  faulty: 4,
  journal: 5,
  replacement: 6,
} as const;
export type RaidMemberState = keyof typeof RAID_MEMBER_STATES;
