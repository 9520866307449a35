/** How a board model can boot from the network, as board_netboot_state carries it. */
export const NETBOOT_STATES = { none: 1, 'bootcode-on-card': 2, rom: 3, eeprom: 4 } as const;
export type Netboot = keyof typeof NETBOOT_STATES;

/** A board model and what it has. `undefined`: not known, or the carrier board decides. */
export interface BoardType {
  readonly name: string;
  readonly netboot: Netboot | undefined;
  /** Ethernet on the board itself. A module with a PHY has it, one without does not, whatever its carrier adds. */
  readonly hasEthernet: boolean | undefined;
  /** The four-pin header that a PoE HAT takes its power from. */
  readonly hasPoeHeader: boolean | undefined;
}

type Ports = Omit<BoardType, 'name'>;

const NO_ETHERNET: Ports = { netboot: 'none', hasEthernet: false, hasPoeHeader: false };
const FIRST_ETHERNET: Ports = { netboot: 'bootcode-on-card', hasEthernet: true, hasPoeHeader: false };
const ROM: Ports = { netboot: 'rom', hasEthernet: true, hasPoeHeader: false };
const ROM_POE: Ports = { netboot: 'rom', hasEthernet: true, hasPoeHeader: true };
const EEPROM: Ports = { netboot: 'eeprom', hasEthernet: true, hasPoeHeader: false };
const EEPROM_POE: Ports = { netboot: 'eeprom', hasEthernet: true, hasPoeHeader: true };
const MODULE: Ports = { netboot: undefined, hasEthernet: false, hasPoeHeader: undefined };
const MODULE_EEPROM: Ports = { netboot: 'eeprom', hasEthernet: true, hasPoeHeader: undefined };

const board = (name: string, ports: Ports): BoardType => ({ name: `Raspberry Pi ${name}`, ...ports });

/**
 * By the type field of the revision code. Sources: raspberrypi.com documentation, "Raspberry Pi revision codes" (names),
 * "Boot flow" and "Network booting" (all BCM2837 boards with Ethernet boot from ROM, BCM2711 and later from EEPROM, those
 * before with bootcode.bin on a card; the 3A+ cannot, for want of Ethernet), product briefs of the boards (PoE header).
 */
export const BOARD_TYPES: ReadonlyMap<number, BoardType> = new Map([
  [0x00, board('Model A', NO_ETHERNET)],
  [0x01, board('Model B', FIRST_ETHERNET)],
  [0x02, board('Model A+', NO_ETHERNET)],
  [0x03, board('Model B+', FIRST_ETHERNET)],
  [0x04, board('2 Model B', FIRST_ETHERNET)],
  [0x05, board('Alpha', { netboot: undefined, hasEthernet: undefined, hasPoeHeader: undefined })],
  [0x06, board('Compute Module 1', MODULE)],
  [0x08, board('3 Model B', ROM)],
  [0x09, board('Zero', NO_ETHERNET)],
  [0x0a, board('Compute Module 3', MODULE)],
  [0x0c, board('Zero W', NO_ETHERNET)],
  [0x0d, board('3 Model B+', ROM_POE)],
  [0x0e, board('3 Model A+', NO_ETHERNET)],
  [0x10, board('Compute Module 3+', MODULE)],
  [0x11, board('4 Model B', EEPROM_POE)],
  [0x12, board('Zero 2 W', NO_ETHERNET)],
  [0x13, board('400', EEPROM)],
  [0x14, board('Compute Module 4', MODULE_EEPROM)],
  [0x15, board('Compute Module 4S', MODULE)],
  [0x17, board('5', EEPROM_POE)],
  [0x18, board('Compute Module 5', MODULE_EEPROM)],
  [0x19, board('500 or 500+', EEPROM)],
  [0x1a, board('Compute Module 5 Lite', MODULE_EEPROM)],
  [0x1b, board('Compute Module 0', MODULE)],
]);

/** The Pi 2 B from revision 1.2 on has the processor of the Pi 3, and its ROM. */
export const PI_2B_WITH_BCM2837: BoardType = board('2 Model B', ROM);
