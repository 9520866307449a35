import { describeRules } from '../testing/describe-rules.js';
import { log, MIB, on, type RuleRows } from '../testing/rule-rows.js';
import type { Told } from '../testing/told.js';
import { STORAGE_RULES } from './storage.js';

const filesystem = (free: number): Told => ({
  filesystem_size_bytes: { '/': 1_000 * MIB },
  filesystem_available_bytes: { '/': free * MIB },
});
const inodes = (free: number): Told => ({
  filesystem_inodes_count: { '/': 1_000 },
  filesystem_inodes_free_count: { '/': free },
});

const ROWS: RuleRows = {
  'a card saturated for a minute of ten is a warning that names itself': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 100),
    want: 'warning',
    says: 'mmcblk0 was given more to write than it can take for 10.0 % of the last 10 min; it may look like a dead card',
  },
  'a card saturated for less is fine': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 99),
    want: 'fine',
  },
  'a card saturated for half of the time is an error': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 500),
    want: 'error',
  },
  'one I/O error is an error': {
    type: 'StorageErrors',
    from: log({}),
    told: log({ 'disk-error': 1 }),
    want: 'error',
    says: '1 line of the kernel’s log within 1 h: storage failed to read or write',
  },
  'no new I/O error is fine': {
    type: 'StorageErrors',
    from: log({ 'disk-error': 1 }),
    told: log({ 'disk-error': 1 }),
    want: 'fine',
  },
  'writes of a second are a warning': {
    type: 'StorageWritesSlow',
    told: on('mmcblk0', 'disk_write_latency_us', 1_000_000),
    want: 'warning',
    says: 'a write to mmcblk0 takes 1.0 s on average',
  },
  'writes of less are fine': {
    type: 'StorageWritesSlow',
    told: on('mmcblk0', 'disk_write_latency_us', 999_999),
    want: 'fine',
  },
  'reads of half a second are a warning': {
    type: 'StorageReadsSlow',
    told: on('sda', 'disk_read_latency_us', 500_000),
    want: 'warning',
    says: 'a read from sda takes 500.0 ms on average',
  },
  'reads of less are fine': {
    type: 'StorageReadsSlow',
    told: on('sda', 'disk_read_latency_us', 499_999),
    want: 'fine',
  },
  'a filesystem that turned read-only is an error': {
    type: 'FilesystemTurnedReadOnly',
    told: log({ 'read-only-remount': 1 }),
    want: 'error',
  },
  'one that was made writable again is fine': {
    type: 'FilesystemTurnedReadOnly',
    told: log({ 'read-only-remount': 0 }),
    want: 'fine',
  },
  'an aborted journal is an error': {
    type: 'FilesystemErrors',
    from: log({}),
    told: log({ 'journal-aborted': 1, 'ext4-error': 1 }),
    want: 'error',
    says: '2 lines of the kernel’s log within 1 h: a filesystem is damaged; a filesystem gave up its journal and will be read-only',
  },
  'a log without filesystems is fine': { type: 'FilesystemErrors', from: log({}), told: log({}), want: 'fine' },
  'a filesystem with errors in its superblock is an error': {
    type: 'FilesystemDamaged',
    told: {
      ext4_errors_count: { mmcblk0p2: 2 },
      ext4_last_error_unix_s: { mmcblk0p2: Date.UTC(2026, 1, 3, 4, 5) / 1_000 },
    },
    want: 'error',
    says: 'mmcblk0p2 counts 2 errors since its last check, the last at 2026-02-03 04:05 UTC',
  },
  'a filesystem without errors is fine': {
    type: 'FilesystemDamaged',
    told: on('mmcblk0p2', 'ext4_errors_count', 0),
    want: 'fine',
  },
  'a read-only filesystem is an error': {
    type: 'FilesystemReadOnly',
    told: on('/', 'filesystem_read_only_flag', 1),
    want: 'error',
    says: '/ is mounted read-only',
  },
  'a writable filesystem is fine': {
    type: 'FilesystemReadOnly',
    told: on('/', 'filesystem_read_only_flag', 0),
    want: 'fine',
  },
  'under 3 % free is an error': { type: 'DiskSpaceLow', told: filesystem(29), want: 'error' },
  '3 % free is a warning': { type: 'DiskSpaceLow', told: filesystem(30), want: 'warning' },
  '10 % free is fine': { type: 'DiskSpaceLow', told: filesystem(100), want: 'fine' },
  'under 1 % of inodes is an error': { type: 'InodesLow', told: inodes(9), want: 'error' },
  '1 % of inodes is a warning': { type: 'InodesLow', told: inodes(10), want: 'warning' },
  '5 % of inodes is fine': { type: 'InodesLow', told: inodes(50), want: 'fine' },
};

describeRules(STORAGE_RULES, ROWS);
