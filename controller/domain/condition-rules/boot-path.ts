import { type BootTrouble, bootTroubleNumber } from '../../../proto/contract/boot/stage.js';
import { TROUBLE_WORDS } from '../../../proto/contract/boot/words.js';
import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { bytesOf, countWithin, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, where } from './words.js';

/** As dnsmasq_service_state and nfsd_service_state carry what systemd says: inactive, failed. */
const NOT_RUNNING = [3, 4];
const repair = (unit: string): string =>
  `Start it again: bramble node restart-unit NAME ${unit}; read its journal when it does not stay.`;

/** One rule for each thing that a boot can hang at. */
function hang(type: string, trouble: BootTrouble, dependsOn: readonly string[]): ConditionRule {
  const { what, remedy } = TROUBLE_WORDS[trouble];
  return {
    type,
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'board_boot_state', values: [bootTroubleNumber(trouble)] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: `A board does not boot: ${what}.`,
    remedy,
    message: (finding) => `board ${where(finding)}: ${finding.measured === 0 ? 'not at this point any more' : what}`,
    dependsOn,
  };
}

/** The path that boards boot over, as their fileserver sees it. */
export const BOOT_PATH_RULES: readonly ConditionRule[] = [
  {
    type: 'DnsmasqDown',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'dnsmasq_service_state', values: NOT_RUNNING },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'dnsmasq does not run: no board of this fileserver can boot.',
    remedy: repair('dnsmasq.service'),
    message: ({ measured }) => (measured === 0 ? 'dnsmasq runs' : 'dnsmasq does not run'),
    dependsOn: [],
  },
  {
    type: 'NfsServerDown',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'nfsd_service_state', values: NOT_RUNNING },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The NFS server does not run: every board with its root on this fileserver stands still.',
    remedy: repair('nfs-server.service'),
    message: ({ measured }) => (measured === 0 ? 'the NFS server runs' : 'the NFS server does not run'),
    dependsOn: [],
  },
  {
    type: 'NfsServerStalled',
    scope: 'instance',
    // Half of what a client waits before it sends again (60 s, nfs(5) timeo): the server is the first to know.
    measure: { kind: 'value', fact: 'nfsd_stalled_ms' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 60 * SECOND_MS, clearAt: 1 },
      { severity: 'warning', at: 30 * SECOND_MS, clearAt: 1 },
    ],
    forMs: 0,
    title: 'The NFS server takes up no request: its threads wait for storage.',
    remedy: 'Look at the disks and arrays under the exports; restarting the NFS server does not help while they hang.',
    message: ({ measured }) =>
      measured < 1
        ? 'the NFS server takes up requests'
        : `the NFS server has taken up no request for ${renderDuration(measured)}`,
    dependsOn: ['StorageSaturated', 'StorageErrors', 'NfsServerDown'],
  },
  {
    type: 'ExportFull',
    scope: 'instance',
    measure: { kind: 'ratio', fact: 'export_available_bytes', of: 'export_size_bytes' },
    when: 'below',
    levels: [
      { severity: 'error', at: 0.01, clearAt: 0.02 },
      { severity: 'warning', at: 0.05, clearAt: 0.07 },
    ],
    forMs: 0,
    title: 'An export has no room: boards that write to it fail in a hundred ways.',
    remedy: 'Make room on it, or enlarge its volume; logs and package caches of the board come first.',
    message: (finding) =>
      `${where(finding)} has ${bytesOf(finding, 'export_available_bytes')} of ${bytesOf(finding, 'export_size_bytes')} left`,
    dependsOn: [],
  },
  {
    type: 'ExportInodesLow',
    scope: 'instance',
    measure: { kind: 'ratio', fact: 'export_inodes_free_count', of: 'export_inodes_count' },
    when: 'below',
    levels: [
      { severity: 'error', at: 0.01, clearAt: 0.02 },
      { severity: 'warning', at: 0.05, clearAt: 0.07 },
    ],
    forMs: 0,
    title: 'An export has room but no inodes: no file can be made on it.',
    remedy: 'Find the folder with very many small files (du --inodes) and empty it.',
    message: (finding) => {
      const free = finding.facts.number('export_inodes_free_count', finding.instance);
      return `${where(finding)} has ${free === undefined ? 'an unknown number of' : free} inodes left`;
    },
    dependsOn: [],
  },
  {
    type: 'ExportFillsSoon',
    scope: 'instance',
    // A working week to act, and a weekend in between.
    measure: { kind: 'value', fact: 'export_full_in_s' },
    when: 'below',
    levels: [
      { severity: 'error', at: DAY_MS / 1_000, clearAt: (2 * DAY_MS) / 1_000 },
      { severity: 'warning', at: (7 * DAY_MS) / 1_000, clearAt: (9 * DAY_MS) / 1_000 },
    ],
    forMs: 10 * MINUTE_MS,
    title: 'An export will be full soon at the pace at which it fills.',
    remedy: 'See what grows on it (du -x, newest files), and make room before boards fail.',
    message: (finding) => `${where(finding)} will be full in ${renderDuration(finding.measured * 1_000)} at this pace`,
    dependsOn: ['ExportFull'],
  },
  hang('BoardLoops', 'boot-loop', ['NfsServerDown', 'NfsServerStalled', 'ExportFull']),
  hang('SerialDirMiss', 'serial-dir-miss', []),
  hang('NoTftpAfterDhcp', 'no-tftp-after-dhcp', ['DnsmasqDown', 'OtherDhcpServer']),
  hang('TftpStalled', 'tftp-stalled', ['DnsmasqDown', 'StorageSaturated']),
  hang('RootNotMounted', 'no-nfs-mount', ['NfsServerDown', 'NfsServerStalled', 'NfsServerGrace']),
  hang('NoDhcp', 'no-dhcp', ['DnsmasqDown', 'OtherDhcpServer']),
  {
    type: 'NfsServerGrace',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'nfsd_grace_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The NFS server has just started: clients of version 4 may only reclaim what they had.',
    remedy: 'Wait: it ends by itself after 90 s.',
    message: ({ measured }) => (measured === 0 ? 'the grace period is over' : 'the NFS server is in its grace period'),
    dependsOn: ['NfsServerDown'],
  },
  {
    type: 'OtherDhcpServer',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['dhcp_other_server_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'Somebody else answers DHCP on the network of a board.',
    remedy: 'Nothing but the board belongs on its VLAN: see what is on that switch port.',
    message: (finding) =>
      `${where(finding)}: a client wanted the offer of another DHCP server ${countWithin(finding.measured, 'time', HOUR_MS)}`,
    dependsOn: [],
  },
  {
    type: 'SpanningTreeOnVlan',
    scope: 'instance',
    // On the trunk a switch may speak it; on the VLAN of one board nobody has any reason to.
    measure: { kind: 'increase', facts: ['stp_bpdus_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    notWhere: { fact: 'trunk_flag', values: [1] },
    title: 'Spanning tree is spoken on the VLAN of a board: boards that boot over it give up while a port learns.',
    remedy:
      'Turn spanning tree off on the switch port of this board or make it an edge port, and see that no switch is plugged in there.',
    message: (finding) => `${where(finding)}: ${renderCount(finding.measured, 'frame')} of spanning tree within 1 h`,
    dependsOn: [],
  },
  {
    type: 'TftpProbed',
    scope: 'instance',
    // A board asks for its own files and for some that are not there; it never writes, and knows no path of ours.
    measure: { kind: 'increase', facts: ['tftp_refused_count', 'tftp_foreign_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A board asks for files over TFTP that are not its own.',
    remedy:
      'Treat the system on it as somebody else’s until you know better; --tftp-unique-root gives each board its own root.',
    message: (finding) =>
      `${where(finding) || 'an unknown network'}: ${renderCount(finding.measured, 'request')} within 1 h`,
    dependsOn: [],
  },
];
