/**
 * Thresholds as data: which numbers mean trouble. A rule measures one thing, compares it with levels, and says in plain
 * words what was found and what to do. Adding a rule is one entry in {@link CONDITION_RULES}.
 */

import { COLLECTOR_STATES, type NumberFactName } from '../../proto/contract/facts.js';
import { visible } from '../../proto/contract/visible.js';
import { renderBytes, renderCount, renderDuration, renderPercent } from '../../proto/contract/words.js';
import type { ConditionRule, Finding } from './condition-rule.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Filesystems that are read-only, and full, by nature. */
const READ_ONLY_TYPES = ['squashfs', 'iso9660', 'udf', 'erofs', 'cramfs', 'romfs'] as const;

const where = (finding: Finding): string => visible(finding.instance, 80);

const bytesOf = (finding: Finding, fact: NumberFactName): string => {
  const bytes = finding.facts.number(fact, finding.instance);
  return bytes === undefined ? 'an unknown amount' : renderBytes(bytes);
};

const DISK_SPACE_LOW: ConditionRule = {
  type: 'DiskSpaceLow',
  scope: 'instance',
  measure: { kind: 'ratio', fact: 'filesystem_available_bytes', of: 'filesystem_size_bytes' },
  when: 'below',
  levels: [
    { severity: 'error', at: 0.03, clearAt: 0.04 },
    { severity: 'warning', at: 0.1, clearAt: 0.12 },
  ],
  forMs: 0,
  notWhere: { fact: 'filesystem_type_text', values: READ_ONLY_TYPES },
  title: 'A filesystem is nearly full.',
  remedy:
    'Free space on it: old logs and packages first (journalctl --vacuum-size=100M, apt-get clean), or give it more.',
  message: (finding) =>
    `${where(finding)} has ${bytesOf(finding, 'filesystem_available_bytes')} free of ` +
    `${bytesOf(finding, 'filesystem_size_bytes')} (${renderPercent(finding.measured)})`,
  dependsOn: [],
};

const INODES_LOW: ConditionRule = {
  type: 'InodesLow',
  scope: 'instance',
  measure: { kind: 'ratio', fact: 'filesystem_inodes_free_count', of: 'filesystem_inodes_count' },
  when: 'below',
  levels: [
    { severity: 'error', at: 0.01, clearAt: 0.02 },
    { severity: 'warning', at: 0.05, clearAt: 0.07 },
  ],
  forMs: 0,
  notWhere: { fact: 'filesystem_type_text', values: READ_ONLY_TYPES },
  title: 'A filesystem is running out of inodes: soon it can hold no more files, however small.',
  remedy: 'Find the folder with the many small files (du --inodes -x) and remove what is not needed.',
  message: (finding) => `${where(finding)} has ${renderPercent(finding.measured)} of its inodes free`,
  dependsOn: [],
};

const FILESYSTEM_READ_ONLY: ConditionRule = {
  type: 'FilesystemReadOnly',
  scope: 'instance',
  measure: { kind: 'is-one-of', fact: 'filesystem_read_only_flag', values: [1] },
  when: 'at-least',
  levels: [{ severity: 'error', at: 1, clearAt: 1 }],
  forMs: 0,
  notWhere: { fact: 'filesystem_type_text', values: READ_ONLY_TYPES },
  title: 'A filesystem is read-only: nothing can be saved on it.',
  remedy: 'Look for I/O errors in the kernel log; a card or disk that turned read-only by itself is usually dying.',
  message: (finding) => `${where(finding)} is mounted read-only`,
  dependsOn: [],
};

const MEMORY_LOW: ConditionRule = {
  type: 'MemoryLow',
  scope: 'node',
  measure: { kind: 'ratio', fact: 'memory_available_bytes', of: 'memory_total_bytes' },
  when: 'below',
  levels: [
    { severity: 'error', at: 0.04, clearAt: 0.06 },
    { severity: 'warning', at: 0.1, clearAt: 0.13 },
  ],
  forMs: 2 * MINUTE_MS,
  title: 'Memory is nearly used up; the kernel may soon kill processes.',
  remedy: 'Find the process that grows (ps --sort=-rss) and restart or limit it.',
  message: (finding) =>
    `${bytesOf(finding, 'memory_available_bytes')} of ${bytesOf(finding, 'memory_total_bytes')} memory available ` +
    `(${renderPercent(finding.measured)})`,
  dependsOn: [],
};

const OUT_OF_MEMORY_KILLS: ConditionRule = {
  type: 'OutOfMemoryKills',
  scope: 'node',
  measure: { kind: 'increase', facts: ['memory_oom_kills_count'], withinMs: 10 * MINUTE_MS },
  when: 'at-least',
  levels: [{ severity: 'error', at: 1, clearAt: 1 }],
  forMs: 0,
  title: 'The kernel killed processes because memory ran out.',
  remedy: 'See in the kernel log what was killed and what used the memory; limit it or move it to a larger node.',
  message: (finding) =>
    `the kernel killed processes ${finding.measured === 1 ? 'once' : `${finding.measured} times`} within 10 min`,
  dependsOn: [],
};

const LOAD_HIGH: ConditionRule = {
  type: 'LoadHigh',
  scope: 'node',
  // Thousandths of load per core, over five minutes.
  measure: { kind: 'ratio', fact: 'load_5m_milli', of: 'cpu_cores_count' },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 2_000, clearAt: 1_500 }],
  forMs: 5 * MINUTE_MS,
  title: 'More work waits than the processors can do.',
  remedy: 'See what runs and what waits for storage (top, iotop): processes blocked on a slow disk count as load too.',
  message: (finding) => `load of ${(finding.measured / 1_000).toFixed(1)} per core over 5 min`,
  dependsOn: ['MemoryLow', 'OutOfMemoryKills', 'FilesystemReadOnly'],
};

const CLOCK_UNSYNCHRONISED: ConditionRule = {
  type: 'ClockUnsynchronised',
  scope: 'node',
  measure: { kind: 'is-one-of', fact: 'clock_synchronised_flag', values: [0] },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
  forMs: 10 * MINUTE_MS,
  title: 'No time service keeps the clock right.',
  remedy: 'Check that a time service runs and reaches its servers (timedatectl timesync-status, chronyc sources).',
  message: () => 'the time service says that the clock is not synchronised',
  dependsOn: [],
};

const CLOCK_OFFSET: ConditionRule = {
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
  dependsOn: ['ClockUnsynchronised'],
};

const NETWORK_ERRORS: ConditionRule = {
  type: 'NetworkErrors',
  scope: 'instance',
  measure: {
    kind: 'increase',
    facts: ['network_receive_errors_count', 'network_transmit_errors_count'],
    withinMs: 5 * MINUTE_MS,
  },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 50, clearAt: 10 }],
  forMs: 0,
  title: 'A network interface loses frames to errors.',
  remedy: 'Change the cable, then the switch port; errors that stay with the board mean a bad network chip.',
  message: (finding) => `${where(finding)} counted ${renderCount(finding.measured, 'error')} within 5 min`,
  dependsOn: [],
};

const LINK_FLAPPING: ConditionRule = {
  type: 'LinkFlapping',
  scope: 'instance',
  measure: { kind: 'increase', facts: ['network_carrier_changes_count'], withinMs: 5 * MINUTE_MS },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 6, clearAt: 2 }],
  forMs: 0,
  title: 'A network link goes down and up again and again.',
  remedy: 'Change the cable and check the power supply: a brown-out resets the network chip first.',
  message: (finding) => `${where(finding)} lost and found its link ${finding.measured} times within 5 min`,
  dependsOn: [],
};

const COLLECTOR_FAILING: ConditionRule = {
  type: 'CollectorFailing',
  scope: 'instance',
  measure: {
    kind: 'is-one-of',
    fact: 'collector_state',
    values: [COLLECTOR_STATES.failed, COLLECTOR_STATES['timed-out']],
  },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
  forMs: MINUTE_MS,
  title: 'Part of the node’s facts cannot be gathered; what they would show is not known.',
  remedy: 'Run the agent’s "report" command on the node: it prints the same failure with more detail.',
  message: (finding) => {
    const timedOut = finding.facts.number('collector_state', finding.instance) === COLLECTOR_STATES['timed-out'];
    const why = finding.facts.text('collector_error_text', finding.instance);
    const outcome = timedOut ? 'takes too long' : 'fails';
    return `collector ${where(finding)} ${outcome}${why === undefined ? '' : `: ${visible(why)}`}`;
  },
  dependsOn: [],
};

const AGENT_STORAGE_FAILED: ConditionRule = {
  type: 'AgentStorageFailed',
  scope: 'node',
  measure: { kind: 'is-one-of', fact: 'agent_storage_failed_flag', values: [1] },
  when: 'at-least',
  levels: [{ severity: 'error', at: 1, clearAt: 1 }],
  forMs: 0,
  title: 'The agent cannot write its own state: it refuses commands and may lose events.',
  remedy: 'Make its state folder writable again: free space, or replace the card or disk under it.',
  message: () => 'the agent cannot write its outbox or its ledger',
  dependsOn: ['FilesystemReadOnly', 'DiskSpaceLow', 'InodesLow'],
};

const OUTBOX_DROPPING: ConditionRule = {
  type: 'OutboxDropping',
  scope: 'node',
  measure: { kind: 'increase', facts: ['agent_outbox_dropped_count'], withinMs: HOUR_MS },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
  forMs: 0,
  title: 'The agent had more events than its outbox may hold, so the oldest were dropped.',
  remedy: 'See which events the node repeats; when it was cut off for long, nothing needs to be done.',
  message: (finding) => `${renderCount(finding.measured, 'event')} dropped within 1 h`,
  dependsOn: ['AgentStorageFailed'],
};

const BOOT_LOOP: ConditionRule = {
  type: 'BootLoop',
  scope: 'node',
  measure: { kind: 'boots', withinMs: 15 * MINUTE_MS },
  when: 'at-least',
  levels: [{ severity: 'error', at: 4, clearAt: 2 }],
  forMs: 0,
  title: 'The node boots again and again.',
  remedy: 'Check power supply and cable first, then the kernel log of the last boot; a watchdog may be biting.',
  message: (finding) => `${finding.measured} boots within 15 min`,
  dependsOn: [],
};

/** Every rule, in the order in which troubles of one severity are told. */
export const CONDITION_RULES: readonly ConditionRule[] = [
  FILESYSTEM_READ_ONLY,
  BOOT_LOOP,
  AGENT_STORAGE_FAILED,
  DISK_SPACE_LOW,
  INODES_LOW,
  OUT_OF_MEMORY_KILLS,
  MEMORY_LOW,
  LOAD_HIGH,
  CLOCK_OFFSET,
  CLOCK_UNSYNCHRONISED,
  NETWORK_ERRORS,
  LINK_FLAPPING,
  COLLECTOR_FAILING,
  OUTBOX_DROPPING,
];
