/** What stands in a rack: names, cables, addresses. Pure. */

/** Ports of the switch that Pis are plugged into begin at 1; the fileserver has the last one. */
const TRUNK_PORT = 24;
const FIRST_VLAN = 10;
const PIS_MAX = 6;

/** Kinds of boards in a rack, in turn. The first has its first boot code on the board, the second asks for it. */
const BOARDS = [
  {
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    compatible: ['raspberrypi,4-model-b', 'brcm,bcm2711', 'linux,dummy-virt'],
    macPrefix: 'dc:a6:32',
  },
  {
    model: 'Raspberry Pi 3 Model B Plus Rev 1.3',
    compatible: ['raspberrypi,3-model-b-plus', 'brcm,bcm2837', 'linux,dummy-virt'],
    macPrefix: 'b8:27:eb',
  },
] as const;

export interface PiSpec {
  readonly name: string;
  readonly port: number;
  readonly vlan: number;
  readonly serverAddress: string;
  readonly address: string;
  /** As the firmware writes it into the device tree. */
  readonly serial: string;
  readonly mac: string;
  /** As the firmware writes them into the device tree. */
  readonly model: string;
  readonly compatible: readonly string[];
}

export interface RackSpec {
  readonly pis: readonly PiSpec[];
  readonly trunkPort: number;
}

/** Addresses in the controller's network and in the site's. */
export const CONTROLLER_ADDRESS = '198.51.100.1';
export const LINK_PORT = 7443;
export const ENROL_PORT = 7442;
export const SITE = 'rack';
/** The power strip, in the site's own network. */
export const PDU_ADDRESS = '192.168.60.9';
export const PDU_PORT = 7001;

/** @throws RangeError for a number of Pis that this machine could not carry */
export function rackSpec(pis: number): RackSpec {
  if (!Number.isInteger(pis) || pis < 1 || pis > PIS_MAX) throw new RangeError(`a rack has 1 to ${PIS_MAX} Pis`);
  return { pis: Array.from({ length: pis }, (_, index) => piSpec(index)), trunkPort: TRUNK_PORT };
}

function piSpec(index: number): PiSpec {
  const base = 4 * index; // a /30 each: network, fileserver, Pi, broadcast
  const { macPrefix, ...board } = BOARDS[index % BOARDS.length] ?? BOARDS[0];
  return {
    name: `pi${index + 1}`,
    port: index + 1,
    vlan: FIRST_VLAN + index,
    serverAddress: `10.46.189.${base + 1}`,
    address: `10.46.189.${base + 2}`,
    serial: `10000000aa${String(index + 1).padStart(6, '0')}`,
    mac: `${macPrefix}:00:00:${hex(index + 1)}`,
    ...board,
  };
}

export const portMac = (port: number): string => `52:54:00:05:00:${hex(port)}`;
export const MANAGEMENT_MAC = '52:54:00:05:01:01';
export const TRUNK_MAC = '52:54:00:01:00:01';
export const UPLINK_MAC = '52:54:00:01:00:02';

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** The fileserver's list of Pis, one per line. */
export function pisFile({ pis }: RackSpec): string {
  return pis.map((pi) => `${[pi.name, pi.vlan, pi.serverAddress, pi.address, pi.serial].join(' ')}\n`).join('');
}

/** The switch's list of what is plugged into the power strip, one port per line. */
export function outletsFile({ pis }: RackSpec): string {
  return pis.map(({ port, name }) => `swp${port} ${name}\n`).join('');
}

/** What root of the switch allows there: power of the ports of Pis, by the power strip. */
export function switchPolicyFile({ pis, trunkPort }: RackSpec): string {
  const outlet = (verb: string): readonly string[] => ['/bin/sh', '/lab/outlet.sh', '{port}', verb];
  const command = { on: outlet('on'), off: outlet('off'), state: outlet('status') };
  return JSON.stringify({
    management: 'mgmt0',
    protectedPorts: [`swp${trunkPort}`],
    powerPorts: pis.map(({ port }) => `swp${port}`),
    power: { driver: 'command', command, cutsPerHour: 60 },
  });
}

/** The switch's configuration for ifupdown2: every Pi alone in its VLAN, all of them tagged to the fileserver. */
export function interfacesFile({ pis, trunkPort }: RackSpec): string {
  const vlans = pis.map(({ vlan }) => vlan).join(' ');
  const ports = pis.map(({ port }) => `swp${port}`);
  const stanzas = [
    'auto lo\niface lo inet loopback',
    'auto mgmt0\niface mgmt0\n    address 192.168.60.3/24\n    gateway 192.168.60.1',
    ...pis.map(({ port, vlan }) => `auto swp${port}\niface swp${port}\n    bridge-access ${vlan}`),
    `auto swp${trunkPort}\niface swp${trunkPort}\n    bridge-vids ${vlans}\n    bridge-allow-untagged no`,
    `auto br0\niface br0\n    bridge-ports ${[...ports, `swp${trunkPort}`].join(' ')}\n    bridge-vlan-aware yes\n    bridge-vids ${vlans}\n    bridge-stp off`,
  ];
  return `${stanzas.join('\n\n')}\n`;
}
