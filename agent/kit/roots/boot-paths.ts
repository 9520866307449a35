import type { PortPlan, TftpEntry } from '../../../proto/contract/netboot/boot-plan.js';
import { rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import { exportPath, sharedExportPath, volumePath } from '../../../proto/contract/netboot/cmdline.js';
import type { DnsmasqPaths } from '../../../proto/contract/netboot/dnsmasq.js';
import { BOOT_TREE, boardFolder, CURRENT, imageVolume, keptVolume, ROOT_TREE } from './layout.js';

/** Where things of the boot path are on a fileserver. */
export interface BootPaths {
  readonly pool: string;
  /** Boot set that was applied last. */
  readonly set: string;
  /** File of /etc/exports.d. */
  readonly exports: string;
  /** Folder of the links that are exported; normally "/export". Nothing else is in it. */
  readonly exportFolder: string;
  readonly interfaces: string;
  readonly time: string;
  readonly log: string;
  readonly leases: string;
  readonly pid: string;
  /** Folder: what daemons have read, as digests. Not in the pool: another pool is news to them. */
  readonly told: string;
}

/** @param system where the directories of the system are; empty = where they always are */
export function standardBootPaths(pool: string, system = ''): BootPaths {
  return {
    pool,
    set: `${pool}/boot/set.json`,
    exports: `${system}/etc/exports.d/bramble.exports`,
    exportFolder: `${system}/export`,
    interfaces: `${system}/etc/network/interfaces.d/bramble`,
    time: `${system}/etc/chrony/conf.d/bramble.conf`,
    log: `${system}/var/log/bramble-dnsmasq.log`,
    leases: `${system}/var/lib/misc/dnsmasq.leases`,
    pid: `${system}/run/bramble-dnsmasq.pid`,
    told: `${system}/var/lib/bramble-roots/told`,
  };
}

export function bootFolders({ pool, log, leases, pid }: BootPaths): DnsmasqPaths & {
  readonly conf: string;
  readonly views: string;
  /** Empty; what is to be tried is mounted there for a moment. */
  readonly probe: string;
} {
  const boot = `${pool}/boot`;
  return {
    conf: `${boot}/dnsmasq.conf`,
    hosts: `${boot}/hosts`,
    tftp: `${boot}/tftp`,
    views: `${boot}/views`,
    probe: `${boot}/probe`,
    log,
    leases,
    pid,
  };
}

/** What a file or folder in a board's view leads to. */
export function viewEntryTarget({ pool }: BootPaths, entry: Exclude<TftpEntry, { readonly text: string }>): string {
  const of = entry.of === 'root' ? `${boardFolder(entry.serial)}/${CURRENT}` : imageVolume(entry.image);
  const tree = `${pool}/${of}/${BOOT_TREE}`;
  return entry.file === '' ? tree : `${tree}/${entry.file}`;
}

/** Names in the export folder, and what they lead to: a board's root by its one link, whichever generation that names. */
export function exportLinks({ pool }: BootPaths, plans: readonly PortPlan[]): ReadonlyMap<string, string> {
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const links = new Map<string, string>();
  for (const { gate, address } of plans) {
    if (gate.kind === 'shared') {
      links.set(nameOf(sharedExportPath(gate.image)), `${pool}/${imageVolume(gate.image)}/${ROOT_TREE}`);
    }
    if (gate.kind !== 'root' && gate.kind !== 'held') continue;
    const serial = rootSerialOf(gate.board);
    links.set(nameOf(exportPath(address)), `${pool}/${boardFolder(serial)}/${CURRENT}/${ROOT_TREE}`);
    for (const { name } of gate.root.volumes) {
      links.set(nameOf(volumePath(address, name)), `${pool}/${keptVolume(serial, name)}`);
    }
  }
  return links;
}
