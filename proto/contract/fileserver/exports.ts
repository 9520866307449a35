import { renderBytes, renderCount, renderDuration, renderPercent } from '../words.js';
import { FactIndex, type ReportedFact } from './fact-index.js';

/** A directory that a fileserver exports. What its filesystem does not tell is `undefined`. */
export interface ExportView {
  readonly path: string;
  readonly sizeBytes: number | undefined;
  readonly availableBytes: number | undefined;
  readonly inodesCount: number | undefined;
  readonly inodesFreeCount: number | undefined;
  /** Until it is full at the pace of the last hours or days; `undefined` = it does not fill. */
  readonly fullInS: number | undefined;
  readonly clientsCount: number;
}

/** In the order of their paths. */
export function nfsExports(views: readonly ReportedFact[]): readonly ExportView[] {
  const facts = new FactIndex(views);
  return facts.instances('export_clients_count').map((path) => ({
    path,
    sizeBytes: facts.number('export_size_bytes', path),
    availableBytes: facts.number('export_available_bytes', path),
    inodesCount: facts.number('export_inodes_count', path),
    inodesFreeCount: facts.number('export_inodes_free_count', path),
    fullInS: facts.number('export_full_in_s', path),
    clientsCount: facts.number('export_clients_count', path) ?? 0,
  }));
}

/** "1.2 GiB free of 4.0 GiB (30.0 %)". */
export function roomText({ availableBytes, sizeBytes }: ExportView): string {
  if (availableBytes === undefined || sizeBytes === undefined) return 'unknown';
  const share = sizeBytes > 0 ? ` (${renderPercent(availableBytes / sizeBytes)})` : '';
  return `${renderBytes(availableBytes)} free of ${renderBytes(sizeBytes)}${share}`;
}

/** Filesystems that make inodes as they need them have none to count. */
export function inodesText({ inodesFreeCount, inodesCount }: ExportView): string {
  if (inodesFreeCount === undefined || inodesCount === undefined || inodesCount === 0) return '';
  return `${renderPercent(inodesFreeCount / inodesCount)} of inodes free`;
}

export const fullText = ({ fullInS }: ExportView): string =>
  fullInS === undefined ? 'does not fill' : `full in ${renderDuration(fullInS * 1_000)}`;

export const clientsText = ({ clientsCount }: ExportView): string => renderCount(clientsCount, 'client');
