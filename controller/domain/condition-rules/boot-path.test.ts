import { bootTroubleNumber } from '../../../proto/contract/boot/stage.js';
import { describeRules } from '../testing/describe-rules.js';
import { moved, node, on, type RuleRows } from '../testing/rule-rows.js';
import { BOOT_PATH_RULES } from './boot-path.js';

const BOARD = 'aa000003';
const hangs = (trouble: Parameters<typeof bootTroubleNumber>[0]) =>
  on(BOARD, 'board_boot_state', bootTroubleNumber(trouble));
const boots = on(BOARD, 'board_boot_state', 7);
const room = (available: number) => ({
  ...on('/export', 'export_available_bytes', available),
  ...on('/export', 'export_size_bytes', 1_000),
});
const inodes = (free: number) => ({
  ...on('/export', 'export_inodes_free_count', free),
  ...on('/export', 'export_inodes_count', 1_000),
});

const ROWS: RuleRows = {
  'a dnsmasq that failed is an error': { type: 'DnsmasqDown', told: node('dnsmasq_service_state', 4), want: 'error' },
  'a dnsmasq that runs is fine': { type: 'DnsmasqDown', told: node('dnsmasq_service_state', 1), want: 'fine' },
  'a machine without dnsmasq is not judged': { type: 'DnsmasqDown', told: {}, want: 'nothing' },
  'an NFS server that was stopped is an error': {
    type: 'NfsServerDown',
    told: node('nfsd_service_state', 3),
    want: 'error',
  },
  'an NFS server that starts is fine': { type: 'NfsServerDown', told: node('nfsd_service_state', 2), want: 'fine' },
  'a minute without a request taken up is an error': {
    type: 'NfsServerStalled',
    told: node('nfsd_stalled_ms', 60_000),
    want: 'error',
    says: 'the NFS server has taken up no request for 1 min',
  },
  'half a minute is a warning': { type: 'NfsServerStalled', told: node('nfsd_stalled_ms', 30_000), want: 'warning' },
  'less is fine': { type: 'NfsServerStalled', told: node('nfsd_stalled_ms', 29_999), want: 'fine' },
  'an export with a hundredth left is a warning, with less an error': {
    type: 'ExportFull',
    told: room(9),
    want: 'error',
  },
  'an export with less than a twentieth is a warning': {
    type: 'ExportFull',
    told: room(49),
    want: 'warning',
    says: '/export has 49 B of 1000 B left',
  },
  'an export with a twentieth is fine': { type: 'ExportFull', told: room(50), want: 'fine' },
  'an export with hardly any inodes is an error': { type: 'ExportInodesLow', told: inodes(9), want: 'error' },
  'an export with few inodes is a warning': { type: 'ExportInodesLow', told: inodes(49), want: 'warning' },
  'an export with inodes is fine': { type: 'ExportInodesLow', told: inodes(50), want: 'fine' },
  'an export that is full within a day is an error': {
    type: 'ExportFillsSoon',
    told: on('/export', 'export_full_in_s', 86_399),
    want: 'error',
  },
  'an export that is full within a week is a warning': {
    type: 'ExportFillsSoon',
    told: on('/export', 'export_full_in_s', 6 * 86_400),
    want: 'warning',
    says: '/export will be full in 6 d at this pace',
  },
  'an export that lasts a week is fine': {
    type: 'ExportFillsSoon',
    told: on('/export', 'export_full_in_s', 7 * 86_400),
    want: 'fine',
  },
  'a board that loops is a warning': { type: 'BoardLoops', told: hangs('boot-loop'), want: 'warning' },
  'a board that boots loops not': { type: 'BoardLoops', told: boots, want: 'fine' },
  'a missing directory is a warning': {
    type: 'SerialDirMiss',
    told: hangs('serial-dir-miss'),
    want: 'warning',
    says: 'board aa000003: the directory of its serial number is not there, or lacks its firmware',
  },
  'a board that boots has its directory': { type: 'SerialDirMiss', told: boots, want: 'fine' },
  'a board that asks for no file is a warning': {
    type: 'NoTftpAfterDhcp',
    told: hangs('no-tftp-after-dhcp'),
    want: 'warning',
  },
  'a board that boots asked for files': { type: 'NoTftpAfterDhcp', told: boots, want: 'fine' },
  'files that do not come are a warning': { type: 'TftpStalled', told: hangs('tftp-stalled'), want: 'warning' },
  'a board that boots has its files': { type: 'TftpStalled', told: boots, want: 'fine' },
  'a root that is not mounted is a warning': { type: 'RootNotMounted', told: hangs('no-nfs-mount'), want: 'warning' },
  'a board that boots has its root': { type: 'RootNotMounted', told: boots, want: 'fine' },
  'a board that never asks is a warning': { type: 'NoDhcp', told: hangs('no-dhcp'), want: 'warning' },
  'a board that boots has asked': { type: 'NoDhcp', told: boots, want: 'fine' },
  'a grace period is worth knowing': { type: 'NfsServerGrace', told: node('nfsd_grace_flag', 1), want: 'info' },
  'no grace period is fine': { type: 'NfsServerGrace', told: node('nfsd_grace_flag', 0), want: 'fine' },
  'another DHCP server is a warning': {
    type: 'OtherDhcpServer',
    ...moved('eth0.10', 'dhcp_other_server_count', 0, 1),
    want: 'warning',
  },
  'no other DHCP server is fine': {
    type: 'OtherDhcpServer',
    ...moved('eth0.10', 'dhcp_other_server_count', 1, 1),
    want: 'fine',
  },
  'a request for what is not its own is a warning': {
    type: 'TftpProbed',
    ...moved('eth0.10', 'tftp_refused_count', 0, 1),
    want: 'warning',
  },
  'a frame of spanning tree on the VLAN of a board is a warning': {
    type: 'SpanningTreeOnVlan',
    ...moved('eth0.10', 'stp_bpdus_count', 1, 31),
    want: 'warning',
    says: 'eth0.10: 30 frames of spanning tree within 1 h',
  },
  'a VLAN without it is fine': {
    type: 'SpanningTreeOnVlan',
    ...moved('eth0.10', 'stp_bpdus_count', 1, 1),
    want: 'fine',
  },
  'the same on the trunk is the switch’s own affair': {
    type: 'SpanningTreeOnVlan',
    from: { ...on('eth0', 'stp_bpdus_count', 1), ...on('eth0', 'trunk_flag', 1) },
    told: { ...on('eth0', 'stp_bpdus_count', 31), ...on('eth0', 'trunk_flag', 1) },
    want: 'nothing',
  },
  'no such request is fine': { type: 'TftpProbed', ...moved('eth0.10', 'tftp_refused_count', 1, 1), want: 'fine' },
};

describeRules(BOOT_PATH_RULES, ROWS);
