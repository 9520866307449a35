/** What the programs of a switch print of its ports. Forms: recorded from iproute2 6.1 and lldpd; poectl as its manual shows it. */
import { BRIDGE_NAME } from '../../proto/contract/switch/plan.js';
import type { PortState } from './port-state.js';
import { TRUNK_PORT, UPLINK_PORT } from './switch-spec.js';

/** `bridge -j -compressvlans vlan show` */
export function renderBridgeVlans(ports: readonly PortState[]): string {
  const rows = ports.flatMap(({ name, bridged }) => {
    if (bridged === undefined) return [];
    const { tagged, untagged } = bridged;
    const first = untagged === undefined ? [] : [{ vlan: untagged, flags: ['PVID', 'Egress Untagged'] }];
    return [{ ifname: name, vlans: [...first, ...compressed(tagged)] }];
  });
  return JSON.stringify(rows);
}

/** Neighbouring VLANs as one range. */
function compressed(vlans: readonly number[]): readonly { readonly vlan: number; readonly vlanEnd?: number }[] {
  const ranges: { vlan: number; vlanEnd?: number }[] = [];
  for (const vlan of vlans.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && (last.vlanEnd ?? last.vlan) === vlan - 1) last.vlanEnd = vlan;
    else ranges.push({ vlan });
  }
  return ranges;
}

/** `bridge -j fdb show` */
export function renderBridgeAddresses(ports: readonly PortState[]): string {
  const rows = ports.flatMap(({ name, pi, isLinkUp, bridged }) => {
    if (pi === undefined || !isLinkUp || bridged?.untagged === undefined) return [];
    return [{ mac: pi.mac, ifname: name, vlan: bridged.untagged, flags: [], master: BRIDGE_NAME, state: '' }];
  });
  return JSON.stringify(rows);
}

/** `lldpcli -f json0 show neighbors` */
export function renderNeighbors(ports: readonly PortState[]): string {
  const peers: Readonly<Record<string, readonly [system: string, port: string]>> = {
    [TRUNK_PORT]: ['demo-fs', 'eth0'],
    [UPLINK_PORT]: ['building', 'ge-0/0/17'],
  };
  const rows = ports.flatMap(({ name, isLinkUp }) => {
    const peer = peers[name];
    if (peer === undefined || !isLinkUp) return [];
    const [system, port] = peer;
    const at = { chassis: [{ name: [{ value: system }] }], port: [{ id: [{ type: 'ifname', value: port }] }] };
    return [{ name, via: 'LLDP', ...at }];
  });
  return JSON.stringify({ lldp: [{ interface: rows }] });
}

const POE_HEAD =
  'Port          Status            Allocated    Priority  PD type           PD class   Voltage   Current    Power\n' +
  '-----   --------------------   -----------   --------  ---------------   --------   -------   -------   ---------\n';
const VOLTS = 53.5;

/** `poectl -a`, or `-i` of one port */
export function renderPoe(ports: readonly PortState[]): string {
  return (
    POE_HEAD +
    ports
      .filter(({ givesPower }) => givesPower)
      .map(renderPoePort)
      .join('')
  );
}

function renderPoePort({ name, pi, isPowered, isTaken }: PortState): string {
  const takes = pi !== undefined && isTaken;
  const status = isPowered ? (takes ? 'connected' : 'searching') : 'disabled';
  const watts = takes ? 1.6 + pi.board.cores * 0.7 : 0;
  const isFast = takes && pi.board.maxMhz >= 1_500;
  const words = [
    name.padEnd(6),
    status.padEnd(21),
    (takes ? (isFast ? '30.0 W' : '15.4 W') : 'n/a').padEnd(12),
    'low'.padEnd(8),
    (isFast ? 'IEEE802.3at' : 'IEEE802.3af').padEnd(16),
    (takes ? (isFast ? '4' : '3') : 'none').padEnd(9),
    `${takes ? VOLTS : '0.0'} V`.padStart(7),
    `${Math.round((watts / VOLTS) * 1_000)} mA`.padStart(9),
    `${watts.toFixed(1)} W`.padStart(10),
  ];
  return `${words.join('  ')}\n`;
}
