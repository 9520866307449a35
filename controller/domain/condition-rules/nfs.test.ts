import { describeRules } from '../testing/describe-rules.js';
import { log, moved, on, type RuleRows } from '../testing/rule-rows.js';
import { NFS_RULES } from './nfs.js';

const ROWS: RuleRows = {
  'a mount that waits for 60 s is a warning': {
    type: 'NfsStalled',
    told: { ...on('/', 'nfs_stalled_ms', 60_000), ...on('/', 'nfs_server_text', '10.0.0.1:/export/pi') },
    want: 'warning',
    says: '/ (10.0.0.1:/export/pi) has got no answer for 1 min',
  },
  'a mount that waits for less is fine': { type: 'NfsStalled', told: on('/', 'nfs_stalled_ms', 59_999), want: 'fine' },
  'a mount that waits for 3 min is an error': {
    type: 'NfsStalled',
    told: on('/', 'nfs_stalled_ms', 180_000),
    want: 'error',
  },
  'a server that the kernel calls silent is an error': {
    type: 'NfsServerSilent',
    told: log({ 'nfs-silent': 1 }),
    want: 'error',
  },
  'a server that answers again is fine': { type: 'NfsServerSilent', told: log({ 'nfs-silent': 0 }), want: 'fine' },
  'one timeout is a warning': {
    type: 'NfsTimeouts',
    ...moved('/', 'nfs_timeouts_count', 7, 8),
    want: 'warning',
    says: '/: 1 timeout within 10 min',
  },
  'no new timeout is fine': {
    type: 'NfsTimeouts',
    ...moved('/', 'nfs_timeouts_count', 7, 7),
    want: 'fine',
  },
  '50 requests sent again are a warning': {
    type: 'NfsRetransmitting',
    ...moved('/', 'nfs_retransmits_count', 7, 57),
    want: 'warning',
  },
  '49 requests sent again are fine': {
    type: 'NfsRetransmitting',
    ...moved('/', 'nfs_retransmits_count', 7, 56),
    want: 'fine',
  },
  'half a second for an answer is a warning': {
    type: 'NfsSlow',
    told: on('/', 'nfs_round_trip_us', 500_000),
    want: 'warning',
  },
  'less for an answer is fine': { type: 'NfsSlow', told: on('/', 'nfs_round_trip_us', 499_999), want: 'fine' },
};

describeRules(NFS_RULES, ROWS);
