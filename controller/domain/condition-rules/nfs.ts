import { visible } from '../../../proto/contract/visible.js';
import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { countWithin, MINUTE_MS, renderMicroseconds, SECOND_MS, where } from './words.js';

const WINDOW_MS = 10 * MINUTE_MS;
const LOOK_AT_SERVER =
  'Look at the fileserver and the switch between: when other nodes of the same server wait too, it is the server.';
const SILENT = ['NfsStalled', 'NfsServerSilent'] as const;

/** "/home (10.46.189.1:/export/10.46.189.2)". */
function mount(finding: Finding): string {
  const server = finding.facts.text('nfs_server_text', finding.instance);
  return server === undefined ? where(finding) : `${where(finding)} (${visible(server, 80)})`;
}

export const NFS_RULES: readonly ConditionRule[] = [
  {
    type: 'NfsStalled',
    scope: 'instance',
    // Over TCP a request is sent again after 60 s, then after 120 s more: after both, "not responding" is logged.
    // Source: nfs(5), timeo and retrans.
    measure: { kind: 'value', fact: 'nfs_stalled_ms' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 180 * SECOND_MS, clearAt: 1 },
      { severity: 'warning', at: 60 * SECOND_MS, clearAt: 1 },
    ],
    forMs: 0,
    title: 'A fileserver does not answer: whatever uses its files waits.',
    remedy: LOOK_AT_SERVER,
    message: (finding) =>
      finding.measured < 1
        ? `${mount(finding)} gets answers`
        : `${mount(finding)} has got no answer for ${renderDuration(finding.measured)}`,
    dependsOn: [],
  },
  {
    type: 'NfsServerSilent',
    scope: 'instance',
    // A connection that is being made in vain sends no request, so that only the log tells.
    measure: { kind: 'signs', flags: [], log: ['nfs-silent'] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel says that a fileserver does not answer.',
    remedy: LOOK_AT_SERVER,
    message: ({ measured }) =>
      measured === 0 ? 'the fileserver answers' : 'the kernel says that a fileserver does not answer',
    dependsOn: ['NfsStalled'],
  },
  {
    type: 'NfsTimeouts',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['nfs_timeouts_count'], withinMs: WINDOW_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'Requests to a fileserver ran out of time.',
    remedy: LOOK_AT_SERVER,
    message: (finding) => `${mount(finding)}: ${countWithin(finding.measured, 'timeout', WINDOW_MS)}`,
    dependsOn: SILENT,
  },
  {
    type: 'NfsRetransmitting',
    scope: 'instance',
    // Over TCP a request is sent again only after 60 s or over a new connection: chosen because a healthy mount has none,
    // and a restart of the server some for each request that was under way.
    measure: { kind: 'increase', facts: ['nfs_retransmits_count'], withinMs: WINDOW_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 50, clearAt: 10 }],
    forMs: 0,
    title: 'Requests to a fileserver must be sent again and again.',
    remedy:
      'Look for lost frames between node and fileserver (cable, switch port, duplex), then at the load of the server.',
    message: (finding) => `${mount(finding)}: ${renderCount(finding.measured, 'request')} sent again within 10 min`,
    dependsOn: [...SILENT, 'NfsTimeouts', 'NetworkErrors', 'LinkHalfDuplex', 'LinkFlapping', 'NetworkDrops'],
  },
  {
    type: 'NfsSlow',
    scope: 'instance',
    // Chosen: a server on the same switch answers within some milliseconds, from a disk within some tens.
    measure: { kind: 'value', fact: 'nfs_round_trip_us' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 500_000, clearAt: 250_000 }],
    forMs: 5 * MINUTE_MS,
    title: 'A fileserver answers slowly.',
    remedy: 'Look at the load of the fileserver’s disks, then at who fills the network between.',
    message: (finding) => `an answer for ${mount(finding)} takes ${renderMicroseconds(finding.measured)} on average`,
    dependsOn: [...SILENT, 'NfsRetransmitting', 'LinkSpeedLow', 'LinkHalfDuplex', 'NetworkErrors'],
  },
];
