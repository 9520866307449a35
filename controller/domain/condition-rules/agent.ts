import { COLLECTOR_STATES } from '../../../proto/contract/facts.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { HOUR_MS, MIB, MINUTE_MS, where } from './words.js';

const CPU_MS = 30 * MINUTE_MS;
const TELL_US =
  'Restart it (systemctl restart bramble-agent); when it comes again, report it with the node’s detail page.';
const BUSY_NODE = [
  'StorageSaturated',
  'CardFailing',
  'MemoryPressure',
  'MemoryLow',
  'CpuPressure',
  'Throttled',
  'LoadHigh',
] as const;

function collectorWords(finding: Finding): string {
  const { facts, instance, measured } = finding;
  if (measured === 0) return `collector ${where(finding)} works`;
  const timedOut = facts.number('collector_state', instance) === COLLECTOR_STATES['timed-out'];
  const why = facts.text('collector_error_text', instance);
  return `collector ${where(finding)} ${timedOut ? 'takes too long' : 'fails'}${why === undefined ? '' : `: ${visible(why)}`}`;
}

/** Losses first, then what the agent costs: nobody may have to guess whether the watcher is the problem. */
export const AGENT_RULES: readonly ConditionRule[] = [
  {
    type: 'AgentStorageFailed',
    scope: 'node',
    measure: { kind: 'is-one-of', fact: 'agent_storage_failed_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The agent cannot write its own state: it refuses commands and may lose events.',
    remedy: 'Make its state folder writable again: free space, or replace the card or disk under it.',
    message: ({ measured }) => `the agent ${measured === 0 ? 'can' : 'cannot'} write its outbox and its ledger`,
    dependsOn: ['FilesystemReadOnly', 'DiskSpaceLow', 'InodesLow', 'StorageSaturated', 'CardFailing', 'StorageErrors'],
  },
  {
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
    message: collectorWords,
    dependsOn: [],
  },
  {
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
  },
  {
    type: 'AgentValuesRefused',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['agent_values_refused_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The agent measured values that cannot be true, and left them out.',
    remedy: 'Compare what its "report" command prints with the files under /proc and /sys; report it.',
    message: ({ measured }) => `${renderCount(measured, 'value')} left out within 1 h`,
    dependsOn: [],
  },
  {
    type: 'AgentMemoryHigh',
    scope: 'instance',
    // Measured: it stays at 54 MiB; its unit ends it at 96 (MemoryMax=).
    measure: { kind: 'value', fact: 'agent_resident_bytes' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 80 * MIB, clearAt: 72 * MIB }],
    forMs: 10 * MINUTE_MS,
    title: 'The agent takes more memory than it should.',
    remedy: TELL_US,
    message: ({ measured }) => `the agent uses ${renderBytes(measured)} of memory`,
    dependsOn: [],
  },
  {
    type: 'AgentCpuHigh',
    scope: 'instance',
    // A twentieth of one core; measured: some thousandths of that.
    measure: { kind: 'increase', facts: ['agent_cpu_ms'], withinMs: CPU_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: CPU_MS / 20, clearAt: CPU_MS / 40 }],
    forMs: 0,
    title: 'The agent takes more of the processor than it should.',
    remedy: TELL_US,
    message: ({ measured }) => `the agent used ${renderDuration(measured)} of processor time within 30 min`,
    dependsOn: [],
  },
  {
    type: 'AgentWritesHigh',
    scope: 'instance',
    // Chosen: a card of 16 GB that is rewritten some hundred times lasts for ten years at this rate.
    measure: { kind: 'increase', facts: ['agent_written_bytes'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 16 * MIB, clearAt: 8 * MIB }],
    forMs: 0,
    title: 'The agent writes more to the card than it should.',
    remedy: 'See which events the node repeats (bramble events); end what causes them, or restart the agent.',
    message: ({ measured }) => `the agent wrote ${renderBytes(measured)} within 1 h`,
    dependsOn: ['OutboxDropping'],
  },
  {
    type: 'AgentStalling',
    scope: 'instance',
    // Chosen: a stall of a second at every look; single ones come with a slow card.
    measure: { kind: 'value', fact: 'agent_stall_ms' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1_000, clearAt: 500 }],
    forMs: 5 * MINUTE_MS,
    title: 'The agent stands still for seconds, again and again.',
    remedy: 'See what keeps the node busy (top, iotop); the agent itself needs a millisecond for each report.',
    message: ({ measured }) => `the agent stood still for ${renderDuration(measured)}`,
    dependsOn: BUSY_NODE,
  },
  {
    type: 'AgentFilesHigh',
    scope: 'instance',
    // Half of what its unit allows (LimitNOFILE=1024); measured: some tens.
    measure: { kind: 'value', fact: 'agent_open_files_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 512, clearAt: 256 }],
    forMs: 10 * MINUTE_MS,
    title: 'The agent holds more files open than it should, and will run out of them.',
    remedy: TELL_US,
    message: ({ measured }) => `the agent holds ${renderCount(measured, 'file')} open`,
    dependsOn: [],
  },
];
