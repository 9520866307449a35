/** md arrays. What the words of the kernel mean: Linux Documentation/admin-guide/md.rst. */

import { RAID_ARRAY_STATES, RAID_MEMBER_STATES, RAID_SYNC_STATES } from '../../../proto/contract/raid-states.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { countWithin, DAY_MS, MINUTE_MS, SECOND_MS, where } from './words.js';

const { inactive, broken, readonly: readOnly } = RAID_ARRAY_STATES;
const { resync, recover, reshape, frozen } = RAID_SYNC_STATES;

const ERROR_AT_ONE = [{ severity: 'error', at: 1, clearAt: 1 }] as const;
const WARNING_AT_ONE = [{ severity: 'warning', at: 1, clearAt: 1 }] as const;
const REPLACE = 'Put another disk in its place: `bramble raid replace NODE ARRAY OLD NEW`.';

/** Arrays, from what has lost data already to what may. */
const ARRAY_RULES: readonly ConditionRule[] = [
  {
    type: 'RaidInactive',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'raid_array_state', values: [inactive, broken] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'A RAID array does not run: what is on it cannot be reached.',
    remedy:
      'Do not create it anew. Stop it, assemble it with the good member alone (mdadm --assemble --run), and add the others ' +
      'when it runs; `bramble raid show NODE` has the commands.',
    message: (finding) =>
      finding.measured === 0 ? `${where(finding)} runs` : `${where(finding)} is there and does not run`,
    dependsOn: [],
  },
  {
    type: 'RaidDegraded',
    scope: 'instance',
    measure: { kind: 'value', fact: 'raid_missing_count' },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'A RAID array runs without all of its members: another failure may cost what is on it.',
    remedy: `Do not reboot or upgrade. ${REPLACE} Wait until it is rebuilt.`,
    message: degradedWords,
    dependsOn: ['RaidMemberFailed'],
  },
  {
    type: 'RaidReadOnly',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'raid_array_state', values: [readOnly] },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 5 * MINUTE_MS,
    title: 'A RAID array takes no writes.',
    remedy: 'See in the kernel’s log why (journalctl -k -g md), then make it writable: mdadm --readwrite /dev/ARRAY.',
    message: (finding) => `${where(finding)} ${finding.measured === 0 ? 'takes writes' : 'is read-only'}`,
    dependsOn: ['RaidInactive', 'RaidDegraded'],
  },
  {
    type: 'RaidSyncFrozen',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'raid_sync_state', values: [frozen] },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 15 * MINUTE_MS,
    title: 'Rebuilding and checking of a RAID array is held: a spare would not take over.',
    remedy: 'A program has stopped halfway. When no mdadm runs any more: mdadm --action=idle /dev/ARRAY.',
    message: (finding) => `${where(finding)} ${finding.measured === 0 ? 'may rebuild and check' : 'is frozen'}`,
    dependsOn: [],
  },
  {
    type: 'RaidRebuilding',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'raid_sync_state', values: [resync, recover, reshape] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A RAID array is being rebuilt; until it is done the fileserver must not be rebooted.',
    remedy: 'Wait. Its agent refuses reboots, and checks of other arrays, until then.',
    message: (finding) =>
      finding.measured === 0
        ? `nothing is rebuilt in ${where(finding)}`
        : `${where(finding)} is ${rebuildWords(finding)}`,
    dependsOn: [],
  },
  {
    type: 'RaidMismatch',
    scope: 'instance',
    measure: { kind: 'value', fact: 'raid_mismatches_count' },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'A check found that the members of a RAID array differ.',
    remedy:
      'Look at the SMART values and cables of its disks first. On RAID 1 and 10 below swap a few are harmless; otherwise ' +
      'mdadm --action=repair /dev/ARRAY makes them equal, and the next check shows whether they come back.',
    message: (finding) =>
      `the last check of ${where(finding)} found ${renderCount(finding.measured, 'differing sector')}`,
    dependsOn: ['RaidMemberFailing'],
  },
];

const MEMBER_RULES: readonly ConditionRule[] = [
  {
    type: 'RaidMemberFailed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'raid_member_state', values: [RAID_MEMBER_STATES.faulty] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'The kernel has given up a member of a RAID array.',
    remedy: `${REPLACE} A disk that failed once is not to be trusted again.`,
    message: (finding) => `${where(finding)} ${finding.measured === 0 ? 'has not failed' : 'has failed'}`,
    dependsOn: ['SmartFailing', 'StorageErrors'],
  },
  {
    type: 'RaidMemberFailing',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['raid_member_read_errors_count'], withinMs: DAY_MS },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'A member of a RAID array could not be read in places, and was mended from the others.',
    remedy: `Check the array (\`bramble raid scrub NODE ARRAY\`) and its SMART values; when it goes on: ${REPLACE}`,
    message: (finding) => `${where(finding)} had ${countWithin(finding.measured, 'read error', DAY_MS)}`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'RaidEventSkew',
    scope: 'instance',
    measure: { kind: 'value', fact: 'raid_event_skew_count' },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    // Superblocks are written one after the other: what differs for a moment says nothing.
    forMs: 15 * MINUTE_MS,
    title: 'Members of a RAID array disagree about how new they are: it may not assemble at the next boot.',
    remedy: 'Do not reboot. mdadm --examine shows which member lags behind; remove it from the array and add it again.',
    message: (finding) =>
      finding.measured === 0
        ? `the members of ${where(finding)} are equally new`
        : `members of ${where(finding)} are ${renderCount(finding.measured, 'event')} apart`,
    dependsOn: [],
  },
];

/** "md0 runs with 1 of 2 members; the rebuild is at 12.5 %". */
function degradedWords(finding: Finding): string {
  const { facts, instance, measured } = finding;
  const level = facts.text('raid_level_text', instance);
  const members = facts.number('raid_members_count', instance);
  const name = level === undefined ? where(finding) : `${where(finding)} (${visible(level, 20)})`;
  if (members === undefined) return `${name} lacks ${renderCount(measured, 'member')}`;
  const runs = `${name} runs with ${members - measured} of ${renderCount(members, 'member')}`;
  const isRebuilt = facts.number('raid_sync_state', instance) === recover;
  return measured > 0 && isRebuilt ? `${runs} and is ${rebuildWords(finding)}` : runs;
}

/** "rebuilt: 12.5 % done, 1 h left". */
function rebuildWords({ facts, instance }: Finding): string {
  const permille = facts.number('raid_sync_permille', instance);
  const leftS = facts.number('raid_sync_remaining_s', instance);
  const how = facts.number('raid_sync_state', instance) === reshape ? 'reshaped' : 'rebuilt';
  if (permille === undefined) return `${how} and waits for its turn`;
  const left = leftS === undefined ? '' : `, ${renderDuration(leftS * SECOND_MS)} left`;
  return `${how}: ${(permille / 10).toFixed(1)} % done${left}`;
}

export const RAID_RULES: readonly ConditionRule[] = [...ARRAY_RULES, ...MEMBER_RULES];
