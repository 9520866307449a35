import type { BoardKind } from '../../agent/demo/board-kinds.js';
import type { PiSpec } from '../../agent/demo/pi-spec.js';
import type { PortPlan, SwitchPlan } from '../../proto/contract/switch/plan.js';

/** As `npm start` knows it too. */
export const SWITCH_NAME = 'demo-sw';

/** Ports that give power; those after them lead out of the shelf. */
export const POWER_PORTS = 48;
export const TRUNK_PORT = 'swp49';
export const UPLINK_PORT = 'swp52';
const PORTS = 52;
const PUBLIC_VLAN = 10;

/** An open switch with 48 ports that give power. Source: Edgecore AS4610-54P data sheet. */
const BOARD: BoardKind = {
  ...{ model: 'Edgecore AS4610-54P', revision: 0, macPrefix: '80:a2:35', memoryKib: 2_061_440, cores: 2 },
  ...{ minMhz: 1000, maxMhz: 1000, system: 'armv7l', ethernet: { driver: 'bgmac', mbps: 1000 } },
  ...{ idleCelsius: 41, workCelsius: 9 },
};

export const SWITCH_SPEC: PiSpec = {
  name: SWITCH_NAME,
  board: BOARD,
  serial: 'EC1642000386',
  mac: '80:a2:35:81:ca:ae',
  wirelessMac: '80:a2:35:81:ca:af',
  card: { name: 'EC1S5', maker: '0x00001b', sectors: 15_728_640, serial: '0x61c20d11', made: '07/2019' },
  host: 2,
  work: { dayRatio: 0.08, nightRatio: 0.05 },
  memoryRatio: 0.36,
  diskRatio: 0.28,
};

/** What root of this switch allows: as in the packaged policy, with its own driver and two supplies. */
export const SWITCH_POLICY = {
  management: 'eth0',
  protectedPorts: [TRUNK_PORT, UPLINK_PORT],
  power: { driver: 'poectl', cutsPerHour: 24, suppliesWatts: [920, 920] },
};

/** Which port a Pi of the site is on: its number in the site. */
export function portOf(index: number): string {
  return `swp${index + 1}`;
}

/** Each Pi in a VLAN of its own, numbered as its address ends; all of them to the fileserver. */
export function demoPlan(pis: readonly PiSpec[]): SwitchPlan {
  const wired = pis.slice(0, POWER_PORTS);
  return {
    style: 'vlan-aware',
    spanningTree: 'mstpd',
    management: { name: 'eth0', address: { kind: 'static', address: '10.46.0.2/24', gateway: '10.46.0.254' } },
    storageVlans: { from: 11, to: 250 },
    reservedVlans: [PUBLIC_VLAN],
    bonds: [],
    ports: Array.from({ length: PORTS }, (_, index) => planPort(portOf(index), wired, wired[index])),
    bridgeNames: {},
  };
}

function planPort(name: string, pis: readonly PiSpec[], pi: PiSpec | undefined): PortPlan {
  if (name === TRUNK_PORT) {
    return { name, note: 'demo-fs', role: { kind: 'fileserver', vlans: pis.map(({ host }) => host) } };
  }
  if (name === UPLINK_PORT) {
    return { name, note: 'building', role: { kind: 'uplink', vlans: [PUBLIC_VLAN], untaggedVlan: undefined } };
  }
  if (pi === undefined) return { name, note: '', role: { kind: 'unused' } };
  return { name, note: pi.name, role: { kind: 'pi', storageVlan: pi.host, publicVlans: [PUBLIC_VLAN] } };
}
