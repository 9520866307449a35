/**
 * The reference fault mix: what goes wrong in a fleet of Raspberry Pis, how often, and for how long. It was fixed before any
 * policy was tried on it and changes only with a reason in CHANGELOG.md, because a policy is easily tuned to a mix, and a mix
 * to a policy. Where a source gives a count, the rate is that count over its fleet and time; where it only describes the
 * fault, the rate is an assumption and the source says `assumed`. What would need evidence from real fleets is listed in
 * OPERATIONS.md, "The fleet simulator".
 */

export type FaultName = (typeof FAULT_MIX)[number]['name'];

interface FaultTerms {
  readonly name: string;
  /** What it strikes. */
  readonly on: 'node' | 'fileserver' | 'switch' | 'site' | 'fleet';
  /** How often one of these is struck in 30 days. */
  readonly perMonth: number;
  /** How long it lasts by itself: shortest and longest, minutes; 0, 0 = until somebody does something. */
  readonly minutes: readonly [number, number];
  /** The gentlest thing that cures the node itself; `none` = nothing is wrong with the node. */
  readonly cure: 'none' | 'repair' | 'boot-path' | 'power-cycle' | 'root' | 'board';
  readonly source: string;
}

export const FAULT_MIX = [
  {
    name: 'hang',
    on: 'node',
    perMonth: 0.1,
    minutes: [0, 0],
    cure: 'power-cycle',
    source: 'kernel or NFS client hangs (raspberrypi/linux#3413, #3065); one per board and year, assumed',
  },
  {
    name: 'panic',
    on: 'node',
    perMonth: 0.05,
    minutes: [0, 0],
    cure: 'none',
    source: 'panic with a watchdog, starts by itself; assumed',
  },
  {
    name: 'agent-dead',
    on: 'node',
    perMonth: 0.05,
    minutes: [0, 0],
    cure: 'repair',
    source: 'out of memory, or a unit that systemd gave up; assumed',
  },
  {
    name: 'unit-failed',
    on: 'node',
    perMonth: 0.05,
    minutes: [0, 0],
    cure: 'repair',
    source: 'a service that does not restart; assumed',
  },
  {
    name: 'clock-wrong',
    on: 'node',
    perMonth: 0.02,
    minutes: [0, 0],
    cure: 'repair',
    source: 'no clock chip: wrong after a power cut (siderolabs/sbc-raspberrypi#47); assumed',
  },
  {
    name: 'card-dying',
    on: 'node',
    perMonth: 0.01,
    minutes: [0, 0],
    cure: 'board',
    source: 'a card that stalls and turns read-only (nodejs/build#841); one in eight years of a card, assumed',
  },
  {
    name: 'undervoltage',
    on: 'node',
    perMonth: 0.01,
    minutes: [0, 0],
    cure: 'board',
    source: 'a weak supply or HAT (raspberrypi/linux#2367); assumed',
  },
  {
    name: 'board-dead',
    on: 'node',
    perMonth: 0.005,
    minutes: [0, 0],
    cure: 'board',
    source: 'board or PoE HAT fails: one in 17 years of a board, assumed',
  },
  { name: 'cable', on: 'node', perMonth: 0.003, minutes: [0, 0], cure: 'board', source: 'pulled or broken; assumed' },
  {
    name: 'root-broken',
    on: 'node',
    perMonth: 0.01,
    minutes: [0, 0],
    cure: 'root',
    source: 'an upgrade that ends half-way; assumed',
  },
  {
    name: 'boot-dir-missing',
    on: 'node',
    perMonth: 0.01,
    minutes: [0, 0],
    cure: 'boot-path',
    source: 'files below the serial number are gone at the next start (nodejs/build#2227); assumed',
  },
  {
    name: 'one-way',
    on: 'node',
    perMonth: 0.05,
    minutes: [5, 60],
    cure: 'none',
    source: 'what it sends does not arrive, what it gets does; assumed',
  },
  {
    name: 'switched-off',
    on: 'node',
    perMonth: 0.01,
    minutes: [0, 0],
    cure: 'power-cycle',
    source: 'somebody switched the wrong port off; assumed',
  },
  {
    name: 'fileserver-reboot',
    on: 'fileserver',
    perMonth: 0.2,
    minutes: [4, 15],
    cure: 'none',
    source: 'upgrades and power; assumed',
  },
  {
    name: 'fileserver-agent-dead',
    on: 'fileserver',
    perMonth: 0.1,
    minutes: [5, 240],
    cure: 'none',
    source: 'an observer goes blind while Pis work; assumed',
  },
  {
    name: 'export-full',
    on: 'fileserver',
    perMonth: 0.05,
    minutes: [10, 120],
    cure: 'none',
    source: 'a full disk that wore the masks of many other faults (nodejs/build#2227); assumed',
  },
  {
    name: 'nfs-stall',
    on: 'fileserver',
    perMonth: 0.05,
    minutes: [3, 60],
    cure: 'none',
    source: 'threads in state D, grace periods (nodejs/build#1135); assumed',
  },
  {
    name: 'raid-rebuild',
    on: 'fileserver',
    perMonth: 0.1,
    minutes: [180, 400],
    cure: 'none',
    source: 'a disk fails and is replaced; about 3 h to rebuild; rate assumed',
  },
  {
    name: 'switch-reboot',
    on: 'switch',
    perMonth: 0.05,
    minutes: [3, 10],
    cure: 'none',
    source: 'takes the power of its Pis along; assumed',
  },
  {
    name: 'switch-agent-dead',
    on: 'switch',
    perMonth: 0.1,
    minutes: [5, 240],
    cure: 'none',
    source: 'an observer goes blind while Pis work; assumed',
  },
  {
    name: 'psu-loss',
    on: 'switch',
    perMonth: 0.03,
    minutes: [60, 600],
    cure: 'none',
    source: 'one of two supplies; a full switch sheds ports; assumed',
  },
  {
    name: 'bad-change',
    on: 'switch',
    perMonth: 0.1,
    minutes: [0, 0],
    cure: 'none',
    source: 'a VLAN or spanning tree setting that cuts some ports off (raspberrypi/rpi-eeprom#480); assumed',
  },
  {
    name: 'uplink-cut',
    on: 'site',
    perMonth: 0.5,
    minutes: [2, 360],
    cure: 'none',
    source: 'one shared, slow uplink; assumed',
  },
  {
    name: 'site-power',
    on: 'site',
    perMonth: 0.05,
    minutes: [1, 120],
    cure: 'none',
    source: 'everything at the site goes dark, comes back together; assumed',
  },
  {
    name: 'overlay-down',
    on: 'fleet',
    perMonth: 0.2,
    minutes: [2, 120],
    cure: 'none',
    source: 'all sites are out of reach at once; assumed',
  },
  {
    name: 'controller-restart',
    on: 'fleet',
    perMonth: 2,
    minutes: [1, 30],
    cure: 'none',
    source: 'upgrades; a restart must not look like a dead fleet (hashicorp/nomad#14670); assumed',
  },
  {
    name: 'controller-lag',
    on: 'fleet',
    perMonth: 0.5,
    minutes: [2, 30],
    cure: 'none',
    source: 'overload made leaders mark healthy nodes down (hashicorp/nomad#3595); assumed',
  },
  {
    name: 'restored-backup',
    on: 'fleet',
    perMonth: 0.02,
    minutes: [10, 180],
    cure: 'none',
    source: 'a database from yesterday, until somebody promotes it; assumed',
  },
  {
    name: 'clock-jump',
    on: 'fleet',
    perMonth: 0.2,
    minutes: [0, 0],
    cure: 'none',
    source: 'the wall clock of the controller jumps by up to ten years; assumed',
  },
] as const satisfies readonly FaultTerms[];

/** What boards do when they start. */
export const BOOT_QUIRKS = {
  /** Boards that the fileserver can serve at once; the next one gets nothing (raspberrypi/firmware#1120: 3 of 48). */
  simultaneousBoots: 3,
  /** DHCP tries of the ROM before it gives up for good (raspberrypi/firmware#764, #1081). */
  dhcpTries: 4,
  dhcpTryMs: 5_000,
  /** From power to the first DHCP request, and its spread (raspberrypi/firmware#1081: 18 to 33 s). */
  powerToDhcpMs: {
    b: 22_000,
    'b+': 22_000,
    '2b': 22_000,
    '3b': 24_000,
    '3b+': 20_000,
    '4b': 12_000,
    '5': 10_000,
    'zero-w': 0,
    other: 24_000,
    'zero-2w': 0,
  },
  dhcpSpreadMs: 1_500,
  tftpMs: 4_000,
  kernelMs: 25_000,
  helloMs: 12_000,
  /** A start without a power cut that asks for an address and then for nothing (raspberrypi/firmware#1362). */
  warmLossRatio: 0.03,
  /** A start with a power cut that is lost in the ROM all the same; assumed. */
  coldLossRatio: 0.01,
  /** Boards that stay hung when their fileserver comes back; assumed. */
  hangAfterStallRatio: 0.03,
} as const;

/** Hours until somebody who was asked stands before the rack; assumed. */
export const HANDS_HOURS = [4, 24] as const;
/** Hours until somebody looks at a node that is down and that nobody was asked about; assumed. */
export const UNASKED_HOURS = 24;
