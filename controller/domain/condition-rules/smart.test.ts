import { describeRules } from '../testing/describe-rules.js';
import { moved, on, onAPi, type RuleRows } from '../testing/rule-rows.js';
import { SMART_RULES } from './smart.js';

const ROWS: RuleRows = {
  'a disk that fails its own test is an error': {
    type: 'SmartFailing',
    told: on('sda', 'smart_health_state', 2),
    want: 'error',
    says: 'sda fails its own health test',
  },
  'one that passes is fine': { type: 'SmartFailing', told: on('sda', 'smart_health_state', 1), want: 'fine' },
  'a value below its limit is an error': {
    type: 'SmartPrefail',
    told: on('sda', 'smart_prefail_flag', 1),
    want: 'error',
  },
  'values within limits are fine': { type: 'SmartPrefail', told: on('sda', 'smart_prefail_flag', 0), want: 'fine' },
  'a failed self-test is an error': {
    type: 'SmartSelfTestFailed',
    told: on('sda', 'smart_self_test_failed_flag', 1),
    want: 'error',
  },
  'none is fine': { type: 'SmartSelfTestFailed', told: on('sda', 'smart_self_test_failed_flag', 0), want: 'fine' },
  'a sector that cannot be read is a warning': {
    type: 'SmartUnreadable',
    told: on('sda', 'smart_pending_count', 1),
    want: 'warning',
    says: 'sda has 1 sector that cannot be read',
  },
  'no such sector is fine': { type: 'SmartUnreadable', told: on('sda', 'smart_pending_count', 0), want: 'fine' },
  'a new uncorrectable error is a warning': {
    type: 'SmartUncorrectable',
    ...moved('sda', 'smart_uncorrectable_count', 0, 1),
    want: 'warning',
  },
  'an old one is fine': {
    type: 'SmartUncorrectable',
    ...moved('sda', 'smart_uncorrectable_count', 1, 1),
    want: 'fine',
  },
  'newly replaced sectors are a warning': {
    type: 'SmartReallocated',
    ...moved('sda', 'smart_reallocated_count', 8, 16),
    want: 'warning',
    says: 'sda replaced 8 sectors within 7 d',
  },
  'those of old are fine': { type: 'SmartReallocated', ...moved('sda', 'smart_reallocated_count', 8, 8), want: 'fine' },
  'a damaged transfer is a warning about the cable': {
    type: 'DiskCableErrors',
    ...moved('sda', 'smart_cable_errors_count', 0, 3),
    want: 'warning',
    says: 'sda had 3 transfer errors within 1 d',
  },
  'a cable that was changed is fine': {
    type: 'DiskCableErrors',
    ...moved('sda', 'smart_cable_errors_count', 3, 3),
    want: 'fine',
  },
  'nine tenths of a life are a warning': {
    type: 'DiskWorn',
    told: on('nvme0n1', 'smart_life_used_permille', 900),
    want: 'warning',
    says: 'nvme0n1 has used up 90.0 % of its life',
  },
  'all of it is an error': { type: 'DiskWorn', told: on('nvme0n1', 'smart_life_used_permille', 1_000), want: 'error' },
  'less is fine': { type: 'DiskWorn', told: on('nvme0n1', 'smart_life_used_permille', 899), want: 'fine' },
  'a disk at 60 °C is a warning': {
    type: 'DiskHot',
    told: on('sda', 'smart_temperature_millidegrees', 60_000),
    want: 'warning',
    says: 'sda is at 60.0 °C',
  },
  'at 70 °C an error': { type: 'DiskHot', told: on('sda', 'smart_temperature_millidegrees', 70_000), want: 'error' },
  'below that it is fine': { type: 'DiskHot', told: on('sda', 'smart_temperature_millidegrees', 59_000), want: 'fine' },
  'reads of 200 ms on average are a warning': {
    type: 'DiskSlow',
    told: on('sda', 'disk_read_latency_us', 200_000),
    want: 'warning',
    says: 'a read from sda takes 200.0 ms on average',
  },
  'faster ones are fine': { type: 'DiskSlow', told: on('sda', 'disk_read_latency_us', 199_999), want: 'fine' },
  'a card in a Pi may need that long': {
    type: 'DiskSlow',
    told: onAPi(on('mmcblk0', 'disk_read_latency_us', 200_000)),
    want: 'nothing',
  },
};

describeRules(SMART_RULES, ROWS);
