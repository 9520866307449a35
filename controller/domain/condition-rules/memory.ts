import { renderPercent } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { bytesOf, MINUTE_MS } from './words.js';

export const MEMORY_RULES: readonly ConditionRule[] = [
  {
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
  },
  {
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
  },
  {
    type: 'MemoryPressure',
    scope: 'instance',
    // systemd-oomd ends programs at 60 % (oomd.conf(5), DefaultMemoryPressureLimit); a third of that is chosen because nothing
    // that a Pi should do waits for memory for 12 s of every minute.
    measure: { kind: 'value', fact: 'pressure_memory_full_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 600, clearAt: 400 },
      { severity: 'warning', at: 200, clearAt: 100 },
    ],
    forMs: 2 * MINUTE_MS,
    title: 'All programs wait for memory for much of the time.',
    remedy: 'Find what uses the memory (ps --sort=-rss, swapon --show) and restart, limit or move it.',
    message: (finding) =>
      `nothing could run for want of memory for ${renderPercent(finding.measured / 1_000)} of the last minute`,
    dependsOn: ['MemoryLow', 'StorageSaturated', 'CardFailing'],
  },
];
