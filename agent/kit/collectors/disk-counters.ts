import { BrambleError } from '../../../proto/contract/errors.js';
import { wholeNumber } from './sample.js';

/** Of one block device, since boot. */
export interface DiskCounters {
  readonly name: string;
  readonly reads: number;
  /** Waiting time of all finished reads together, ms. */
  readonly readMs: number;
  readonly writes: number;
  readonly sectorsWritten: number;
  readonly writeMs: number;
  /** Requests that are not finished yet. */
  readonly inFlight: number;
  /** Time with at least one request under way, ms. */
  readonly busyMs: number;
}

/** Lines of whole devices: cards, eMMC chips, SCSI and USB disks, NVMe, virtual ones. Not of partitions, loops, mappings. */
const WHOLE_DEVICE = /^ *\d+ +\d+ (mmcblk\d{1,4}|sd[a-z]{1,3}|vd[a-z]{1,3}|nvme\d{1,4}n\d{1,4}) /;
/** Bound on the devices of one report. */
const DISKS_MAX = 16;
/** Discards (4.18) and flushes (5.5) added columns behind these. */
const COLUMNS_MIN = 14;

/**
 * Parses /proc/diskstats. Sources: Linux Documentation/admin-guide/iostats.rst; block/genhd.c, diskstats_show().
 * @throws BrambleError `data-loss` when a line of a whole device is cut short or has another form.
 */
export function parseDiskstats(text: string): readonly DiskCounters[] {
  if (!text.endsWith('\n')) throw new BrambleError('data-loss', '/proc/diskstats: cut short');
  const disks: DiskCounters[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const name = WHOLE_DEVICE.exec(line)?.[1];
    if (name === undefined || disks.length >= DISKS_MAX) continue;
    const columns = line.trimStart().split(/ +/, 20);
    if (columns.length < COLUMNS_MIN) throw strange(line);
    const at = (column: number): number => wholeNumber(columns[column], '/proc/diskstats');
    disks.push({
      name,
      reads: at(3),
      readMs: at(6),
      writes: at(7),
      sectorsWritten: at(9),
      writeMs: at(10),
      inFlight: at(11),
      busyMs: at(12),
    });
  }
  return disks;
}

function strange(line: string): BrambleError {
  return new BrambleError('data-loss', `/proc/diskstats: a line of another form: ${JSON.stringify(line.slice(0, 80))}`);
}

const WRAP = 2 ** 32;

/**
 * By how much a counter moved; `undefined` when it was set back (another device has taken the name). Counts wrap at 2^32 on
 * 32-bit kernels and times (unsigned int) on all of them; what wrapped cannot have moved by half of that between two polls.
 */
export function moved(before: number, after: number): number | undefined {
  if (after >= before) return after - before;
  const wrapped = after + WRAP - before;
  return before < WRAP && wrapped < WRAP / 2 ? wrapped : undefined;
}
