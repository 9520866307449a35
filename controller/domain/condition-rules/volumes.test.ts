import { describeRules } from '../testing/describe-rules.js';
import { on, type RuleRows } from '../testing/rule-rows.js';
import { VOLUME_RULES } from './volumes.js';

const ROWS: RuleRows = {
  'a disk that a filesystem waits for is an error': {
    type: 'BtrfsDiskMissing',
    told: on('data/2', 'btrfs_missing_flag', 1),
    want: 'error',
    says: 'data/2 is missing',
  },
  'one that is there is fine': { type: 'BtrfsDiskMissing', told: on('data/2', 'btrfs_missing_flag', 0), want: 'fine' },
  'an error is told with its kind': {
    type: 'BtrfsErrors',
    told: {
      btrfs_errors_count: { 'data/1': 3 },
      btrfs_read_errors_count: { 'data/1': 2 },
      btrfs_corruption_errors_count: { 'data/1': 1 },
    },
    want: 'error',
    says: 'data/1 counts 3 errors: 2 read, 1 corruption',
  },
  'no error is fine': { type: 'BtrfsErrors', told: on('data/1', 'btrfs_errors_count', 0), want: 'fine' },
  'a pool in trouble is an error': {
    type: 'ThinPoolFailed',
    told: on('vg0/pool', 'thin_pool_failed_flag', 1),
    want: 'error',
  },
  'a pool that is well is fine': {
    type: 'ThinPoolFailed',
    told: on('vg0/pool', 'thin_pool_failed_flag', 0),
    want: 'fine',
  },
  'a pool that fills up is a warning': {
    type: 'ThinPoolFull',
    told: on('vg0/pool', 'thin_pool_data_permille', 800),
    want: 'warning',
    says: 'vg0/pool is 80.0 % full',
  },
  'a full one is an error': {
    type: 'ThinPoolFull',
    told: on('vg0/pool', 'thin_pool_data_permille', 950),
    want: 'error',
  },
  'one with room is fine': { type: 'ThinPoolFull', told: on('vg0/pool', 'thin_pool_data_permille', 799), want: 'fine' },
  'metadata that fills up is a warning': {
    type: 'ThinPoolMetadataFull',
    told: on('vg0/pool', 'thin_pool_metadata_permille', 750),
    want: 'warning',
  },
  'full metadata is an error': {
    type: 'ThinPoolMetadataFull',
    told: on('vg0/pool', 'thin_pool_metadata_permille', 900),
    want: 'error',
  },
  'metadata with room is fine': {
    type: 'ThinPoolMetadataFull',
    told: on('vg0/pool', 'thin_pool_metadata_permille', 749),
    want: 'fine',
  },
};

describeRules(VOLUME_RULES, ROWS);
