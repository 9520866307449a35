import type { BoardClassName } from './board-class.js';

/**
 * What a board gets that asks to boot. `root`: its own root. `rescue`: a read-only system, for looking at a known board.
 * `closed`: nothing, by DHCP, TFTP and NFS alike.
 */
export const BOOT_MODES = ['root', 'rescue', 'closed'] as const;
export type BootMode = (typeof BOOT_MODES)[number];

/** Ports of one fileserver, as data: everything that its boot services are made of. */
export interface BootSet {
  /** Interface that carries the VLANs of all ports, such as "eth0". */
  readonly trunk: string;
  /** Image that is given, read-only, to boards that nobody knows; `undefined` = they get nothing. */
  readonly intakeImage: string | undefined;
  /** Image for rescue; `undefined` = there is none. */
  readonly rescueImage: string | undefined;
  readonly ports: readonly BootPort[];
}

/** One switch port: a VLAN with nothing but the fileserver and one board on it. */
export interface BootPort {
  readonly vlan: number;
  /** The fileserver's address, the first one of a /30; the second one is the board's. */
  readonly server: string;
  /** Absent: whoever is plugged in is unknown. */
  readonly board: BootBoard | undefined;
}

export interface BootBoard {
  /** Last eight digits of the board's serial number, lower case: what its boot ROM asks for. */
  readonly serial: string;
  /** Board whose place it took: roots are kept by that one's serial number. `undefined` = by its own. */
  readonly rootSerial?: string | undefined;
  /** `undefined` = whichever asks on this port. */
  readonly mac: string | undefined;
  readonly hostname: string;
  readonly boardClass: BoardClassName;
  /** Word size of the kernel that its image has. */
  readonly bits: 32 | 64;
  /** It has a card with boot files in it. */
  readonly hasBootCard: boolean;
  readonly mode: BootMode;
  /** Its address for everybody else; `undefined` = storage only. */
  readonly ipv6: BoardIpv6 | undefined;
  /** Lines "type base64 comment", for the user root. */
  readonly authorizedKeys: readonly string[];
}

export interface BoardIpv6 {
  /** VLAN that is tagged on the board's port; 0 = untagged. */
  readonly vlan: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
}

/** What the roots of a board are kept by. */
export function rootSerialOf({ serial, rootSerial }: Pick<BootBoard, 'serial' | 'rootSerial'>): string {
  return rootSerial ?? serial;
}

/** Name of the interface that a VLAN has here, as ifupdown2 makes it from the name alone. */
export function vlanInterface(trunk: string, vlan: number): string {
  return `${trunk}.${vlan}`;
}
