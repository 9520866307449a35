import { describeRules } from '../testing/describe-rules.js';
import { moved, on, type RuleRows } from '../testing/rule-rows.js';
import type { Told } from '../testing/told.js';
import { RAID_RULES } from './raid.js';

const array = (missing: number, sync = 1): Told => ({
  raid_level_text: { md0: 'raid1' },
  raid_array_state: { md0: 6 },
  raid_members_count: { md0: 2 },
  raid_missing_count: { md0: missing },
  raid_sync_state: { md0: sync },
});
const running = (sync: number): Told => ({
  ...array(1, sync),
  raid_sync_permille: { md0: 125 },
  raid_sync_remaining_s: { md0: 5_400 },
});

const ROWS: RuleRows = {
  'an array that does not run is an error': {
    type: 'RaidInactive',
    told: on('md127', 'raid_array_state', 2),
    want: 'error',
    says: 'md127 is there and does not run',
  },
  'a broken one too': { type: 'RaidInactive', told: on('md127', 'raid_array_state', 10), want: 'error' },
  'one that waits for its first write runs': {
    type: 'RaidInactive',
    told: on('md0', 'raid_array_state', 5),
    want: 'fine',
  },
  'a state of a newer kernel is no verdict': { type: 'RaidInactive', told: {}, want: 'nothing' },
  'a missing member is an error that counts those that are left': {
    type: 'RaidDegraded',
    told: array(1),
    want: 'error',
    says: 'md0 (raid1) runs with 1 of 2 members',
  },
  'a rebuild is told with the trouble that it ends': {
    type: 'RaidDegraded',
    told: running(4),
    want: 'error',
    says: 'md0 (raid1) runs with 1 of 2 members and is rebuilt: 12.5 % done, 1 h 30 min left',
  },
  'a whole array is fine': {
    type: 'RaidDegraded',
    told: array(0),
    want: 'fine',
  },
  'an array that stays read-only is a warning': {
    type: 'RaidReadOnly',
    told: on('md0', 'raid_array_state', 4),
    want: 'warning',
  },
  'one that becomes writable with the first write is fine': {
    type: 'RaidReadOnly',
    told: on('md0', 'raid_array_state', 5),
    want: 'fine',
  },
  'a frozen array is a warning': { type: 'RaidSyncFrozen', told: array(0, 2), want: 'warning' },
  'an idle one may rebuild': { type: 'RaidSyncFrozen', told: array(0), want: 'fine' },
  'a resync is worth knowing': {
    type: 'RaidRebuilding',
    told: running(3),
    want: 'info',
    says: 'md0 is rebuilt: 12.5 % done, 1 h 30 min left',
  },
  'a reshape that waits is called one': {
    type: 'RaidRebuilding',
    told: array(0, 7),
    want: 'info',
    says: 'md0 is reshaped and waits for its turn',
  },
  'a check is no rebuild': { type: 'RaidRebuilding', told: array(0, 5), want: 'fine' },
  'a difference is a warning': {
    type: 'RaidMismatch',
    told: on('md0', 'raid_mismatches_count', 128),
    want: 'warning',
    says: 'the last check of md0 found 128 differing sectors',
  },
  'no difference is fine': { type: 'RaidMismatch', told: on('md0', 'raid_mismatches_count', 0), want: 'fine' },
  'a member that was given up is an error': {
    type: 'RaidMemberFailed',
    told: on('md0/sda3', 'raid_member_state', 4),
    want: 'error',
    says: 'md0/sda3 has failed',
  },
  'one that is rebuilt has not failed': {
    type: 'RaidMemberFailed',
    told: on('md0/sda3', 'raid_member_state', 2),
    want: 'fine',
  },
  'a new read error is a warning': {
    type: 'RaidMemberFailing',
    ...moved('md0/sda3', 'raid_member_read_errors_count', 4, 5),
    want: 'warning',
    says: 'md0/sda3 had 1 read error within 1 d',
  },
  'old ones are fine': {
    type: 'RaidMemberFailing',
    ...moved('md0/sda3', 'raid_member_read_errors_count', 4, 4),
    want: 'fine',
  },
  'members that disagree are an error': {
    type: 'RaidEventSkew',
    told: on('md0', 'raid_event_skew_count', 1),
    want: 'error',
    says: 'members of md0 are 1 event apart',
  },
  'members that agree are fine': { type: 'RaidEventSkew', told: on('md0', 'raid_event_skew_count', 0), want: 'fine' },
};

describeRules(RAID_RULES, ROWS);
