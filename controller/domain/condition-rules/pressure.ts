import { renderCount, renderPercent } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { MINUTE_MS } from './words.js';

const MEMORY_GONE = ['MemoryLow', 'OutOfMemoryKills', 'MemoryPressure'] as const;
const STORAGE_WAITS = [
  'NfsStalled',
  'NfsServerSilent',
  'StorageSaturated',
  'CardFailing',
  'FilesystemReadOnly',
  'NfsSlow',
  'StorageWritesSlow',
  'StorageReadsSlow',
] as const;

/** Too much work for the processors, or work that waits. Source: Linux Documentation/accounting/psi.rst. */
export const PRESSURE_RULES: readonly ConditionRule[] = [
  {
    type: 'LoadHigh',
    scope: 'node',
    // Thousandths of load per core, over five minutes.
    measure: { kind: 'ratio', fact: 'load_5m_milli', of: 'cpu_cores_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 2_000, clearAt: 1_500 }],
    forMs: 5 * MINUTE_MS,
    title: 'More work waits than the processors can do.',
    remedy:
      'See what runs and what waits for storage (top, iotop): processes blocked on a slow disk count as load too.',
    message: (finding) => `load of ${(finding.measured / 1_000).toFixed(1)} per core over 5 min`,
    dependsOn: [...MEMORY_GONE, ...STORAGE_WAITS],
  },
  {
    type: 'CpuPressure',
    scope: 'instance',
    // Chosen: a batch job may keep every processor busy, and then something always waits a little; four fifths of the time for
    // a quarter of an hour means that the board has more to do than it can.
    measure: { kind: 'value', fact: 'pressure_cpu_some_permille' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 800, clearAt: 600 }],
    forMs: 15 * MINUTE_MS,
    title: 'Programs wait for a processor nearly all the time.',
    remedy: 'See what runs (top); limit it (CPUQuota= of its unit) or move it to another node.',
    message: (finding) =>
      `programs waited for a processor for ${renderPercent(finding.measured / 1_000)} of the last minute`,
    dependsOn: ['Throttled', 'FrequencyCapped'],
  },
  {
    type: 'IoPressure',
    scope: 'instance',
    // Chosen: a backup or an upgrade keeps a card busy for minutes; half of every minute for ten of them is more than that.
    measure: { kind: 'value', fact: 'pressure_io_full_permille' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 500, clearAt: 300 }],
    forMs: 10 * MINUTE_MS,
    title: 'All programs wait for storage or NFS for much of the time.',
    remedy: 'See who reads and writes (iotop -ao), and how the device or the fileserver answers.',
    message: (finding) =>
      `nothing could run for want of storage for ${renderPercent(finding.measured / 1_000)} of the last minute`,
    dependsOn: [...STORAGE_WAITS, ...MEMORY_GONE],
  },
  {
    type: 'ProcessesBlocked',
    scope: 'instance',
    // Chosen: one or two wait for a card at any moment; four at every look for five minutes are stuck.
    measure: { kind: 'value', fact: 'processes_blocked_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 4, clearAt: 2 }],
    forMs: 5 * MINUTE_MS,
    title: 'Processes are stuck waiting for storage or NFS, and cannot even be killed.',
    remedy: 'See what they wait for: ps -eo pid,stat,wchan:32,args, those with D.',
    message: (finding) => `${renderCount(finding.measured, 'blocked process').replace(/processs$/, 'processes')}`,
    dependsOn: [...STORAGE_WAITS, ...MEMORY_GONE, 'IoPressure'],
  },
];
