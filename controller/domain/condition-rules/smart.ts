/** Disks that foretell their end, or let one wait. Sources: smartctl(8); Backblaze, "What SMART Stats Tell Us About Hard Drives". */

import { renderCount, renderPercent } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { countWithin, DAY_MS, MINUTE_MS, ON_A_PI, renderDegrees, renderMicroseconds, where } from './words.js';

const ERROR_AT_ONE = [{ severity: 'error', at: 1, clearAt: 1 }] as const;
const WARNING_AT_ONE = [{ severity: 'warning', at: 1, clearAt: 1 }] as const;
const REPLACE =
  'Replace it: `bramble raid replace NODE ARRAY OLD NEW` moves its members one by one, at full redundancy.';
const WATCH = `Have it test itself (smartctl -t long), then look again. When the number grows: ${REPLACE}`;
const WEEK_MS = 7 * DAY_MS;

export const SMART_RULES: readonly ConditionRule[] = [
  {
    type: 'SmartFailing',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'smart_health_state', values: [2] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'A disk says itself that it is about to fail.',
    remedy: REPLACE,
    message: (finding) => `${where(finding)} ${finding.measured === 0 ? 'passes' : 'fails'} its own health test`,
    dependsOn: [],
  },
  {
    type: 'SmartPrefail',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'smart_prefail_flag', values: [1] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'A value of a disk that foretells failure is below the limit of its maker.',
    remedy: REPLACE,
    message: (finding) =>
      finding.measured === 0
        ? `every value of ${where(finding)} is within the limits of its maker`
        : `a value of ${where(finding)} is below the limit of its maker`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'SmartSelfTestFailed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'smart_self_test_failed_flag', values: [1] },
    when: 'at-least',
    levels: ERROR_AT_ONE,
    forMs: 0,
    title: 'The last self-test of a disk failed.',
    remedy: REPLACE,
    message: (finding) =>
      `the last self-test of ${where(finding)} ${finding.measured === 0 ? 'did not fail' : 'failed'}`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'SmartUnreadable',
    scope: 'instance',
    measure: { kind: 'value', fact: 'smart_pending_count' },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'A disk has sectors that it cannot read.',
    remedy: `Check the array, which writes them anew (\`bramble raid scrub NODE ARRAY\`). ${WATCH}`,
    message: (finding) => `${where(finding)} has ${renderCount(finding.measured, 'sector')} that cannot be read`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'SmartUncorrectable',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['smart_uncorrectable_count'], withinMs: WEEK_MS },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'A disk lost what it had stored, in places.',
    remedy: WATCH,
    message: (finding) => `${where(finding)} had ${countWithin(finding.measured, 'uncorrectable error', WEEK_MS)}`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'SmartReallocated',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['smart_reallocated_count'], withinMs: WEEK_MS },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'A disk replaces sectors by spare ones.',
    remedy: WATCH,
    message: (finding) => `${where(finding)} replaced ${countWithin(finding.measured, 'sector', WEEK_MS)}`,
    dependsOn: ['SmartFailing'],
  },
  {
    type: 'DiskCableErrors',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['smart_cable_errors_count'], withinMs: DAY_MS },
    when: 'at-least',
    levels: WARNING_AT_ONE,
    forMs: 0,
    title: 'What a disk and the machine send each other arrives damaged.',
    remedy: 'Seat the cable anew or change it: the disk itself is rarely the cause.',
    message: (finding) => `${where(finding)} had ${countWithin(finding.measured, 'transfer error', DAY_MS)}`,
    dependsOn: [],
  },
  {
    type: 'DiskWorn',
    scope: 'instance',
    measure: { kind: 'value', fact: 'smart_life_used_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 1_000, clearAt: 1_000 },
      { severity: 'warning', at: 900, clearAt: 900 },
    ],
    forMs: 0,
    title: 'A solid-state disk has nearly used up the writes that its maker promised.',
    remedy: REPLACE,
    message: (finding) => `${where(finding)} has used up ${renderPercent(finding.measured / 1_000)} of its life`,
    dependsOn: [],
  },
  {
    type: 'DiskHot',
    scope: 'instance',
    // Makers allow 60 °C for most spinning disks and 70 °C for most solid-state ones.
    measure: { kind: 'value', fact: 'smart_temperature_millidegrees' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 70_000, clearAt: 65_000 },
      { severity: 'warning', at: 60_000, clearAt: 55_000 },
    ],
    forMs: 10 * MINUTE_MS,
    title: 'A disk is hot.',
    remedy: 'See to fans and dust filters, and that air gets between the disks.',
    message: (finding) => `${where(finding)} is at ${renderDegrees(finding.measured)}`,
    dependsOn: [],
  },
  {
    type: 'DiskSlow',
    scope: 'instance',
    // A spinning disk needs 10 to 20 ms for a request anywhere on it; ten times that, over and over, is one that tries again and again.
    measure: { kind: 'value', fact: 'disk_read_latency_us' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 200_000, clearAt: 100_000 }],
    forMs: 15 * MINUTE_MS,
    notWhere: ON_A_PI,
    title: 'A disk lets one wait: everything that lies on it is slow.',
    remedy:
      'See who reads and writes (iotop -ao), and whether the array is rebuilt; a disk that is slow alone is usually dying.',
    message: (finding) => `a read from ${where(finding)} takes ${renderMicroseconds(finding.measured)} on average`,
    dependsOn: ['SmartFailing', 'SmartUnreadable', 'RaidRebuilding'],
  },
];
