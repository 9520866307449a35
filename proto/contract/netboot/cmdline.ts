import { BOARD_CLASSES } from './board-class.js';
import type { BootBoard } from './boot-set.js';
import { PORT_NETMASK, type PortSubnet } from './subnet.js';

/** What of a board its kernel's command line is made of. */
export type CommandLineBoard = Pick<BootBoard, 'boardClass' | 'hasBootCard'>;

/**
 * The command line of a kernel whose root is its own directory on the fileserver. One line, without its end.
 * Sources: Linux Documentation/admin-guide/nfs/nfsroot.rst; kernel-parameters.txt.
 */
export function renderRootCommandLine(board: CommandLineBoard, subnet: PortSubnet): string {
  return line(board, subnet, `${subnet.server}:${exportPath(subnet.board)}`, []);
}

/** For a system that many boards share: nothing is ever written to it. */
export function renderSharedCommandLine(board: CommandLineBoard, subnet: PortSubnet, image: string): string {
  return line(board, subnet, `${subnet.server}:${sharedExportPath(image)}`, ['ro', `bramble.image=${image}`]);
}

/** Where a board's root is to be mounted from. */
export function exportPath(address: string): string {
  return `/export/${address}`;
}

/** What of a board outlives its roots: the state of its agent, and its data. */
export const VOLUME_NAMES = ['state', 'data'] as const;
export type VolumeName = (typeof VOLUME_NAMES)[number];

export function volumePath(address: string, name: VolumeName): string {
  return `${exportPath(address)}-${name}`;
}

export function sharedExportPath(image: string): string {
  return `/export/shared-${image}`;
}

function line(board: CommandLineBoard, subnet: PortSubnet, root: string, more: readonly string[]): string {
  const { console, hasDwcOtg } = BOARD_CLASSES[board.boardClass];
  // Kernels of the newer boards would try NFS 2 over UDP first, and have no elevator of that name any more.
  const nfsOptions = hasDwcOtg ? '' : ',vers=3,proto=tcp';
  return [
    ...(hasDwcOtg ? ['dwc_otg.lpm_enable=0'] : []),
    `console=${console},115200`,
    'console=tty1',
    'root=/dev/nfs',
    'rootfstype=nfs',
    `ip=${subnet.board}::${subnet.server}:${PORT_NETMASK}::eth0:off`,
    `nfsroot=${root}${nfsOptions}`,
    ...more,
    // Both are about a card; a board without one has nothing to check or to schedule.
    ...(board.hasBootCard ? [...(hasDwcOtg ? ['elevator=deadline'] : []), 'fsck.repair=yes'] : []),
    'rootwait',
  ].join(' ');
}
