/** The boot of a board as its fileserver sees it: which stages there are, and how long the way to each may take. */

/**
 * In the order of a boot over the network. Boards skip some: a Pi 4 or 5 has its first boot code on the board, a firmware
 * reads cmdline.txt before the kernel. The first is known only where somebody switched the power, the last two only from
 * the agent on the board itself. Source of the layout by serial: raspberrypi.com documentation, "Network boot".
 */
export const BOOT_STAGES = [
  'power-on',
  'dhcp-seen',
  'bootcode-served',
  'serial-dir-hit',
  'kernel-served',
  'cmdline-served',
  'nfs-mounted',
  'agent-hello',
  'verified',
] as const;
export type BootStage = (typeof BOOT_STAGES)[number];

/** What keeps a boot from going on. */
export const BOOT_TROUBLES = [
  'no-dhcp',
  'no-tftp-after-dhcp',
  'serial-dir-miss',
  'tftp-stalled',
  'no-nfs-mount',
  'no-agent-hello',
  'boot-loop',
] as const;
export type BootTrouble = (typeof BOOT_TROUBLES)[number];

/** As board_boot_state carries a stage: 1..9; a trouble: 21..27. Both lists only ever grow at their end. */
export const bootStageNumber = (stage: BootStage): number => BOOT_STAGES.indexOf(stage) + 1;
export const bootTroubleNumber = (trouble: BootTrouble): number => BOOT_TROUBLES.indexOf(trouble) + 21;

/** Milliseconds; `undefined` where nobody waits. */
export interface BootLimits {
  /** From power on to the first DHCP request: boards ask 18 to 33 s after it. A Pi 4 behind spanning tree: 120 s. */
  readonly dhcpMs: number;
  /** From DHCP to the first file. */
  readonly firstFileMs: number;
  /** From DHCP to the kernel and its command line. */
  readonly filesMs: number;
  /** From the last file to the mount of the root. */
  readonly mountMs: number;
  /** From the mount to the agent's hello. */
  readonly helloMs: number;
  /** A board that found nothing below its serial number asks for more within this. */
  readonly missMs: number;
  /** More starts than this within the window, none of which came to the agent, are a loop. */
  readonly loopStarts: number;
  readonly loopWindowMs: number;
  /** A boot that goes on for so long after its mount came to something: starts before it are no loop. */
  readonly settledMs: number;
}

/** Of a Pi 3, the slowest board: field reports of network boots, and measured starts. */
export const BOOT_LIMITS: BootLimits = {
  dhcpMs: 40_000,
  firstFileMs: 10_000,
  filesMs: 60_000,
  mountMs: 90_000,
  helloMs: 180_000,
  missMs: 3_000,
  loopStarts: 3,
  loopWindowMs: 900_000,
  settledMs: 180_000,
};
