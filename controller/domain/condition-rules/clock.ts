import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, renderMicroseconds, SECOND_MS } from './words.js';

const CHECK_SERVICE =
  'Check that a time service runs and reaches its servers (timedatectl timesync-status, chronyc sources).';

function bootedInPast(finding: Finding): string {
  if (finding.measured === 0) return 'this boot began with a clock that was right';
  const rtc = finding.facts.number('clock_rtc_present_flag', '');
  const why = rtc === 1 ? 'its real-time clock has lost the time' : rtc === 0 ? 'it has no real-time clock' : undefined;
  return `this boot began with a clock in the past${why === undefined ? '' : `: ${why}`}`;
}

export const CLOCK_RULES: readonly ConditionRule[] = [
  {
    type: 'ClockOffset',
    scope: 'node',
    measure: { kind: 'magnitude', fact: 'clock_controller_offset_ms' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 60 * SECOND_MS, clearAt: 30 * SECOND_MS },
      { severity: 'warning', at: 2 * SECOND_MS, clearAt: 1 * SECOND_MS },
    ],
    forMs: MINUTE_MS,
    title: 'The clock of the node and that of the controller disagree.',
    remedy: 'Check the time service of this node; when many nodes disagree by the same amount, check the controller’s.',
    message: (finding) => {
      const offsetMs = finding.facts.number('clock_controller_offset_ms', finding.instance) ?? 0;
      return `its clock is ${renderDuration(finding.measured)} ${offsetMs < 0 ? 'behind' : 'ahead of'} the controller’s`;
    },
    dependsOn: ['ClockUnsynchronised', 'ClockUntrusted'],
  },
  {
    type: 'ClockUnsynchronised',
    scope: 'node',
    measure: { kind: 'is-one-of', fact: 'clock_synchronised_flag', values: [0] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 10 * MINUTE_MS,
    title: 'No time service keeps the clock right.',
    remedy: CHECK_SERVICE,
    message: ({ measured }) => `the time service says that the clock is ${measured === 0 ? '' : 'not '}synchronised`,
    dependsOn: [],
  },
  {
    type: 'ClockUntrusted',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'clock_untrusted_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 5 * MINUTE_MS, // a time service needs that long after a boot without a real-time clock
    title: 'The clock is behind a time that the node has already seen: certificates and dates of files are wrong.',
    remedy: CHECK_SERVICE,
    message: ({ measured }) =>
      measured === 0
        ? 'the clock is past every time seen before'
        : 'the clock is behind a time that the node has already seen',
    dependsOn: ['ClockUnsynchronised'],
  },
  {
    type: 'ClockDrifting',
    scope: 'instance',
    // Beyond 128 ms a time service sets the clock instead of steering it (RFC 5905, figure 27, STEPT; ntpd(8)). For longer than
    // systemd-timesyncd may wait between two answers, 2048 s, for which the figure of the last one stands (timesyncd.conf(5)).
    measure: { kind: 'magnitude', fact: 'clock_offset_us' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 128_000, clearAt: 64_000 }],
    forMs: 40 * MINUTE_MS,
    title: 'The time service cannot hold the clock.',
    remedy: 'See how far its servers are and how they differ (chronyc sources -v, timedatectl timesync-status).',
    message: (finding) => `the time service says that the clock is off by ${renderMicroseconds(finding.measured)}`,
    dependsOn: ['ClockUnsynchronised', 'ClockStepping', 'CpuPressure'],
  },
  {
    type: 'ClockStepping',
    scope: 'instance',
    // Chosen: one step comes with a boot without a real-time clock, a second one with a person.
    measure: { kind: 'increase', facts: ['clock_steps_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 3, clearAt: 1 }],
    forMs: 0,
    title: 'The clock jumps again and again.',
    remedy: 'Look for two programs that set it, such as chronyd beside systemd-timesyncd, or a guest’s tools.',
    message: ({ measured }) => `the clock jumped by more than a second ${renderCount(measured, 'time')} within 1 h`,
    dependsOn: [],
  },
  {
    type: 'ClockBootedInPast',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'clock_booted_in_past_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'This boot began with a clock in the past; what was written before it was set has wrong dates.',
    remedy:
      'Give it a real-time clock, or a Pi 5 the battery of its own; where the network brings the time soon, nothing needs to be done.',
    message: bootedInPast,
    dependsOn: ['RealTimeClockWrong'],
  },
  {
    type: 'RealTimeClockWrong',
    scope: 'instance',
    // A day: less may be a clock that runs in local time; more is one that had no power.
    measure: { kind: 'magnitude', fact: 'clock_rtc_offset_s' },
    when: 'at-least',
    levels: [{ severity: 'info', at: DAY_MS / SECOND_MS, clearAt: HOUR_MS / SECOND_MS }],
    forMs: 10 * MINUTE_MS, // at shutdown or every 11 minutes the kernel sets it by a synchronised clock
    title: 'The real-time clock has lost the time: its battery is empty or missing.',
    remedy: 'Change its battery (a Pi 5 has a connector for one), then set it: hwclock --systohc.',
    message: ({ measured }) => `the real-time clock and the clock differ by ${renderDuration(measured * SECOND_MS)}`,
    dependsOn: ['ClockUntrusted'],
  },
  {
    type: 'LeapSecondDue',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'clock_leap_state', values: [2, 3] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A leap second comes at the end of this month.',
    remedy:
      'Watch load and power of the fleet in that minute: in 2012 it made kernels spin until the clock was set by hand (date -s now).',
    message: ({ measured, facts }) => {
      if (measured === 0) return 'no leap second is due';
      const verb = facts.number('clock_leap_state', '') === 3 ? 'removed' : 'inserted';
      return `a second will be ${verb} at the end of this month (UTC)`;
    },
    dependsOn: [],
  },
];
