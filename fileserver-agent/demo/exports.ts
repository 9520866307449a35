import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { addressOf, exportOf } from '../../agent/demo/proc-files.js';
import type { FilesystemStat } from '../../agent/kit/host/ports.js';

/** A directory that others mount: a filesystem on a thin volume of its own. */
export interface SiteExport {
  readonly path: string;
  /** Volume of the group, as LVM calls it. */
  readonly volume: string;
  /** Who may mount it, as exports(5) has it. */
  readonly clients: readonly string[];
  readonly sizeBytes: number;
  /** It fills from the one part to the other, 0 to 1; then somebody, or logrotate, makes room. */
  readonly fillsFrom: number;
  readonly fillsTo: number;
  readonly fillBytesPerS: number;
}

export const VOLUME_GROUP = 'data';
const GIB = 2 ** 30;
const MB_PER_H = 1e6 / 3_600;
export const POOL_SIZE_BYTES = 104 * GIB;

/** The root of every Pi without a card, and what all of them share. */
export function siteExports(pis: readonly PiSpec[]): readonly SiteExport[] {
  const roots = pis.filter(({ card }) => card === undefined).map(rootOf);
  const everybody = ['10.46.0.0/24'];
  return [
    ...roots,
    {
      ...{ path: '/srv/images', volume: 'images', clients: everybody, sizeBytes: 24 * GIB },
      ...{ fillsFrom: 0.58, fillsTo: 0.93, fillBytesPerS: 64 * MB_PER_H },
    },
    {
      ...{ path: '/srv/shared', volume: 'shared', clients: everybody, sizeBytes: 12 * GIB },
      ...{ fillsFrom: 0.34, fillsTo: 0.6, fillBytesPerS: 2.4 * MB_PER_H },
    },
  ];
}

function rootOf(pi: PiSpec): SiteExport {
  return {
    ...{ path: exportOf(pi), volume: pi.name, clients: [addressOf(pi)], sizeBytes: 8 * GIB },
    ...{ fillsFrom: 0.3 + 0.02 * (pi.host % 9), fillsTo: 0.68, fillBytesPerS: (1 + (pi.host % 5)) * MB_PER_H },
  };
}

/** What of it is in use at that moment: the same for everybody who asks. */
export function usedBytes({ sizeBytes, fillsFrom, fillsTo, fillBytesPerS }: SiteExport, atMs: number): number {
  const roomBytes = (fillsTo - fillsFrom) * sizeBytes;
  return Math.floor(fillsFrom * sizeBytes + (((atMs / 1_000) * fillBytesPerS) % roomBytes));
}

const BLOCK_BYTES = 4_096;
/** mke2fs gives a filesystem of this size so many bytes per inode. */
const BYTES_PER_INODE = 16_384;
const FILE_BYTES = 42_000;

/** Some program on a Pi has written until nothing went in any more. */
export function fullStatOf(each: SiteExport): FilesystemStat {
  return { ...statOf(each, 0), blocksAvailable: 0 };
}

export function statOf(each: SiteExport, atMs: number): FilesystemStat {
  const used = usedBytes(each, atMs);
  const inodes = Math.floor(each.sizeBytes / BYTES_PER_INODE);
  return {
    blockSizeBytes: BLOCK_BYTES,
    blocks: Math.floor(each.sizeBytes / BLOCK_BYTES),
    blocksAvailable: Math.floor((each.sizeBytes - used) / BLOCK_BYTES),
    inodes,
    inodesFree: inodes - Math.floor(used / FILE_BYTES),
  };
}

/** Source of the form: nfs-utils, support/nfs/xio.c and support/export/xtab.c. */
export function renderEtab(list: readonly SiteExport[]): string {
  const options = 'rw,sync,wdelay,hide,nocrossmnt,secure,no_root_squash,no_all_squash,no_subtree_check,sec=sys';
  return list.flatMap(({ path, clients }) => clients.map((client) => `${path}\t${client}(${options})\n`)).join('');
}

/** Lines of mountinfo, after those of the system itself. */
export function renderExportMounts(list: readonly SiteExport[]): string {
  // A dash in a name of LVM is doubled in the name of its device.
  const deviceOf = ({ volume }: SiteExport): string => `/dev/mapper/${VOLUME_GROUP}-${volume.replaceAll('-', '--')}`;
  return list
    .map(
      (each, at) =>
        `${60 + at} 22 253:${4 + at} / ${each.path} rw,relatime shared:${60 + at} - ext4 ${deviceOf(each)} rw\n`,
    )
    .join('');
}

/** What `lvs --reportformat json` prints of the pool under all of them. */
export function renderThinPools(list: readonly SiteExport[], atMs: number): string {
  const used = list.reduce((sum, each) => sum + usedBytes(each, atMs), 0);
  const pool = {
    ...{ vg_name: VOLUME_GROUP, lv_name: 'pool', lv_size: String(POOL_SIZE_BYTES) },
    ...{ data_percent: ((used / POOL_SIZE_BYTES) * 100).toFixed(2), metadata_percent: '14.82', lv_health_status: '' },
  };
  return JSON.stringify({ report: [{ lv: [pool] }] });
}
