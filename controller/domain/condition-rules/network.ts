import { renderCount } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { MINUTE_MS, where } from './words.js';

const BROWN_OUT = ['Undervoltage', 'UndervoltageRecently'] as const;
/** A tun device says 10 Mbit/s and means nothing by it. Source: Linux drivers/net/tun.c, tun_default_link_ksettings(). */
const TUNNELS = { fact: 'network_tunnel_state', values: [1, 2] } as const;
/** Without a carrier there is neither speed nor duplex to judge: most ports of a switch. */
const LINK_UP = { fact: 'network_operational_state', values: [1] } as const;
const OLD_SWITCH =
  'Change the cable, then the switch port; both ends must negotiate (ethtool eth0, on the switch no fixed speed).';

export const NETWORK_RULES: readonly ConditionRule[] = [
  {
    type: 'NetworkErrors',
    scope: 'instance',
    measure: {
      kind: 'increase',
      facts: ['network_receive_errors_count', 'network_transmit_errors_count'],
      withinMs: 5 * MINUTE_MS,
    },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 50, clearAt: 10 }],
    forMs: 0,
    title: 'A network interface loses frames to errors.',
    remedy: 'Change the cable, then the switch port; errors that stay with the board mean a bad network chip.',
    message: (finding) => `${where(finding)} counted ${renderCount(finding.measured, 'error')} within 5 min`,
    dependsOn: ['LinkHalfDuplex', ...BROWN_OUT],
  },
  {
    type: 'LinkFlapping',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['network_carrier_changes_count'], withinMs: 5 * MINUTE_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 6, clearAt: 2 }],
    forMs: 0,
    title: 'A network link goes down and up again and again.',
    remedy: 'Change the cable and check the power supply: a brown-out resets the network chip first.',
    message: (finding) => `${where(finding)} lost and found its link ${finding.measured} times within 5 min`,
    dependsOn: BROWN_OUT,
  },
  {
    type: 'LinkHalfDuplex',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'network_duplex_state', values: [2] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 2 * MINUTE_MS,
    onlyWhere: LINK_UP,
    notWhere: TUNNELS,
    title: 'A network link can only send or receive, not both: one end does not negotiate.',
    remedy: OLD_SWITCH,
    message: (finding) => `${where(finding)} runs in ${finding.measured === 0 ? 'full' : 'half'} duplex`,
    dependsOn: ['LinkFlapping'],
  },
  {
    type: 'LinkSpeedLow',
    scope: 'instance',
    measure: { kind: 'value', fact: 'network_speed_mbps' },
    when: 'below',
    levels: [{ severity: 'warning', at: 100, clearAt: 100 }], // every Pi with Ethernet can do 100 Mbit/s
    forMs: 2 * MINUTE_MS,
    onlyWhere: LINK_UP,
    notWhere: TUNNELS,
    title: 'A network link is slower than every board can do: pairs of the cable are broken, or the switch is set so.',
    remedy: OLD_SWITCH,
    message: (finding) => `${where(finding)} runs at ${finding.measured} Mbit/s`,
    dependsOn: ['LinkFlapping'],
  },
  {
    type: 'NetworkDrops',
    scope: 'instance',
    measure: {
      kind: 'increase',
      facts: ['network_receive_drops_count', 'network_transmit_drops_count'],
      withinMs: 5 * MINUTE_MS,
    },
    when: 'at-least',
    // Frames of protocols that nobody here speaks are counted too (Linux include/uapi/linux/if_link.h, rx_dropped): those of a
    // switch come to one in two seconds. Ten a second are chosen because no such protocol is as talkative.
    levels: [{ severity: 'warning', at: 3_000, clearAt: 1_500 }],
    forMs: 0,
    title: 'A network interface drops frames because nobody takes them in time.',
    remedy:
      'See whether its processor is busy or memory is short; a flood of broadcasts points to a loop between switches.',
    message: (finding) => `${where(finding)} dropped ${renderCount(finding.measured, 'frame')} within 5 min`,
    dependsOn: ['CpuPressure', 'MemoryPressure', 'MemoryLow', 'Throttled'],
  },
  {
    type: 'TunnelDown',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'network_tunnel_state', values: [2] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 2 * MINUTE_MS,
    title: 'A tunnel is down: the node cannot be reached through it.',
    remedy: 'See the log of its service (journalctl -u openvpn*, wg show): the server’s address, the key, the clock.',
    message: (finding) => `${where(finding)} is ${finding.measured === 0 ? 'up' : 'down or without an address'}`,
    dependsOn: ['ClockUntrusted', 'ClockOffset', 'LinkFlapping'],
  },
];
