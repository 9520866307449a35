import { describeRules } from '../testing/describe-rules.js';
import { moved, on, type RuleRows } from '../testing/rule-rows.js';
import { NETWORK_RULES } from './network.js';

const onALink = (fact: 'network_duplex_state' | 'network_speed_mbps', value: number) => ({
  [fact]: { eth0: value },
  network_operational_state: { eth0: 1 },
});

const ROWS: RuleRows = {
  '50 errors are a warning': {
    type: 'NetworkErrors',
    ...moved('eth0', 'network_receive_errors_count', 0, 50),
    want: 'warning',
  },
  '49 errors are fine': {
    type: 'NetworkErrors',
    ...moved('eth0', 'network_receive_errors_count', 0, 49),
    want: 'fine',
  },
  'six changes of a link are a warning': {
    type: 'LinkFlapping',
    ...moved('eth0', 'network_carrier_changes_count', 1, 7),
    want: 'warning',
  },
  'five changes of a link are fine': {
    type: 'LinkFlapping',
    ...moved('eth0', 'network_carrier_changes_count', 1, 6),
    want: 'fine',
  },
  'half duplex is a warning': {
    type: 'LinkHalfDuplex',
    told: onALink('network_duplex_state', 2),
    want: 'warning',
    says: 'eth0 runs in half duplex',
  },
  'full duplex is fine': { type: 'LinkHalfDuplex', told: onALink('network_duplex_state', 1), want: 'fine' },
  'a link of 10 Mbit/s is a warning': {
    type: 'LinkSpeedLow',
    told: onALink('network_speed_mbps', 10),
    want: 'warning',
    says: 'eth0 runs at 10 Mbit/s',
  },
  'a link of 100 Mbit/s is fine': {
    type: 'LinkSpeedLow',
    told: onALink('network_speed_mbps', 100),
    want: 'fine',
  },
  'a link that is down has no speed to judge': {
    type: 'LinkSpeedLow',
    told: { network_speed_mbps: { swp7: 10 }, network_operational_state: { swp7: 2 } },
    want: 'nothing',
  },
  'the 10 Mbit/s of a tunnel mean nothing': {
    type: 'LinkSpeedLow',
    told: { network_speed_mbps: { tun0: 10 }, network_tunnel_state: { tun0: 1 } },
    want: 'nothing',
  },
  '3000 drops are a warning': {
    type: 'NetworkDrops',
    ...moved('eth0', 'network_receive_drops_count', 100, 3_100),
    want: 'warning',
    says: 'eth0 dropped 3000 frames within 5 min',
  },
  'the frames of a talkative switch are fine': {
    type: 'NetworkDrops',
    ...moved('eth0', 'network_receive_drops_count', 100, 3_099),
    want: 'fine',
  },
  'a tunnel that is down is a warning': {
    type: 'TunnelDown',
    told: on('tun0', 'network_tunnel_state', 2),
    want: 'warning',
    says: 'tun0 is down or without an address',
  },
  'a tunnel that is up is fine': { type: 'TunnelDown', told: on('tun0', 'network_tunnel_state', 1), want: 'fine' },
};

describeRules(NETWORK_RULES, ROWS);
